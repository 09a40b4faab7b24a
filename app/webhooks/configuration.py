"""Applies the rules together: a draft, or changes of a webhook, become a configuration or a list of all problems."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from app.catalogue.patterns import compile_patterns
from app.errors import Problem, UserErrorCode
from app.webhooks.drafts import UNSET
from app.webhooks.fields import SETTINGS, Configuration, WebhookChanges, WebhookDraft
from app.webhooks.validation import headers, target
from app.webhooks.validation.filters import filter_expression
from app.webhooks.validation.setting import Asked, Surroundings

_BLANK = Configuration(name="", url="", event_types=())


def configure(problems: list[Problem], draft: WebhookDraft, around: Surroundings) -> Configuration:
    """The configuration of a draft, with defaults for fields it leaves out."""
    asked = {name: getattr(draft, name) for name in SETTINGS}
    given = {name: value for name, value in asked.items() if value is not UNSET and value is not None}
    return _apply(problems, _BLANK, given, around)


def reconfigure(
    problems: list[Problem], current: Configuration, changes: WebhookChanges, around: Surroundings
) -> Configuration:
    """The configuration after some changes. Unchanged fields are not checked again."""
    asked = {change.name: getattr(changes, change.name) for change in fields(changes)}
    given = {name: value for name, value in asked.items() if value is not UNSET}
    return _apply(problems, current, given, around)


def _apply(
    problems: list[Problem], current: Configuration, given: Mapping[str, Any], around: Surroundings
) -> Configuration:
    changed = {name: _checked(problems, name, value, current, around) for name, value in given.items()}
    configuration = replace(current, **changed)
    _check_together(problems, configuration, given.keys(), around)
    return configuration


def _checked(problems: list[Problem], name: str, value: Any, current: Configuration, around: Surroundings) -> Any:
    setting = SETTINGS[name]
    if value is not None:
        return setting.rule(Asked(problems, value, setting.path, getattr(current, name), around))
    if not setting.clearable:
        message = f"{setting.api_name} cannot be null; leave it out to keep what it is."
        problems.append(Problem(message, setting.path, UserErrorCode.REQUIRED))
    return getattr(_BLANK, name)


def _check_together(
    problems: list[Problem], configuration: Configuration, given: Collection[str], around: Surroundings
) -> None:
    """The rules that concern two fields: they are checked if one of the two was given."""
    if configuration.url and ("url" in given or "ip_allowlist" in given):
        policy = replace(around.addresses, allowlist=configuration.ip_allowlist)
        target.host_allowed(problems, configuration.url, policy, "url" if "url" in given else "ipAllowlist")
    if configuration.url and "url" in given:
        target.port_allowed(problems, configuration.url, around.addresses, "url")
    if configuration.filter is not None and ("filter" in given or "event_types" in given):
        filter_expression(problems, configuration.filter, examples_of(configuration.event_types, around), "filter")
    if "headers" in given or "authentication" in given:
        path = "headers" if "headers" in given else "authentication"
        headers.one_authorization(problems, configuration.headers, configuration.authentication, path)


def examples_of(patterns: Sequence[str], around: Surroundings) -> Iterator[Mapping[str, Any]]:
    """The examples of the event types that these patterns select, as events."""
    matcher = compile_patterns(patterns)
    for name, event_type in around.event_types.items():
        if matcher.matches(name):
            yield {
                "id": "evt_01jd7k3m9pegxv0t5c8h2n4w6z",
                "type": name,
                "timestamp": "2026-11-23T10:00:00.000Z",
                "data": event_type.example,
            }
