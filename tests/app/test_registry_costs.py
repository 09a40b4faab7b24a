"""On both databases: what one webhook costs does not grow with the others. Counted in statements, in webhooks read and
in filters compiled or given an event, because times depend on the machine.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from app import registry
from app.expressions import cel
from app.ids import WEBHOOK, new_id
from app.publishing.draft import EventDraft
from app.webhooks.fields import WebhookChanges, WebhookDraft
from app.webhooks.lifecycle import create_webhook, update_webhook
from tests.clock import FakeClock
from tests.domain import Domain, open_domain
from tests.graph.counting import counted

FILTERED = WebhookDraft("Desk", "https://example.com/hooks", ["ticket.*"], filter='data.ticket.priority == "urgent"')
URGENT = EventDraft(
    "ticket.created", {"ticket": {"id": "tkt_1", "subject": "Fire", "status": "open", "priority": "urgent"}}
)


@pytest.fixture
async def domain(database_url: str, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Domain]:
    async with open_domain(database_url, tmp_path, clock, max_webhooks_per_workspace=2_000) as opened:
        yield opened


class Costs:
    """Counts compiled filters, webhooks read by publishers, and events converted for filters."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.compiled = self.read = self.converted = 0
        compile_, route, context = cel.compile, registry._route, cel.Context

        def compiling(expression: str) -> cel.Program:
            self.compiled += 1
            return compile_(expression)

        def reading(*arguments: Any) -> registry.Route | None:
            self.read += 1
            return route(*arguments)

        def converting(variables: dict[str, Any]) -> cel.Context:
            self.converted += 1
            return context(variables)

        monkeypatch.setattr(cel, "compile", compiling)
        monkeypatch.setattr(registry, "_route", reading)
        monkeypatch.setattr(cel, "Context", converting)


async def copied(domain: Domain, webhook_id: str, times: int) -> None:
    """Insert copies of a webhook, each with another name."""
    at = domain.clock.now()
    columns = sorted((await domain.rows("SELECT * FROM webhook"))[0].keys() - {"id", "name"})
    own = ", ".join(f"w.{column}" for column in columns)
    await domain.resources.database.fetch_rows(
        f"INSERT INTO webhook (id, name, {', '.join(columns)}) SELECT new.id, new.id, {own}"
        " FROM {rows} AS new JOIN webhook w ON w.id = $1",
        (("id", "text"),),
        [(new_id(WEBHOOK, at),) for _ in range(times)],
        webhook_id,
    )
    await domain.rows("UPDATE workspace SET registry_version = registry_version + 1 RETURNING id")
    await domain.resources.registries.current(domain.resources.database, domain.caller.workspace_id)


async def cost(
    domain: Domain, monkeypatch: pytest.MonkeyPatch, change: Callable[[], Awaitable[object]]
) -> tuple[int, int, int]:
    """Statements, compiled filters and webhooks read for a change, and until publishers know of it."""
    costs = Costs(monkeypatch)
    with counted(domain.resources.database, monkeypatch) as statements:
        await change()
        await domain.resources.registries.current(domain.resources.database, domain.caller.workspace_id)
    return len(statements), costs.compiled, costs.read


async def test_creating_and_renaming_a_webhook_cost_the_same_beside_10_and_beside_1_000(
    domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = (await create_webhook(domain.resources, domain.caller, FILTERED)).webhook.id

    async def create() -> object:
        return await create_webhook(domain.resources, domain.caller, FILTERED)

    async def rename() -> object:
        return await update_webhook(domain.resources, domain.caller, first, WebhookChanges(name="Renamed"))

    await copied(domain, first, 9)
    beside_10 = await cost(domain, monkeypatch, create), await cost(domain, monkeypatch, rename)
    await copied(domain, first, 989)
    await update_webhook(domain.resources, domain.caller, first, WebhookChanges(name="Desk"))
    await domain.resources.registries.current(domain.resources.database, domain.caller.workspace_id)
    beside_1_000 = await cost(domain, monkeypatch, create), await cost(domain, monkeypatch, rename)

    assert beside_1_000 == beside_10
    created, renamed = beside_10
    assert created[1:] == (2, 1), "compiled to check the filter and to use it; one webhook read"
    assert renamed[2] == 1


async def test_an_event_is_converted_once_for_all_filters_and_not_if_there_are_none(
    domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = (await create_webhook(domain.resources, domain.caller, FILTERED)).webhook.id
    await copied(domain, first, 29)
    costs = Costs(monkeypatch)

    filtered = await domain.resources.publisher.publish(domain.caller, [URGENT], batch=False)
    converted = costs.converted
    await domain.rows("UPDATE webhook SET filter_expression = NULL RETURNING id")
    await domain.rows("UPDATE workspace SET registry_version = registry_version + 1 RETURNING id")
    # The second one is matched under the version that is current.
    unfiltered = [await domain.resources.publisher.publish(domain.caller, [URGENT], batch=False) for _ in range(2)]

    assert [len(published.deliveries) for published in (filtered, *unfiltered)] == [30, 30, 30]
    assert converted == 1
    assert costs.converted == 2, "once more before the change was known"
