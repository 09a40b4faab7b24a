"""The rules for a contact: where its messages go, and which alerts it receives."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.alerts.notices import selects
from app.catalogue.explanation import quoted
from app.catalogue.patterns import OPERATIONAL, is_pattern
from app.catalogue.suggestions import did_you_mean
from app.egress import address_policy
from app.email_addresses import email_address
from app.errors import Problem, UserErrorCode
from app.settings import Settings
from app.statuses import ContactKind
from app.webhooks.validation import target

_FAMILIES = frozenset(f"{name.partition('.')[0]}.*" for name in OPERATIONAL)
_KNOWN = OPERATIONAL | _FAMILIES | {"*"}
# There are not more to choose from.
MAX_EVENTS = len(_KNOWN)


@dataclass(frozen=True, slots=True)
class ContactDraft:
    """A contact to be created."""

    kind: ContactKind
    target: str
    events: Sequence[str]


def checked(problems: list[Problem], draft: ContactDraft, settings: Settings) -> ContactDraft:
    """The draft as it is stored; every problem of it is added to `problems`."""
    if draft.kind is ContactKind.EMAIL:
        where = _address(problems, draft.target, settings)
    else:
        where = _url(problems, draft.target, settings)
    return ContactDraft(draft.kind, where, events(problems, draft.events, "events"))


def _address(problems: list[Problem], text: str, settings: Settings) -> str:
    if settings.smtp_host is None:
        message = f"This server sends no email; set {_missing(settings)}, or choose another kind."
        problems.append(Problem(message, ("kind",), UserErrorCode.INVALID))
    if not text.strip():
        message = "The email address is empty; give one such as ops@example.com."
        problems.append(Problem(message, ("target",), UserErrorCode.REQUIRED))
        return ""
    try:
        return email_address(text)
    except ValueError as error:
        problems.append(Problem(str(error), ("target",), UserErrorCode.INVALID))
        return ""


def _missing(settings: Settings) -> str:
    """The settings that email needs and that are not set; without SMTP_HOST there is at least one."""
    needed = {"SMTP_HOST": settings.smtp_host, "SMTP_FROM": settings.smtp_from, "PUBLIC_URL": settings.public_url}
    *others, last = [name for name, value in needed.items() if value is None]
    return f"{', '.join(others)} and {last}" if others else last


def _url(problems: list[Problem], text: str, settings: Settings) -> str:
    url = target.url(problems, text, settings.in_development, "target")
    if url:
        policy = address_policy(settings)
        target.host_allowed(problems, url, policy, "target")
        target.port_allowed(problems, url, policy, "target")
    return url


def events(problems: list[Problem], patterns: Sequence[str], *path: str) -> tuple[str, ...]:
    """The names and patterns, each once, in the order given. Each must select an alert."""
    if not patterns:
        message = 'There is no event; give at least one, such as "webhook.disabled", "webhook.*" or "*".'
        problems.append(Problem(message, path, UserErrorCode.REQUIRED))
    if len(patterns) > MAX_EVENTS:
        message = f'There are {len(patterns)} events; at most {MAX_EVENTS} are allowed. "*" is all of them.'
        problems.append(Problem(message, path, UserErrorCode.TOO_MANY))
        return ()
    for index, pattern in enumerate(patterns):
        if not is_pattern(pattern) or not any(selects([pattern], name) for name in OPERATIONAL):
            hint = did_you_mean(pattern, _KNOWN) or f" There are {', '.join(sorted(OPERATIONAL))}."
            message = f"{quoted(pattern)} is none of the events that contacts can receive.{hint}"
            problems.append(Problem(message, (*path, str(index)), UserErrorCode.INVALID))
    return tuple(dict.fromkeys(patterns))
