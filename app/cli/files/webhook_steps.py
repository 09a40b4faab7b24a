"""Changes of one webhook: its entry and the server's state in, a step or faults out.

The server's own rules (`app.webhooks`) check the values, so that a fault is found before anything is changed. Where
requests may go is left to the server, because only it knows its settings.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from app.cli.files.credentials import Credentials
from app.cli.files.exported import settings
from app.cli.files.server_state import ServerWebhook
from app.cli.files.shape import Fault, Place, WebhookEntry
from app.cli.files.step import Action, Changes, Step
from app.errors import Problem, UserErrorCode
from app.webhooks.configuration import configure, reconfigure
from app.webhooks.drafts import UNSET, HeaderDraft
from app.webhooks.fields import SETTINGS, Configuration, WebhookChanges, WebhookDraft
from app.webhooks.rows import differences
from app.webhooks.validation.setting import Surroundings

_BLANK = Configuration(name="", url="", event_types=())
_DEFAULTS = {setting.name: setting.default for setting in fields(Configuration)}
# These are taken from an entry as they are.
_PLAIN = SETTINGS.keys() - {
    *("url", "headers", "authentication", "retry_delays_seconds", "external_id", "signature_scheme")
}

_UPSERT = """
mutation ($input: UpsertWebhookInput!) { upsertWebhook(input: $input) { webhook { id } userErrors { message path } } }
"""
_UPDATE = """
mutation ($input: UpdateWebhookInput!) { updateWebhook(input: $input) { webhook { id } userErrors { message path } } }
"""


@dataclass(frozen=True, slots=True)
class WebhookSteps:
    """Finds the steps of webhooks.

    Args:
        around: the event types as they will be once the files are applied.
        environment: the variables that entries name.
        renew: whether to send credentials again that the server already has.
    """

    around: Surroundings
    environment: Mapping[str, str]
    renew: bool

    def step(
        self, entry: WebhookEntry, place: Place, current: ServerWebhook | None, faults: list[Fault]
    ) -> Step | None:
        """The step that makes a webhook match its entry; None if there is nothing to do, or a fault."""
        before = len(faults)
        credentials = Credentials(entry, place, self.environment, self.renew, faults)
        wanted = self._wanted(entry, current, credentials)
        secret = credentials.secret() if current is None else None
        if len(faults) > before:
            return None
        problems: list[Problem] = []
        if current is None:
            draft = WebhookDraft(**wanted, signature_scheme=entry.signature_scheme, secret=secret)
            new = configure(problems, draft, self.around)
        else:
            new = reconfigure(problems, current.configuration, _changes(wanted, current), self.around)
            problems += _scheme_problems(entry, current)
        faults += [
            place.fault(problem.message, *problem.path)
            for problem in problems
            if problem.code is not UserErrorCode.URL_NOT_ALLOWED
        ]
        faults += credentials.literal_faults(new)
        if len(faults) > before:
            return None
        return _creation(new, credentials, secret) if current is None else _update(current, new, credentials)

    def _wanted(self, entry: WebhookEntry, current: ServerWebhook | None, credentials: Credentials) -> dict[str, Any]:
        stored = None if current is None else current.configuration
        wanted = {name: getattr(entry, name) for name in _PLAIN}
        wanted["url"] = credentials.url(stored)
        wanted["headers"] = credentials.headers(stored)
        wanted["authentication"] = credentials.authentication(stored)
        wanted["retry_delays_seconds"] = entry.retry_policy and entry.retry_policy.delays_seconds
        wanted["external_id"] = UNSET if entry.external_id is None else entry.external_id
        return wanted


def _changes(wanted: Mapping[str, Any], current: ServerWebhook) -> WebhookChanges:
    """The changes to a webhook. Equal values are left out, because unchanged values are not checked again."""
    shown = settings(current.configuration)

    def change(name: str, value: Any) -> Any:
        if value is None:
            value = None if SETTINGS[name].clearable else _DEFAULTS[name]
        return UNSET if name != "authentication" and _as_shown(value) == _of(shown, name) else value

    return WebhookChanges(**{name: change(name, value) for name, value in wanted.items()})


def _of(shown: Mapping[str, Any], name: str) -> Any:
    if name == "retry_delays_seconds":
        return shown["retryPolicy"]["delaysSeconds"]
    return shown[SETTINGS[name].api_name]


def _as_shown(value: Any) -> Any:
    match value:
        case [HeaderDraft(), *_]:
            return [{"name": header.name, "value": header.value} for header in value]
    return value


def _scheme_problems(entry: WebhookEntry, current: ServerWebhook) -> list[Problem]:
    scheme = current.configuration.signature_scheme
    if entry.signature_scheme in {None, scheme}:
        return []
    message = f"The webhook signs with {scheme}, which cannot be changed."
    return [Problem(message, ("signatureScheme",), UserErrorCode.CONFLICT)]


def _creation(new: Configuration, credentials: Credentials, secret: str | None) -> Step:
    changes = {name: [None, after] for name, [_, after] in differences(_BLANK, new).items()}
    asked = _asked(changes, new, credentials)
    del asked["externalId"]
    if secret is not None:
        asked["secret"] = secret
    input_ = {"externalId": new.external_id, "webhook": asked}
    return Step(Action.CREATE, "webhook", str(new.external_id), changes, _UPSERT, input_)


def _update(current: ServerWebhook, new: Configuration, credentials: Credentials) -> Step | None:
    changes = differences(current.configuration, new)
    if not changes:
        return None
    asked = _asked(changes, new, credentials)
    input_ = {"id": current.id, "ifUpdatedAt": current.updated_at, **asked}
    return Step(Action.UPDATE, "webhook", new.external_id or new.name, changes, _UPDATE, input_, current.id)


def _asked(changes: Changes, new: Configuration, credentials: Credentials) -> dict[str, Any]:
    """The changed settings as the API takes them, credentials in clear."""
    headers = [{"name": each.name, "value": each.value, "sensitive": each.sensitive} for each in new.headers]
    changing = {name.partition(".")[0] for name in changes}
    asked = {name: value for name, value in (settings(new) | {"headers": headers}).items() if name in changing}
    return asked | {"authentication": credentials.login()} if "authentication" in changing else asked
