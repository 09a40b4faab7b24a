"""Puts the rules together: a draft, or changes of what there is, become a configuration or all problems at once."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any, TypeAlias

from app.catalogue.event_type import EventType
from app.catalogue.patterns import compile_patterns
from app.errors import Problem, UserErrorCode
from app.networks import Network, parse_networks
from app.sender.guard import AddressPolicy
from app.statuses import HttpMethod, SignatureScheme
from app.texts import MAX_NAME_CHARACTERS, one_line
from app.webhooks.credentials import Authentication, CustomHeader
from app.webhooks.drafts import UNSET, WebhookChanges, WebhookDraft
from app.webhooks.validation import headers, selection, target
from app.webhooks.validation import texts_and_numbers as plain
from app.webhooks.validation.filters import filter_expression

# Well beyond what a receiver should need to say "got it", well below what a proxy allows.
MAX_TIMEOUT_SECONDS = 60
DEFAULT_TIMEOUT_SECONDS = 30
# Enough for 200 deliveries a second to a receiver that answers in 100 ms, while a hanging one holds few connections.
DEFAULT_MAX_IN_FLIGHT = 20
MAX_MAX_IN_FLIGHT = 100
MAX_RATE_PER_SECOND = 10_000
MAX_ROTATION_DAYS = 365
# 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h: ten attempts over three days, as Standard Webhooks suggest.
DEFAULT_RETRY_DELAYS_SECONDS = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the rules need to know of the world: the workspace's event types, and where requests may go."""

    event_types: Mapping[str, EventType]
    archived: Collection[str]
    addresses: AddressPolicy
    allow_http: bool


@dataclass(frozen=True, slots=True)
class Configuration:
    """All that a person decides about a webhook, valid, with its credentials in clear."""

    name: str
    url: str
    event_types: tuple[str, ...]
    description: str | None = None
    filter: str | None = None
    method: HttpMethod = HttpMethod.POST
    timeout_seconds: int = DEFAULT_TIMEOUT_SECONDS
    verify_ssl: bool = True
    ip_allowlist: tuple[Network, ...] = ()
    headers: tuple[CustomHeader, ...] = ()
    authentication: Authentication = field(default_factory=Authentication)
    rotate_secret_every_days: int | None = None
    retry_delays_seconds: tuple[int, ...] = DEFAULT_RETRY_DELAYS_SECONDS
    rate_limit_per_second: int | None = None
    max_in_flight: int = DEFAULT_MAX_IN_FLIGHT
    metadata: dict[str, Any] = field(default_factory=dict)
    signature_scheme: SignatureScheme = SignatureScheme.HMAC_SHA256


