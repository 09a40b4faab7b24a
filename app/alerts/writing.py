"""Publishes alerts in the transaction that changes the state, so that an alert exists if and only if its change does.

An alert about a webhook is never sent to that webhook.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import orjson

from app.alerts.alert import Alert
from app.alerts.notices import Told, note
from app.clock import Micros
from app.database.batch import IDS
from app.database.database import Statements
from app.publishing.commit import Published, PublishedEvent, missed_rows, new_deliveries, writes_of
from app.publishing.draft import EventDraft, PreparedEvent, prepare
from app.publishing.rows import EventRow
from app.registry import Registries, Registry


@dataclass(frozen=True, slots=True)
class Alerts:
    """Writes alerts, and announces their deliveries once they are committed."""

    registries: Registries
    announce: Callable[[Sequence[Published]], object]

    async def registries_of(self, statements: Statements, workspace_ids: Collection[str]) -> Mapping[str, Registry]:
        """The registries that `write` needs.

        A transaction that changes a workspace's registry calls this first: what it has not committed must not be kept.
        """
        return await self.registries.all_current(statements, workspace_ids) if workspace_ids else {}

    async def write(
        self, statements: Statements, registries: Mapping[str, Registry], alerts: Sequence[Alert], at: Micros
    ) -> Published:
        """Write alerts as events with their deliveries, and note which contacts to tell; return what was published, to
        be announced after the commit.

        Alerts of an archived event type are left out.
        """
        wanted = [alert for alert in alerts if not registries[alert.workspace_id].event_types[alert.type].archived]
        if not wanted:
            return Published()
        names = await _names(statements, {alert.webhook_id for alert in wanted})
        published, told = Published(), list[Told]()
        for alert in wanted:
            webhook = {"id": alert.webhook_id, "name": names.get(alert.webhook_id, "")}
            event = _event(alert, webhook, at)
            routes = registries[alert.workspace_id].routes_for(event.type, event.content)
            deliveries = new_deliveries(
                alert.workspace_id, event, [route for route in routes if route.webhook_id != alert.webhook_id]
            )
            row = EventRow.of(alert.workspace_id, event)
            published.events.append(PublishedEvent(row, duplicate=False, delivery_count=len(deliveries)))
            published.deliveries += deliveries
            told.append(Told(alert.workspace_id, alert.webhook_id, event.id, event.type))
            missed_by = registries[alert.workspace_id].missed_by(event.type, event.content)
            missing = [webhook_id for webhook_id in missed_by if webhook_id != alert.webhook_id]
            published.missed += missed_rows(alert.workspace_id, event, missing)
        await statements.write_all(*writes_of(statements.dialect, [published], {}))
        await note(statements, told, at)
        return published


def _event(alert: Alert, webhook: Mapping[str, object], at: Micros) -> PreparedEvent:
    data = {**alert.data, "webhook": webhook}
    return prepare(EventDraft(alert.type, data), orjson.dumps(data), at)


async def _names(statements: Statements, webhook_ids: Collection[str]) -> dict[str, str]:
    text = "SELECT w.id, w.name FROM webhook w JOIN {rows} asked ON asked.id = w.id"
    rows = await statements.fetch_rows(text, IDS, [(webhook_id,) for webhook_id in sorted(webhook_ids)])
    return {row["id"]: row["name"] for row in rows}
