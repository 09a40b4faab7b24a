"""`sequence`: each delivery's number among those of its webhook, in the order of commits and without gaps."""

import asyncio
import random
from collections import defaultdict
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from app.delivery_filter import TimeRange
from app.errors import Rejected
from app.operations.replay import replay_events
from app.operations.run import run_due_operations
from app.publishing.draft import EventDraft
from app.resources import Resources, open_resources
from app.settings import Settings
from app.test_requests.ping import ping_webhook
from app.webhooks.fields import WebhookDraft
from app.webhooks.lifecycle import create_webhook
from tests.clock import FakeClock
from tests.domain import Domain, open_domain
from tests.receiver import answer, in_turn
from tests.world import TICKET, World


async def webhook(domain: Domain, *event_types: str) -> str:
    draft = WebhookDraft("Test", "https://example.com/hook", list(event_types))
    return (await create_webhook(domain.resources, domain.caller, draft)).webhook.id


async def places(domain: Domain) -> dict[str, list[int]]:
    """The sequence numbers of each webhook, in order."""
    found = defaultdict(list)
    for row in await domain.rows("SELECT webhook_id, sequence FROM delivery ORDER BY webhook_id, sequence"):
        found[row["webhook_id"]].append(row["sequence"])
    return found


def without_gaps(found: dict[str, list[int]]) -> bool:
    return all(of_one == list(range(1, len(of_one) + 1)) for of_one in found.values())


class Publishers:
    """Publishes at random from several processes, and notes when each request began and was answered."""

    def __init__(self, domain: Domain, processes: list[Resources], chance: random.Random) -> None:
        self._domain = domain
        self._processes = processes
        self._chance = chance
        self._moments = count()
        # For the first acknowledgement of each event: when its request began and ended.
        self.spans: dict[str, tuple[int, int]] = {}

    def _draft(self) -> EventDraft:
        # Few keys and two contents: duplicates and conflicts, within a process and between processes, at the same
        # moment.
        key = f"key-{self._chance.randrange(40)}" if self._chance.random() < 0.4 else None
        data = {"ticket": TICKET["ticket"] | {"subject": self._chance.choice("ab") if key else "c"}}
        return EventDraft("ticket.created", data, idempotency_key=key)

    async def publish(self) -> None:
        """Publish one request; some callers disconnect while it is running."""
        process = self._chance.choice(self._processes)
        drafts = [self._draft() for _ in range(self._chance.choice((1, 1, 1, 2, 5)))]
        began = next(self._moments)
        publishing = asyncio.ensure_future(process.publisher.publish(self._domain.caller, drafts, batch=True))
        if self._chance.random() < 0.1:
            await asyncio.sleep(0)
            publishing.cancel()
        with suppress(asyncio.CancelledError, Rejected):
            published = await publishing
            ended = next(self._moments)
            for event in published.events:
                if not event.duplicate:
                    self.spans[event.row.id] = began, ended


@pytest.mark.parametrize("seed", range(2))
async def test_sequences_have_no_gaps_and_follow_the_order_of_commits_whichever_process_publishes_and_whatever_fails(
    database_url: str, tmp_path: Path, clock: FakeClock, seed: int
) -> None:
    async with open_domain(database_url, tmp_path, clock) as domain, AsyncExitStack() as stack:
        settings = Settings(_env_file=None, database_url=database_url, data_dir=tmp_path)
        others = [
            await stack.enter_async_context(open_resources(settings, send_wake_up=lambda _: None, clock=clock))
            for _ in range(2)
        ]
        webhooks = [await webhook(domain, "*") for _ in range(3)] + [await webhook(domain, "conversation.*")]
        publishers = Publishers(domain, [domain.resources, *others], random.Random(seed))

        async def one_after_another() -> None:
            for _ in range(12):
                await publishers.publish()

        await asyncio.gather(*(one_after_another() for _ in range(8)))

        found = await places(domain)
        rows = await domain.rows("SELECT event_id, webhook_id, sequence FROM delivery ORDER BY sequence")
    assert set(found) == set(webhooks[:3])
    assert without_gaps(found)
    for webhook_id in webhooks[:3]:
        latest = -1
        for row in reversed([row for row in rows if row["webhook_id"] == webhook_id]):
            span = publishers.spans.get(row["event_id"])
            if span is None:  # Its publisher disconnected.
                continue
            began, ended = span
            # An event that was acknowledged before another request began has a lower number than that request's.
            assert latest < 0 or began < latest
            latest = ended if latest < 0 else min(latest, ended)