_Rule: TypeAlias = Callable[[list[Problem], Any, Configuration, Surroundings], Any]
_RULES: Mapping[str, _Rule] = MappingProxyType(
    {
        "name": lambda problems, text, _, __: one_line(problems, text, "The name", MAX_NAME_CHARACTERS, "name"),
        "url": lambda problems, text, _, around: target.url(problems, text, around.allow_http, "url"),
        "event_types": lambda problems, patterns, current, around: selection.event_types(
            problems, patterns, around.event_types, around.archived, current.event_types, "eventTypes"
        ),
        "description": lambda problems, text, _, __: plain.description(problems, text, "description"),
        "filter": lambda _, text, __, ___: text.strip() or None,  # looked at together with the event types
        "method": lambda _, method, __, ___: method,
        "timeout_seconds": lambda problems, seconds, _, __: plain.whole_number(
            problems, seconds, "The timeout", 1, MAX_TIMEOUT_SECONDS, "seconds", "timeoutSeconds"
        ),
        "verify_ssl": lambda _, verify, __, ___: verify,
        "ip_allowlist": lambda problems, texts, _, __: parse_networks(
            problems, texts, "The IP allowlist", "ipAllowlist"
        ),
        "headers": lambda problems, drafts, current, _: headers.headers(problems, drafts, current.headers, "headers"),
        "authentication": lambda problems, draft, _, __: headers.authentication(problems, draft, "authentication"),
        "rotate_secret_every_days": lambda problems, days, _, __: plain.whole_number(
            problems, days, "The time between rotations", 1, MAX_ROTATION_DAYS, "days", "rotateSecretEveryDays"
        ),
        "retry_delays_seconds": lambda problems, delays, _, __: plain.retry_delays(
            problems, delays, "retryPolicy", "delaysSeconds"
        ),
        "rate_limit_per_second": lambda problems, rate, _, __: plain.whole_number(
            problems, rate, "The rate limit", 1, MAX_RATE_PER_SECOND, "requests per second", "rateLimitPerSecond"
        ),
        "max_in_flight": lambda problems, count, _, __: plain.whole_number(
            problems, count, "The limit of requests in flight", 1, MAX_MAX_IN_FLIGHT, "requests", "maxInFlight"
        ),
        "metadata": lambda problems, value, _, __: plain.metadata(problems, value, "metadata"),
    }
)
_REQUIRED: Mapping[str, str] = MappingProxyType(
    {
        "name": "name",
        "url": "url",
        "event_types": "eventTypes",
        "method": "method",
        "timeout_seconds": "timeoutSeconds",
        "verify_ssl": "verifySsl",
    }
)
_BLANK = Configuration(name="", url="", event_types=())


def configure(problems: list[Problem], draft: WebhookDraft, around: Surroundings) -> Configuration:
    """The configuration that a draft asks for, with defaults for what it leaves open."""
    given = {name: value for name in _RULES if (value := getattr(draft, name)) is not None}
    scheme = draft.signature_scheme or SignatureScheme.HMAC_SHA256
    return reconfigure(problems, replace(_BLANK, signature_scheme=scheme), WebhookChanges(**given), around)


def reconfigure(
    problems: list[Problem], current: Configuration, changes: WebhookChanges, around: Surroundings
) -> Configuration:
    """The configuration after some changes. What stays is not judged again."""
    given = {change.name: value for change in fields(changes) if (value := getattr(changes, change.name)) is not UNSET}
    changed = {
        name: _cleared(problems, name) if value is None else _RULES[name](problems, value, current, around)
        for name, value in given.items()
    }
    configuration = replace(current, **changed)
    _check_together(problems, configuration, given.keys(), around)
    return configuration


def _cleared(problems: list[Problem], name: str) -> Any:
    if name in _REQUIRED:
        path = _REQUIRED[name]
        message = f"{path} cannot be null; leave it out to keep what it is."
        problems.append(Problem(message, (path,), UserErrorCode.REQUIRED))
    return getattr(_BLANK, name)


def _check_together(
    problems: list[Problem], configuration: Configuration, given: Collection[str], around: Surroundings
) -> None:
    """The rules about two fields: they are asked when one of the two was given."""
    if configuration.url and ("url" in given or "ip_allowlist" in given):
        policy = replace(around.addresses, allowlist=configuration.ip_allowlist)
        target.host_allowed(problems, configuration.url, policy, "url" if "url" in given else "ipAllowlist")
    if configuration.filter is not None and ("filter" in given or "event_types" in given):
        filter_expression(problems, configuration.filter, _examples(configuration, around), "filter")
    if "headers" in given or "authentication" in given:
        path = "headers" if "headers" in given else "authentication"
        headers.one_authorization(problems, configuration.headers, configuration.authentication, path)


def _examples(configuration: Configuration, around: Surroundings) -> Iterator[Mapping[str, Any]]:
    matcher = compile_patterns(configuration.event_types)
    for name, event_type in around.event_types.items():
        if matcher.matches(name):
            yield {
                "id": "evt_01jd7k3m9pegxv0t5c8h2n4w6z",
                "type": name,
                "timestamp": "2026-11-23T10:00:00.000Z",
                "data": event_type.example,
            }
