"""Checks the inputs of operations."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import orjson

from app.access.caller import Caller
from app.catalogue.explanation import quoted
from app.catalogue.patterns import is_pattern
from app.clock import rfc3339
from app.database.database import Database
from app.delivery_filter import TimeRange
from app.errors import Problem, UserErrorCode, not_found, rejected
from app.ids import EVENT, WEBHOOK, is_id
from app.statuses import WebhookStatus

# Each is a comparison for every row; a pattern can cover many names.
MAX_EVENT_TYPES = 100
# What a person selects on several pages.
MAX_IDS = 1_000


def time_problems(time: TimeRange | None, *path: str) -> Iterator[Problem]:
    """Problems of a time range."""
    if time is not None and time.since is not None and time.until is not None and time.since >= time.until:
        message = (
            f"The time ends at {rfc3339(time.until)}, which is not after its beginning at {rfc3339(time.since)}; give"
            " an until that is later than since."
        )
        yield Problem(message, (*path, "until"), UserErrorCode.INVALID)


def pattern_problems(patterns: Sequence[str] | None, *path: str) -> Iterator[Problem]:
    """Problems of event type names and patterns. Whether such event types exist is not checked."""
    if patterns is not None and len(patterns) > MAX_EVENT_TYPES:
        message = f"There are {len(patterns)} event types; at most {MAX_EVENT_TYPES} can be named at once."
        yield Problem(message, path, UserErrorCode.TOO_MANY)
        return
    for index, pattern in enumerate(patterns or ()):
        if not is_pattern(pattern):
            message = (
                f"{quoted(pattern)} is neither an event type nor a pattern; write a name such as"
                ' "ticket.created", the beginning of names such as "ticket.*", or "*".'
            )
            yield Problem(message, (*path, str(index)), UserErrorCode.INVALID)


def id_problems(ids: Sequence[str] | None, *path: str) -> Iterator[Problem]:
    """What is wrong with a list of IDs. Whether there are such rows is not asked."""
    if ids is not None and len(ids) > MAX_IDS:
        message = f"There are {len(ids)} IDs; at most {MAX_IDS:,} can be named at once."
        yield Problem(message, path, UserErrorCode.TOO_MANY)


class KnownWebhook(NamedTuple):
    """What operations need to know of a webhook: whether it receives deliveries, and which events it selects."""

    status: WebhookStatus
    event_types: Sequence[str]
    filter_expression: str | None


async def usable_webhook(database: Database, caller: Caller, webhook_id: str, *path: str) -> KnownWebhook:
    """A webhook for which deliveries may be queued.

    Raises:
        Rejected: NOT_FOUND; CONFLICT if it is disabled.
    """
    webhook = await known_webhook(database, caller, webhook_id, *path)
    if webhook.status is WebhookStatus.DISABLED:
        message = (
            f"The webhook {webhook_id} is DISABLED, so nothing is sent to it. Once its receiver works, resume the"
            " webhook (resumeWebhook, or on the dashboard), then try again."
        )
        raise rejected(UserErrorCode.CONFLICT, message, *path)
    return webhook


async def known_webhook(database: Database, caller: Caller, webhook_id: str, *path: str) -> KnownWebhook:
    """A webhook of the caller's workspace that is not deleted.

    Raises:
        Rejected: NOT_FOUND.
    """
    columns = "status, event_types, filter_expression"
    statement = f"SELECT {columns} FROM webhook WHERE id = $1 AND workspace_id = $2 AND deleted_at IS NULL"
    seen = is_id(WEBHOOK, webhook_id) and caller.narrowing.sees_webhook(webhook_id)
    found = seen and await database.fetch_one(statement, webhook_id, caller.workspace_id)
    if not found:
        raise not_found("webhook", webhook_id, *path)
    return KnownWebhook(WebhookStatus(found["status"]), orjson.loads(found["event_types"]), found["filter_expression"])


async def require_event(database: Database, caller: Caller, event_id: str, *path: str) -> None:
    """Check that this event exists in the caller's workspace.

    Raises:
        Rejected: NOT_FOUND.
    """
    seen, values = caller.narrowing.and_sql("event", after=2)
    statement = f"SELECT id FROM event WHERE id = $1 AND workspace_id = $2{seen}"
    if not is_id(EVENT, event_id) or not await database.fetch(statement, event_id, caller.workspace_id, *values):
        raise not_found("event", event_id, *path)
