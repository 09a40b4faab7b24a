"""Finds what may need an alert although no attempt shows it: backlogs, runs of failures that go on, secrets that
expire, and webhooks that work again, as an alert shows that they took.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

from app.alerts import alert
from app.alerts.alert import LEVELS, Alert, Run, level_of
from app.alerts.open_alerts import AlertKind, OpenAlert
from app.clock import from_micros, to_micros
from app.database.database import Database
from app.ids import ATTEMPT, DELIVERY, id_time, lowest_id

SECRET_WARNING = timedelta(days=1)

_RUNS = """
SELECT w.id, w.workspace_id, w.failing_since, w.consecutive_failures FROM webhook w
WHERE w.status = 'ACTIVE' AND w.deleted_at IS NULL AND w.failing_since <= $1 ORDER BY w.id
"""
# The first row of each lane, which keeps the plan to an index. A test is not waited for.
_OLDEST = (
    "(SELECT d.id FROM delivery d WHERE d.webhook_id = w.id AND d.status = '{status}' AND NOT d.test"
    " ORDER BY d.id LIMIT 1)"
)
_BACKLOGS = f"""
SELECT w.id, w.workspace_id, {_OLDEST.format(status="PENDING")} AS pending,
  {_OLDEST.format(status="RETRYING")} AS retrying
FROM webhook w WHERE w.status = 'ACTIVE' AND w.deleted_at IS NULL ORDER BY w.id
"""
_SECRETS = """
SELECT s.id, s.webhook_id, s.workspace_id, s.expires_at FROM secret s JOIN webhook w ON w.id = s.webhook_id
WHERE s.expires_at > $1 AND s.expires_at <= $2 AND w.deleted_at IS NULL ORDER BY s.id
"""
_WELL = """
SELECT o.webhook_id, w.workspace_id, min(CASE o.kind WHEN 'FAILING' THEN o.since END) AS failing_since,
  max(CASE WHEN w.status_changed_at > o.since THEN w.status_changed_at ELSE o.since END) AS since
FROM open_alert o JOIN webhook w ON w.id = o.webhook_id
WHERE o.kind IN ('FAILING', 'DISABLED') AND w.status = 'ACTIVE' AND w.failing_since IS NULL AND w.deleted_at IS NULL
GROUP BY o.webhook_id, w.workspace_id ORDER BY o.webhook_id
"""
_SUCCEEDED = """
SELECT max(recent.started_at) AS at FROM (
  SELECT started_at, outcome FROM attempt WHERE webhook_id = $1 AND id >= $2 ORDER BY id DESC LIMIT 500
) recent WHERE recent.outcome = 'SUCCEEDED'
"""


# Whether any of these may be true, in one statement, because mostly none is.
_ANY = f"""
SELECT 'open' AS found WHERE EXISTS (SELECT 1 FROM open_alert)
UNION ALL
SELECT 'run' WHERE EXISTS ({_RUNS.replace("ORDER BY w.id", "")})
UNION ALL
SELECT 'secret' WHERE EXISTS ({_SECRETS.replace("$2", "$3").replace("$1", "$2").replace("ORDER BY s.id", "")})
UNION ALL
SELECT 'backlog' WHERE EXISTS (
  SELECT 1 FROM webhook w WHERE w.status = 'ACTIVE' AND w.deleted_at IS NULL
  AND ({_OLDEST.format(status="PENDING")} < $4 OR {_OLDEST.format(status="RETRYING")} < $4))
"""


class Condition(NamedTuple):
    """Something that is true, and the alert that reports it."""

    open: OpenAlert
    alert: Alert


async def any_true(database: Database, now: datetime, disable_after: timedelta, longest: timedelta) -> bool:
    """Whether any condition may be true, or an alert is open.

    Args:
        disable_after: as `long_runs` takes it.
        longest: as `backlogs` takes it.
    """
    half = to_micros(now - disable_after * LEVELS[0] / 100)
    # A millisecond early, because an ID has no more of its time.
    oldest = lowest_id(DELIVERY, now - longest + timedelta(milliseconds=1))
    return bool(await database.fetch(_ANY, half, to_micros(now), to_micros(now + SECRET_WARNING), oldest))


async def long_runs(database: Database, now: datetime, disable_after: timedelta) -> list[Condition]:
    """Runs of failures that have come half of the way to disabling their webhook, or further."""
    rows = await database.fetch(_RUNS, to_micros(now - disable_after * LEVELS[0] / 100))
    found = []
    for row in rows:
        run = Run(row["workspace_id"], row["id"], row["failing_since"], row["consecutive_failures"])
        if level := level_of(run.since, to_micros(now), disable_after):
            noted = OpenAlert(run.webhook_id, AlertKind.FAILING, run.webhook_id, run.since, level)
            found.append(Condition(noted, alert.failing(run, level, disable_after)))
    return found


async def backlogs(database: Database, now: datetime, longest: timedelta) -> list[Condition]:
    """Active webhooks with an open delivery that has waited for longer than `longest`."""
    found = []
    for row in await database.fetch(_BACKLOGS):
        oldest = min((id_time(row[lane]) for lane in ("pending", "retrying") if row[lane]), default=now)
        if now - oldest > longest:
            noted = OpenAlert(row["id"], AlertKind.BACKLOG, row["id"], to_micros(oldest))
            found.append(Condition(noted, alert.backlog(row["workspace_id"], row["id"], to_micros(oldest))))
    return found


async def expiring_secrets(database: Database, now: datetime) -> list[Condition]:
    """Secrets that stop signing soon."""
    rows = await database.fetch(_SECRETS, to_micros(now), to_micros(now + SECRET_WARNING))
    return [
        Condition(
            OpenAlert(row["id"], AlertKind.SECRET, row["webhook_id"], row["expires_at"]),
            alert.secret_expiring(row["workspace_id"], row["webhook_id"], row["id"], row["expires_at"]),
        )
        for row in rows
    ]


async def recoveries(database: Database) -> list[Alert]:
    """Webhooks that failed or were disabled, and have succeeded since. A success says so itself, except that of an
    alert, which gives rise to no other.
    """
    found = []
    for row in await database.fetch(_WELL):
        first = lowest_id(ATTEMPT, from_micros(row["since"]))
        (succeeded,) = await database.fetch(_SUCCEEDED, row["webhook_id"], first)
        if succeeded["at"] is not None:
            found.append(alert.recovered(row["workspace_id"], row["webhook_id"], succeeded["at"], row["failing_since"]))
    return found


async def backlogs_told(database: Database) -> Collection[str]:
    """The webhooks with an open alert about their backlog."""
    return {row["id"] for row in await database.fetch("SELECT subject_id AS id FROM open_alert WHERE kind = 'BACKLOG'")}
