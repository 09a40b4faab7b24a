"""On both databases: nothing of a deleted workspace remains, and no row of others is removed."""

import pytest

from app.access.keys import KeyDraft, create_key
from app.access.workspaces import delete_workspace
from app.database.database import Database
from app.delivery_filter import DeliveryFilter
from app.event_types.definitions import create_event_type
from app.event_types.drafts import EventTypeDraft
from app.operations.bulk import retry_deliveries
from app.retention import workspaces
from app.retention.workspaces import GRACE, remove_deleted_workspaces
from app.statuses import Scope
from tests.app.operations.desk import Desk

KEPT_FOR_ALL = {"worker", "stats_progress", "tortoise_migrations"}
# By periodic work, and for a disabled webhook.
WRITTEN_LATER = (
    "INSERT INTO missed_delivery (id, workspace_id, webhook_id, event_id, created_at, sequence)"
    " SELECT 'dlv_missed', workspace_id, id, 'evt_missed', 0, 99 FROM webhook WHERE id = $1",
    "INSERT INTO open_alert (id, kind, subject_id, webhook_id, since, level) VALUES ('X', 'FAILING', $1, $1, 0, 1)",
    "INSERT INTO webhook_feed (webhook_id, expired_before) VALUES ($1, 1)",
    "INSERT INTO contact (id, workspace_id, kind, target, sealed_target, events, created_at)"
    " SELECT 'con_x', workspace_id, 'EMAIL', 'a@b', '', '[]', 0 FROM webhook WHERE id = $1",
    "INSERT INTO contact_message (id, workspace_id, contact_id, webhook_id, attempt_count)"
    " SELECT 'con_x.' || id, workspace_id, 'con_x', id, 0 FROM webhook WHERE id = $1",
    "INSERT INTO notice (id, workspace_id, message_id, event_id, event_type, taken)"
    " SELECT 'ntc_x', workspace_id, 'con_x.' || id, 'evt_x', 'webhook.failing', false FROM webhook WHERE id = $1",
    "INSERT INTO stats_period (id, deliveries, latencies) VALUES ($1 || '.1800000000', 1, '[]')",
)


async def counts(desk: Desk) -> dict[str, int]:
    """The number of rows of each table that belongs to workspaces."""
    tables = [table for table in await _tables(desk.domain.resources.database) if table not in KEPT_FOR_ALL]
    rows = {table: await desk.domain.rows(f"SELECT count(*) AS count FROM {table}") for table in tables}
    return {table: int(row["count"]) for table, [row] in rows.items()}


async def _tables(database: Database) -> list[str]:
    statement = (
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        if database.dialect == "sqlite"
        else "SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()"
    )
    return sorted(row["name"] for row in await database.fetch(statement))


async def delete(desk: Desk) -> None:
    """Delete the workspace that the desk works in."""
    domain = desk.domain
    await delete_workspace(
        domain.resources, domain.resources.authenticator, domain.stranger, domain.caller.workspace_id
    )


async def test_everything_in_a_deleted_workspace_is_removed_and_at_last_the_workspace(desk: Desk) -> None:
    empty = await counts(desk)
    webhook_id = await desk.webhook()
    await desk.publish(3)
    await desk.attempt(2)
    await desk.problem(webhook_id)
    await retry_deliveries(desk.domain.resources, desk.domain.caller, DeliveryFilter())
    await create_event_type(desk.domain.resources, desk.domain.caller, EventTypeDraft("order.made", "An order."))
    key = (await create_key(desk.domain.resources, desk.domain.caller, KeyDraft("ci", [Scope.READ]))).api_key
    await desk.domain.resources.authenticator.sessions.open(key.id)
    for statement in WRITTEN_LATER:
        await desk.domain.resources.database.execute(statement, webhook_id)
    assert [table for table, rows in (await counts(desk)).items() if not rows] == [], "what is not there cannot go"
    await delete(desk)

    removed = await remove_deleted_workspaces(desk.domain.resources, rest_seconds=0)
    soon = await counts(desk)
    desk.domain.clock.advance(GRACE)
    await remove_deleted_workspaces(desk.domain.resources, rest_seconds=0)
    later = await counts(desk)

    # The other workspace's audit log contains the deletion.
    others = empty | {"audit_entry": 2, "audit_chain": 1, "workspace": 1}
    assert removed > 0
    assert soon == others | {"workspace": 2, "audit_chain": 2, "api_key": 1, "session": 1}
    assert later == others


async def test_a_removal_that_was_cut_off_goes_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await desk.webhook()
    await desk.publish(5)
    await delete(desk)
    monkeypatch.setattr(workspaces, "BATCH", 2)

    class Ended(Exception):
        pass

    async def end(_: float) -> None:
        raise Ended

    with monkeypatch.context() as patched:
        patched.setattr("app.retention.workspaces.asyncio.sleep", end)
        with pytest.raises(Ended):
            await remove_deleted_workspaces(desk.domain.resources)
    assert (await counts(desk))["event"] > 0

    await remove_deleted_workspaces(desk.domain.resources, rest_seconds=0)
    assert (await counts(desk))["event"] == 0


async def test_other_workspaces_keep_all_they_have(desk: Desk) -> None:
    await desk.webhook()
    await desk.publish(2)
    domain = desk.domain
    before = await counts(desk)
    await delete_workspace(
        domain.resources, domain.resources.authenticator, domain.caller, domain.stranger.workspace_id
    )
    domain.clock.advance(GRACE)

    for _ in range(2):  # the workspace itself is removed in a round that finds nothing else
        await remove_deleted_workspaces(domain.resources, rest_seconds=0)

    assert await counts(desk) == before | {"workspace": 1, "audit_entry": before["audit_entry"], "audit_chain": 1}
