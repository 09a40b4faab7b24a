"""An announcement: one change of one thing, small enough to keep thousands of them.

An update is a notice, and the row is the truth: a follower that needs more than the notice reads the row.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

import orjson

from app.clock import Micros
from app.statuses import ChangeKind


class Topic(StrEnum):
    """What kind of thing changed."""

    DELIVERIES = "deliveries"
    WEBHOOKS = "webhooks"
    OPERATIONS = "operations"
    FEEDS = "feeds"


class Update(NamedTuple):
    """One change.

    Args:
        workspace_id: its workspace; followers of other workspaces do not receive it.
        subject_id: the delivery, webhook or operation that changed, according to the topic.
        at: when, in microseconds since the epoch (UTC).
        event_id, webhook_id, event_type, status, attempt_id: what followers filter by, if it applies.
    """

    workspace_id: str
    subject_id: str
    at: Micros
    event_id: str | None
    webhook_id: str | None
    event_type: str | None
    status: str | None
    attempt_id: str | None


class DeliveryRef(NamedTuple):
    """Which delivery changed, and what its followers filter by."""

    id: str
    workspace_id: str
    event_id: str
    webhook_id: str
    event_type: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "DeliveryRef":
        """The reference to the delivery of a row that has these columns."""
        return cls(row["id"], row["workspace_id"], row["event_id"], row["webhook_id"], row["event_type"])


def delivery_changed(delivery: DeliveryRef, at: Micros, status: str, attempt_id: str | None = None) -> Update:
    """A delivery that has had a status since `at`, through an attempt or otherwise."""
    subject_id, workspace_id, event_id, webhook_id, event_type = delivery
    return Update(workspace_id, subject_id, Micros(at), event_id, webhook_id, event_type, status, attempt_id)


def webhook_changed(workspace_id: str, webhook_id: str, at: Micros, kind: ChangeKind = ChangeKind.UPDATED) -> Update:
    """A change of a webhook at `at`; followers read the webhook itself. `status` is the kind of change."""
    return Update(workspace_id, webhook_id, at, None, webhook_id, None, kind, None)


def operation_changed(workspace_id: str, operation_id: str, at: Micros, status: str) -> Update:
    """Progress of an operation at `at`."""
    return Update(workspace_id, operation_id, at, None, None, None, status, None)


def feed_grew(workspace_id: str, webhook_id: str, at: Micros) -> Update:
    """A webhook that missed an event at `at`, while it was DISABLED. Its feed has it; there is no delivery."""
    return Update(workspace_id, webhook_id, at, None, webhook_id, None, None, None)


# Topic and workspace: updates are kept, ordered and followed by stream.
Stream = tuple[Topic, str]


def encode(updates: Sequence[Update]) -> bytes:
    """Updates of one workspace as a JSON array of arrays, without the workspace, which the place they are written to
    implies.

    Raises:
        TypeError: a field holds what JSON cannot represent (a lone surrogate, an integer past 64 bits).
    """
    return orjson.dumps(
        [
            (
                update.subject_id,
                update.at,
                update.event_id,
                update.webhook_id,
                update.event_type,
                update.status,
                update.attempt_id,
            )
            for update in updates
        ]
    )


def decode(workspace_id: str, text: bytes) -> list[Update]:
    """The inverse of `encode`. Ignores fields that a newer version added at the end.

    Raises:
        ValueError: the text is not one that `encode` writes.
    """
    rows = orjson.loads(text)
    if not isinstance(rows, list):
        raise ValueError(f"Updates are written as a JSON array, not as {type(rows).__name__}.")
    return [_decode_one(workspace_id, row) for row in rows]


def _decode_one(workspace_id: str, row: object) -> Update:
    match row:
        case [
            str() as subject_id,
            int() as at,
            str() | None as event_id,
            str() | None as webhook_id,
            str() | None as event_type,
            str() | None as status,
            str() | None as attempt_id,
            *_,
        ]:
            return Update(workspace_id, subject_id, Micros(at), event_id, webhook_id, event_type, status, attempt_id)
        case _:
            raise ValueError("An update is written as an array of a subject, a time and five texts or nulls.")


def by_workspace(updates: Sequence[Update]) -> dict[str, list[Update]]:
    """The updates of each workspace, in order."""
    groups: dict[str, list[Update]] = {}
    for update in updates:
        groups.setdefault(update.workspace_id, []).append(update)
    return groups
