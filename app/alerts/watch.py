"""Publishes the alerts that no attempt gives rise to. Every process that delivers looks for them; the open alerts make
sure that each is published once.
"""

from collections.abc import Collection
from datetime import timedelta

from app.alerts.conditions import any_true, backlogs, backlogs_told, expiring_secrets, long_runs, recoveries
from app.alerts.open_alerts import AlertKind, closed, forget, forget_gone, opened
from app.alerts.writing import Alerts
from app.clock import to_micros
from app.database.database import Statements
from app.publishing.commit import Published
from app.services import Services


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
        new = await opened(statements, [one.open for one in found])
        ended = await closed(statements, [one.webhook_id for one in well])
        told = [one.alert for one in found if (one.open.subject_id, one.open.kind) in new]
        told += [one for one in well if one.webhook_id in ended]
        return len(told), await alerts.write(statements, registries, told, to_micros(now))

    count, published = await database.in_transaction(work)
    alerts.announce([published])
    return count


async def _end_backlogs(services: Services, waiting: Collection[str]) -> None:
    """Forget backlogs that are gone, so that the next one gets an alert, and alerts about what no longer exists."""
    over = set(await backlogs_told(services.database)) - set(waiting)
    if over:
        await services.database.in_transaction(lambda statements: forget(statements, AlertKind.BACKLOG, over))
    await forget_gone(services.database)