async def test_a_transaction_that_is_undone_takes_no_place(database_url: str, tmp_path: Path, clock: FakeClock) -> None:
    event = EventDraft("ticket.created", TICKET)
    async with open_domain(database_url, tmp_path, clock) as domain:
        await webhook(domain, "*")
        await domain.resources.publisher.publish(domain.caller, [event], batch=False)
        await domain.resources.database.execute("ALTER TABLE delivery RENAME TO hidden")
        with pytest.raises(Exception, match="delivery"):
            await domain.resources.publisher.publish(domain.caller, [event], batch=False)
        await domain.resources.database.execute("ALTER TABLE hidden RENAME TO delivery")

        await domain.resources.publisher.publish(domain.caller, [event] * 2, batch=True)

        assert without_gaps(await places(domain))


async def test_replays_that_overlap_beside_publishing_take_places_for_what_they_make_only(
    database_url: str, tmp_path: Path, clock: FakeClock
) -> None:
    async with open_domain(database_url, tmp_path, clock) as domain:
        resources, caller = domain.resources, domain.caller
        for _ in range(30):
            await resources.publisher.publish(caller, [EventDraft("ticket.created", TICKET)], batch=False)
        new = await webhook(domain, "ticket.*")
        clock.advance(1)
        for only_missing in (True, False, True):
            await replay_events(resources, caller, new, TimeRange(None, None), only_missing=only_missing)

        await asyncio.gather(
            run_due_operations(resources, resources.lease),
            *(
                resources.publisher.publish(caller, [EventDraft("ticket.created", TICKET)], batch=False)
                for _ in range(20)
            ),
        )

        found = await places(domain)
    assert [len(of_one) for of_one in found.values()] == [50]
    assert without_gaps(found)


async def test_every_attempt_sends_the_place_of_its_delivery(world: World) -> None:
    world.receiver.on("/", in_turn(answer(500), answer(200)))
    await world.webhook(max_in_flight=2)
    await world.webhook("/other", event_types=["ticket.updated"])
    drafts = [
        EventDraft(name, TICKET, ordering_key=key)
        for name, key in [("created", None), ("updated", "a"), ("created", "a"), ("updated", None), ("created", None)]
    ]
    # Some are claimed in the publishing transaction (if the mode does so), some later, and one is attempted twice.
    for batch in (drafts[:1], drafts[1:], drafts):
        events = [replace(draft, type=f"ticket.{draft.type}") for draft in batch]
        await world.resources.publisher.publish(world.caller, events, batch=True)
    await world.until_attempts(14)
    await world.advance(6)
    await world.sweep()
    requests = await world.receiver.received(15)

    places_of = {(row["event_id"], row["webhook_id"]): row["sequence"] for row in await world.deliveries()}
    paths = {
        row["id"]: "/other" if row["event_types"] == '["ticket.updated"]' else "/"
        for row in await world.rows("webhook")
    }
    expected = {(event_id, paths[webhook_id]): str(place) for (event_id, webhook_id), place in places_of.items()}
    sent = {
        ((request.header("webhook-id") or ""), request.path): request.header("webhook-sequence") for request in requests
    }
    assert sent == expected
    assert [request.header("webhook-sequence") for request in requests if request.header("webhook-attempt") == "2"] == [
        "1"
    ]


async def test_a_ping_has_no_place_and_sends_none(world: World) -> None:
    created = await world.webhook()
    await world.publish()
    await ping_webhook(world.resources, world.resources.pipeline, world.caller, created.id, None)
    await world.publish()

    requests = await world.receiver.received(3)

    assert [row["sequence"] for row in await world.deliveries()] == [1, None, 2]
    assert sorted(request.header("webhook-sequence") or "" for request in requests) == ["", "1", "2"]


_OLD_INSERT = """
INSERT INTO delivery (id, workspace_id, event_id, webhook_id, event_type, test, status, trigger, attempt_count,
  retries_used, next_attempt_at, created_at)
VALUES ($1, $2, $1, $3, 'ticket.created', $4, 'PENDING', 'FIRST', 0, 0, 0, 0)
"""


@pytest.mark.parametrize("databases", ["postgres"], indirect=True)
async def test_what_a_process_of_the_previous_version_makes_gets_its_place_from_the_database(
    database_url: str, tmp_path: Path, clock: FakeClock
) -> None:
    async with open_domain(database_url, tmp_path, clock) as domain:
        to = await webhook(domain, "*")
        workspace_id = domain.caller.workspace_id

        async def publish_as_before(number: int) -> None:
            execute = domain.resources.database.execute
            await execute(_OLD_INSERT, f"dlv_{number}", workspace_id, to, False)
            await execute(_OLD_INSERT, f"dlv_test_{number}", workspace_id, to, True)

        publish = domain.resources.publisher.publish
        await asyncio.gather(
            *(publish_as_before(number) for number in range(10)),
            *(publish(domain.caller, [EventDraft("ticket.created", TICKET)], batch=False) for _ in range(10)),
        )

        [numbered, tests] = [
            await domain.rows(f"SELECT sequence FROM delivery WHERE {test} ORDER BY sequence")
            for test in ("NOT test", "test")
        ]
    assert [row["sequence"] for row in numbered] == list(range(1, 21))
    assert {row["sequence"] for row in tests} == {None}
