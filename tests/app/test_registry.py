"""On both databases: a change of a webhook costs publishers one row and one filter, however many webhooks there are."""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import cel
import pytest

from app.registry import Registries, Registry
from app.webhooks.change import raise_registry_version
from app.webhooks.fields import WebhookChanges, WebhookDraft
from app.webhooks.lifecycle import create_webhook, delete_webhook, pause_webhook, resume_webhook, update_webhook
from tests.clock import FakeClock
from tests.domain import Domain, open_domain

FILTERED = WebhookDraft("Desk", "https://example.com/hooks", ["ticket.*"], filter='data.ticket.priority == "urgent"')


@pytest.fixture
async def domain(database_url: str, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Domain]:
    async with open_domain(database_url, tmp_path, clock) as opened:
        yield opened


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every expression that gets compiled."""
    expressions: list[str] = []
    compile_ = cel.compile

    def count(expression: str) -> cel.Program:
        expressions.append(expression)
        return compile_(expression)

    monkeypatch.setattr(cel, "compile", count)
    return expressions


async def made(domain: Domain, count: int) -> list[str]:
    return [(await create_webhook(domain.resources, domain.caller, FILTERED)).webhook.id for _ in range(count)]


async def current(domain: Domain) -> Registry:
    return await domain.resources.registries.current(domain.resources.database, domain.caller.workspace_id)


@pytest.mark.parametrize("webhooks", [1, 30])
async def test_a_change_compiles_as_many_filters_whatever_the_number_of_webhooks(
    domain: Domain, compiled: list[str], webhooks: int
) -> None:
    webhook_ids = await made(domain, webhooks)
    await current(domain)
    compiled.clear()

    await update_webhook(domain.resources, domain.caller, webhook_ids[0], WebhookChanges(name="Renamed"))
    await current(domain)
    renamed = len(compiled)
    await update_webhook(domain.resources, domain.caller, webhook_ids[0], WebhookChanges(filter="true"))
    await current(domain)
    await made(domain, 1)
    await current(domain)

    assert renamed <= 1  # to check it
    assert len(compiled) <= renamed + 4  # two filters, each once to check and once to use it


async def test_a_change_reads_no_other_webhook(domain: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    webhook_ids = await made(domain, 3)
    before = await current(domain)
    await update_webhook(domain.resources, domain.caller, webhook_ids[1], WebhookChanges(event_types=["*"]))
    monkeypatch.setattr(type(domain.resources.registries), "_read", None)

    after = await current(domain)

    kept = [webhook_id for webhook_id in webhook_ids if after.routes[webhook_id] is before.routes[webhook_id]]
    assert kept == [webhook_ids[0], webhook_ids[2]]


async def test_every_kind_of_change_is_seen(domain: Domain) -> None:
    first, second, third = await made(domain, 3)
    urgent = {"data": {"ticket": {"priority": "urgent"}}, "type": "ticket.created"}
    wanted = [await wanting(domain, urgent)]

    await update_webhook(domain.resources, domain.caller, first, WebhookChanges(filter="false"))
    wanted.append(await wanting(domain, urgent))
    await delete_webhook(domain.resources, domain.caller, second)
    wanted.append(await wanting(domain, urgent))
    await pause_webhook(domain.resources, domain.caller, third)
    paused = (await current(domain)).routes[third].active
    await resume_webhook(domain.resources, domain.caller, third)
    (fourth,) = await made(domain, 1)
    wanted.append(await wanting(domain, urgent))

    assert wanted == [[first, second, third], [second, third], [third], [third, fourth]]
    assert not paused
    assert (await current(domain)).routes[third].active


async def test_a_registry_that_was_changed_is_one_that_was_read_anew(domain: Domain) -> None:
    first, second, third = await made(domain, 3)
    event = {"data": {"ticket": {"priority": "urgent"}}, "type": "ticket.created"}
    (await current(domain)).routes_for("ticket.created", event)  # now there is a cache of routes by type
    changes = (
        lambda: update_webhook(domain.resources, domain.caller, second, WebhookChanges(event_types=["conversation.*"])),
        lambda: update_webhook(domain.resources, domain.caller, first, WebhookChanges(event_types=["conversation.*"])),
        lambda: update_webhook(domain.resources, domain.caller, first, WebhookChanges(event_types=["ticket.*"])),
        lambda: disabled(domain, third),
        lambda: made(domain, 2),
        lambda: resume_webhook(domain.resources, domain.caller, third),
        lambda: delete_webhook(domain.resources, domain.caller, second),
    )

    for change in changes:
        await change()
        changed, anew = (
            await current(domain),
            await Registries(domain.resources.clock).current(domain.resources.database, domain.caller.workspace_id),
        )
        for registry in (changed, anew):
            registry.routes_for("ticket.created", event)
        assert [*shown(changed)] == [*shown(anew)]


async def disabled(domain: Domain, webhook_id: str) -> None:
    """Disable a webhook, as the recorder of attempts does."""
    async with domain.resources.database.transaction() as statements:
        version = await raise_registry_version(statements, domain.caller.workspace_id)
        await statements.execute(
            "UPDATE webhook SET status = 'DISABLED', registry_version = $2 WHERE id = $1", webhook_id, version
        )


def shown(registry: Registry) -> Iterator[object]:
    """What a registry consists of, in order."""
    for routes in (registry.routes, registry.disabled, *registry._by_type.values()):
        yield [(id_, route.source, route.active, route.disabled) for id_, route in routes.items()]
    yield registry.unreadable
    yield registry.webhooks


async def test_what_no_row_accounts_for_is_read_from_the_beginning(domain: Domain) -> None:
    first, second = await made(domain, 2)
    before = await current(domain)
    statements = domain.resources.database
    # As a server of an earlier version does during an upgrade.
    await statements.execute("UPDATE webhook SET status = 'PAUSED' WHERE id = $1", first)
    await statements.execute(
        "UPDATE workspace SET registry_version = registry_version + 1 WHERE id = $1", domain.caller.workspace_id
    )
    await update_webhook(domain.resources, domain.caller, second, WebhookChanges(name="Renamed"))

    after = await current(domain)

    assert not after.routes[first].active
    assert after.routes[second] is before.routes[second]


async def wanting(domain: Domain, event: Mapping[str, object]) -> list[str]:
    registry = await current(domain)
    found = [route.webhook_id for route in registry.routes_for("ticket.created", event)]
    read_anew = replace(registry, _by_type={}).routes_for("ticket.created", event)
    assert found == [route.webhook_id for route in read_anew]
    return found
