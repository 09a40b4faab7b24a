"""Publishes the alerts that no attempt gives rise to. Every process that delivers looks for them; the open alerts make
sure that each is published once.
"""

from collections.abc import Collection, Mapping
from datetime import timedelta

from app.alerts.alert import Alert
from app.alerts.conditions import Condition, any_true, backlogs, backlogs_told, expiring_secrets, long_runs, recoveries
from app.alerts.open_alerts import AlertKind, closed, forget, forget_gone, opened
from app.alerts.writing import Alerts
from app.clock import Micros, to_micros
from app.database.batch import IDS
from app.database.database import Statements
from app.publishing.commit import Published
from app.services import Services

_RUNS = "SELECT w.id, w.failing_since FROM webhook w JOIN {rows} asked ON asked.id = w.id ORDER BY w.id"
# Kept as they are until the commit, locked in the order in which attempts lock them. On SQLite, the transaction is the
# only writer.
_HOLD_RUNS_IN = {"postgres": f"{_RUNS} FOR SHARE OF w", "sqlite": _RUNS}


async def watch(services: Services, alerts: Alerts) -> int:
    """Publish the alerts that are due; return how many."""
    database, now, settings = services.database, services.clock.now(), services.settings
    longest, disable_after = (
        timedelta(seconds=settings.backlog_alert_seconds),
        timedelta(days=settings.disable_after_days),
    )
    if not await any_true(database, now, disable_after, longest):
        return 0
    waiting = await backlogs(database, now, longest)
    await _end_backlogs(services, {one.open.subject_id for one in waiting})
    found = [
        *await long_runs(database, now, disable_after),
        *waiting,
        *await expiring_secrets(database, now),
    ]
    well = await recoveries(database)
    if not found and not well:
        return 0

    async def work(statements: Statements) -> tuple[int, Published]:
        workspaces = {one.alert.workspace_id for one in found} | {one.workspace_id for one in well}
        registries = await alerts.registries_of(statements, workspaces)
        # An attempt that was recorded since may have ended what was found, and published that it ended.
        runs = await _held_runs(statements, found, well)
        new = await opened(statements, [one.open for one in found if _is_true(one, runs)])
        ended = await closed(statements, [one.webhook_id for one in well if runs[one.webhook_id] is None])
        told = [one.alert for one in found if (one.open.subject_id, one.open.kind) in new]
        told += [one for one in well if one.webhook_id in ended]
        return len(told), await alerts.write(statements, registries, told, to_micros(now))

    count, published = await database.in_transaction(work)
    alerts.announce([published])
    return count


async def _held_runs(
    statements: Statements, found: Collection[Condition], well: Collection[Alert]
) -> Mapping[str, Micros | None]:
    """When the run of failures of each of these webhooks began, which stays so until the commit."""
    webhook_ids = {one.alert.webhook_id for one in found} | {one.webhook_id for one in well}
    ids = [(webhook_id,) for webhook_id in sorted(webhook_ids)]
    rows = await statements.fetch_rows(_HOLD_RUNS_IN[statements.dialect], IDS, ids)
    return {row["id"]: row["failing_since"] for row in rows}


def _is_true(condition: Condition, runs: Mapping[str, Micros | None]) -> bool:
    """Whether it still is; of a backlog and a secret, no attempt tells."""
    open_ = condition.open
    return open_.kind is not AlertKind.FAILING or runs[open_.webhook_id] == open_.since


async def _end_backlogs(services: Services, waiting: Collection[str]) -> None:
    """Forget backlogs that are gone, so that the next one gets an alert, and alerts about what no longer exists."""
    over = set(await backlogs_told(services.database)) - set(waiting)
    if over:
        await services.database.in_transaction(lambda statements: forget(statements, AlertKind.BACKLOG, over))
    await forget_gone(services.database)
