"""The periodic work of a process: each of its chores starts at once, and none ends with an error."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from app.clock import to_micros
from app.contacts.lifecycle import create_contact
from app.contacts.validation import ContactDraft
from app.database.postgres_connection import SILENT_ASIDE_SECONDS
from app.delivery_filter import DeliveryFilter
from app.event_types.definitions import update_event_type
from app.event_types.drafts import EventTypeChanges, KeepingChanges
from app.operations.bulk import cancel_deliveries
from app.settings import Settings
from app.stats.periods import CLOSED_AFTER, closed_until
from app.stats.window import period_of
from app.statuses import ContactKind, KeepBodies
from app.webhooks.lifecycle import pause_webhook
from app.webhooks.live_secrets import live_secrets
from tasks.periodic import LONGEST_PAUSE, Chore, chores, heartbeat, running
from tests.patience import PATIENCE_SECONDS
from tests.receiver import after, answer
from tests.world import World, open_world


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(database_url, tmp_path, works=False) as opened:
        yield opened


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until a condition holds that is not announced."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await condition():  # noqa: ASYNC110 - nothing announces it
            await asyncio.sleep(0.01)


async def test_a_process_keeps_its_lease(world: World) -> None:
    lease = "SELECT lease_until FROM worker WHERE id = $1"
    [before] = await world.resources.database.fetch(lease, world.resources.lease.worker_id)

    async def moved_on() -> bool:
        [now] = await world.resources.database.fetch(lease, world.resources.lease.worker_id)
        return bool(now["lease_until"] > before["lease_until"])

    async with running([heartbeat(world.resources)]):
        await until(moved_on)


async def test_half_of_the_lease_may_pass_while_nothing_is_in_flight(world: World) -> None:
    chore = heartbeat(world.resources)
    waiting: asyncio.Future[object] = asyncio.ensure_future(chore.wanted())
    await asyncio.sleep(0)

    assert not waiting.done()
    waiting.cancel()
    world.resources.lease._renewed_at -= world.resources.settings.lease_seconds / 2
    await chore.wanted()


async def test_while_something_is_in_flight_every_heartbeat_is_wanted(world: World) -> None:
    release = asyncio.Event()
    world.receiver.on("/", after(release, answer()))
    webhook = await world.webhook()
    await world.publish()
    await world.resources.pipeline.attempt([webhook.id])

    await heartbeat(world.resources).wanted()
    release.set()


def test_a_heartbeat_without_an_answer_is_repeated_before_half_the_lease_has_passed() -> None:
    settings = Settings(_env_file=None)

    longest = settings.heartbeat_seconds * LONGEST_PAUSE + SILENT_ASIDE_SECONDS

    assert longest < settings.lease_seconds / 2


async def test_a_process_that_delivers_finds_what_is_due(world: World) -> None:
    await world.webhook()
    await world.publish()

    async with running(chores(world.resources, works=True)):
        await world.receiver.received()
        await world.until_status("SUCCEEDED")


async def test_a_process_that_delivers_rotates_secrets_that_are_due(world: World) -> None:
    webhook = await world.webhook(rotate_secret_every_days=7)
    database, clock = world.resources.database, world.resources.clock
    await database.execute("UPDATE webhook SET next_secret_rotation_at = $1", to_micros(clock.now()))

    async def rotated() -> bool:
        return len((await live_secrets(database, [webhook.id], clock.now()))[webhook.id]) == 2

    async with running(chores(world.resources, works=True)):
        await until(rotated)


async def test_a_process_that_delivers_cancels_what_a_deletion_left_over(world: World) -> None:
    await world.webhook()
    await world.publish()
    deleted_at = to_micros(world.resources.clock.now())
    await world.resources.database.execute("UPDATE webhook SET deleted_at = $1", deleted_at)

    async with running(chores(world.resources, works=True)):
        await world.until_status("CANCELED")


async def test_a_process_that_delivers_counts_what_is_over(world: World) -> None:
    over = period_of(world.resources.clock.now() - CLOSED_AFTER)

    async def counted() -> bool:
        return await closed_until(world.resources.database) >= over

    async with running(chores(world.resources, works=True)):
        await until(counted)


async def test_a_process_that_delivers_carries_operations_on(world: World) -> None:
    webhook = await world.webhook()
    await pause_webhook(world.resources, world.caller, webhook.id)
    await world.publish()
    await cancel_deliveries(world.resources, world.caller, DeliveryFilter(), dry_run=False)

    async with running(chores(world.resources, works=True)):
        await world.until_status("CANCELED")


async def test_a_process_that_delivers_empties_bodies_that_are_kept_no_longer(world: World) -> None:
    await world.webhook()
    await world.publish()
    await world.resources.database.execute("UPDATE delivery SET status = 'SUCCEEDED', completed_at = created_at")
    changes = EventTypeChanges(keeping=KeepingChanges([KeepBodies.UNTIL_SUCCESS]))
    await update_event_type(world.resources, world.caller, "ticket.created", changes)

    async def emptied() -> bool:
        [event] = await world.rows("event")
        return event["erased_at"] is not None

    async with running(chores(world.resources, works=True)):
        await until(emptied)


async def test_any_process_writes_down_when_keys_were_used(world: World) -> None:
    used = "SELECT last_used_at FROM api_key WHERE last_used_at IS NOT NULL"

    async def written() -> bool:
        return bool(await world.resources.database.fetch(used))

    async with running(chores(world.resources, works=False)):
        await until(written)


async def test_any_process_ends_streams_whose_key_is_revoked(world: World) -> None:
    with world.resources.open_streams.held(world.key, None) as denied:
        async with running(chores(world.resources, works=False)):
            await world.resources.database.execute("UPDATE api_key SET revoked_at = 1")
            await asyncio.wait_for(denied, PATIENCE_SECONDS)


async def test_a_chore_that_fails_is_done_again() -> None:
    done = asyncio.Event()
    failures = [ConnectionError("refused"), ValueError()]

    async def do() -> None:
        if failures:
            raise failures.pop(0)
        done.set()

    with capture_logs() as log:
        async with running([Chore("sweep", 0.001, do)]), asyncio.timeout(PATIENCE_SECONDS):
            await done.wait()

    assert [(line["event"], line["chore"], line["error"]) for line in log] == [
        ("chore.failed", "sweep", "refused"),
        ("chore.failed", "sweep", "ValueError"),
    ]


async def test_no_chore_goes_on_after_the_end() -> None:
    begun = asyncio.Event()

    async def do() -> None:
        begun.set()
        await asyncio.Event().wait()

    async with running([Chore("sweep", 1, do)]), asyncio.timeout(PATIENCE_SECONDS):
        await begun.wait()

    assert not [task for task in asyncio.all_tasks() if task.get_name() == "sweep"]


async def test_a_process_that_delivers_sends_messages_to_contacts(database_url: str, tmp_path: Path) -> None:
    async with open_world(database_url, tmp_path) as world:
        draft = ContactDraft(ContactKind.SLACK, world.receiver.url("/slack"), ["webhook.disabled"])
        await create_contact(world.resources, world.caller, draft)
        world.receiver.on("/gone", answer(410))
        await world.webhook("/gone")
        await world.publish()

        async def sent() -> bool:
            return any(request.path == "/slack" for request in world.receiver.requests)

        await until(sent)
