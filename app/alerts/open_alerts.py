"""The alerts that are open, so that each transition is published once, whatever the number of processes that see it.

An alert is open while what it says is true. Its row is written in the transaction that publishes it.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from app.clock import Micros
from app.database.batch import Columns
from app.database.database import Database, Statements


class AlertKind(StrEnum):
    """What an open alert is about."""

    FAILING = "FAILING"
    DISABLED = "DISABLED"
    BACKLOG = "BACKLOG"
    SECRET = "SECRET"  # noqa: S105 - a kind


class OpenAlert(NamedTuple):
    """An alert that is open.

    Attributes:
        subject_id: the webhook, or the secret.
        since: what distinguishes one episode from the next, such as the beginning of a run of failures.
        level: rises within an episode; each rise is published.
    """

    subject_id: str
    kind: AlertKind
    webhook_id: str
    since: Micros
    level: int = 1


_COLUMNS: Columns = (
    ("subject_id", "text"),
    ("kind", "text"),
    ("webhook_id", "text"),
    ("since", "bigint"),
    ("level", "bigint"),
    ("id", "text"),
)
_NAMES = ", ".join(name for name, _ in _COLUMNS)
_OPEN = f"""
INSERT INTO open_alert AS known ({_NAMES}) SELECT {", ".join(f"new.{name}" for name, _ in _COLUMNS)}
FROM {{rows}} AS new WHERE true
ON CONFLICT (id) DO UPDATE SET since = excluded.since, level = excluded.level
WHERE known.since <> excluded.since OR known.level < excluded.level
RETURNING subject_id, kind
"""
_IDS: Columns = (("webhook_id", "text"),)
_CLOSE = (
    "DELETE FROM open_alert WHERE kind <> 'SECRET' AND webhook_id IN (SELECT webhook_id FROM {rows} AS well)"
    " RETURNING webhook_id"
)

_FORGET = "DELETE FROM open_alert WHERE kind = $1 AND subject_id IN (SELECT webhook_id FROM {rows} AS over)"
_FORGET_GONE = """
DELETE FROM open_alert WHERE NOT EXISTS (
  SELECT 1 FROM webhook w WHERE w.id = open_alert.webhook_id AND w.deleted_at IS NULL)
OR (kind = 'SECRET' AND NOT EXISTS (SELECT 1 FROM secret s WHERE s.id = open_alert.subject_id))
"""


async def opened(statements: Statements, alerts: Iterable[OpenAlert]) -> set[tuple[str, AlertKind]]:
    """Note alerts as open; return the subject and kind of those that were not, or whose level was lower."""
    rows = sorted({(*alert, f"{alert.kind}:{alert.subject_id}") for alert in alerts}, key=lambda row: row[-1])
    if not rows:
        return set()
    found = await statements.fetch_rows(_OPEN, _COLUMNS, rows)
    return {(row["subject_id"], AlertKind(row["kind"])) for row in found}


async def closed(statements: Statements, webhook_ids: Iterable[str]) -> set[str]:
    """Forget the open alerts about webhooks that work again; return the webhooks that had any."""
    rows = [(webhook_id,) for webhook_id in sorted(set(webhook_ids))]
    if not rows:
        return set()
    return {row["webhook_id"] for row in await statements.fetch_rows(_CLOSE, _IDS, rows)}


async def forget(statements: Statements, kind: AlertKind, subject_ids: Iterable[str]) -> None:
    """Forget open alerts of a kind, because what they said is over."""
    rows = [(subject_id,) for subject_id in sorted(subject_ids)]
    await statements.fetch_rows(f"{_FORGET} RETURNING subject_id", _IDS, rows, kind.value)


async def forget_gone(database: Database) -> None:
    """Forget open alerts about webhooks and secrets that no longer exist."""
    await database.execute(_FORGET_GONE)
