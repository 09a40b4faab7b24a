"""Notes which contacts receive an alert, in the transaction that publishes it. A message that was not sent
survives whatever happens to the process that would have sent it.

A contact gets at most one message an hour about a webhook. The first goes out at once; what follows waits until an hour
after it, and is then summed up. `app.contacts` sends the messages.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import NamedTuple

import orjson
import structlog

from app.catalogue.patterns import compile_patterns
from app.clock import Micros
from app.database.batch import IDS, Columns
from app.database.database import Row, Statements
from app.ids import NOTICE, new_id_at

log = structlog.get_logger()

# A person reads one message about a broken receiver and stops reading at the tenth.
BETWEEN_MESSAGES = timedelta(hours=1)
BETWEEN_MICROS = BETWEEN_MESSAGES // timedelta(microseconds=1)

_CONTACTS = (
    "SELECT c.id, c.workspace_id, c.events FROM contact c JOIN {rows} asked ON asked.id = c.workspace_id"
    " WHERE c.unsubscribed_at IS NULL ORDER BY c.id"
)
_NOTICES: Columns = (
    ("id", "text"),
    ("workspace_id", "text"),
    ("message_id", "text"),
    ("event_id", "text"),
    ("event_type", "text"),
)
_INSERT_NOTICES = (
    f"INSERT INTO notice ({', '.join(name for name, _ in _NOTICES)}, taken)"
    f" SELECT {', '.join(f'new.{name}' for name, _ in _NOTICES)}, false FROM {{rows}} AS new"
)
_MESSAGES: Columns = (
    ("id", "text"),
    ("workspace_id", "text"),
    ("contact_id", "text"),
    ("webhook_id", "text"),
    ("next_attempt_at", "bigint"),
)
# A message that waits already, or is being sent, keeps its time. Otherwise an hour must have passed since the last one.
_UPSERT_MESSAGES = f"""
INSERT INTO contact_message AS known ({", ".join(name for name, _ in _MESSAGES)}, attempt_count)
SELECT {", ".join(f"new.{name}" for name, _ in _MESSAGES)}, 0 FROM {{rows}} AS new WHERE true
ON CONFLICT (id) DO UPDATE SET next_attempt_at = COALESCE(known.next_attempt_at,
  CASE WHEN known.last_ended_at + {BETWEEN_MICROS} > excluded.next_attempt_at
  THEN known.last_ended_at + {BETWEEN_MICROS} ELSE excluded.next_attempt_at END)
"""


class Told(NamedTuple):
    """An alert that was published: its event, and the webhook that it is about."""

    workspace_id: str
    webhook_id: str
    event_id: str
    event_type: str


def selects(patterns: Iterable[str], event_type: str) -> bool:
    """Whether a contact with these patterns receives alerts of a type. `*` selects all of them: contacts receive
    nothing else.
    """
    wanted = list(patterns)
    return "*" in wanted or compile_patterns(wanted).matches(event_type)


async def note(statements: Statements, alerts: Sequence[Told], at: Micros) -> None:
    """Note these alerts for the contacts that select them."""
    if not alerts:
        return
    workspaces = sorted({alert.workspace_id for alert in alerts})
    contacts = await statements.fetch_rows(_CONTACTS, IDS, [(id_,) for id_ in workspaces])
    notices, messages = [], dict[str, tuple[object, ...]]()
    for contact in contacts:
        patterns = _patterns(contact)
        for alert in alerts:
            if alert.workspace_id != contact["workspace_id"] or not selects(patterns, alert.event_type):
                continue
            message_id = f"{contact['id']}.{alert.webhook_id}"
            notice_id = new_id_at(NOTICE, at)
            notices.append((notice_id, alert.workspace_id, message_id, alert.event_id, alert.event_type))
            messages[message_id] = (message_id, alert.workspace_id, contact["id"], alert.webhook_id, at)
    if notices:
        await statements.write_rows(_INSERT_NOTICES, _NOTICES, notices)
        # In the order of IDs, so that two transactions cannot deadlock.
        await statements.write_rows(_UPSERT_MESSAGES, _MESSAGES, [messages[id_] for id_ in sorted(messages)])


def _patterns(contact: Row) -> list[str]:
    try:
        return list(orjson.loads(contact["events"]))
    except (ValueError, TypeError):  # One row that cannot be read does not keep attempts from being recorded.
        log.error("contact.unreadable", contact_id=contact["id"])
        return []
