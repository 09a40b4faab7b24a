"""Publishing: all or none, acknowledged means committed, and a repetition is harmless."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from app.access.actor import Actor
from app.access.caller import Caller
from app.errors import Forbidden, Rejected, UserErrorCode
from app.publishing.draft import MAX_EVENTS, EventDraft
from app.statuses import ActorKind, Scope
from app.webhooks.lifecycle import delete_webhook, pause_webhook
from tests.world import TICKET, World


async def problems(world: World, *drafts: EventDraft, batch: bool = False) -> list[tuple[UserErrorCode, str, str]]:
    with pytest.raises(Rejected) as rejected:
        await world.resources.publisher.publish(world.caller, drafts, batch=batch)
    return [(problem.code, ".".join(problem.path), problem.message) for problem in rejected.value.problems]


async def counts(world: World) -> tuple[int, int]:
    row = await world.resources.database.fetch_one(
        "SELECT (SELECT count(*) FROM event) AS events, (SELECT count(*) FROM delivery) AS deliveries"
    )
    assert row is not None
    return row["events"], row["deliveries"]


async def test_the_body_is_what_standard_webhooks_ask_for(world: World) -> None:
    occurred_at = datetime(2026, 11, 23, 10, 0, 0, 123_000, tzinfo=UTC)

    published = await world.publish(occurred_at=occurred_at)

    assert orjson.loads(published.row.body) == {
        "id": published.row.id,
        "type": "ticket.created",
        "timestamp": "2026-11-23T10:00:00.123Z",
        "data": TICKET,
    }


async def test_every_webhook_that_asks_for_it_gets_a_delivery_in_the_same_commit(world: World) -> None:
    wanted = [await world.webhook("/a"), await world.webhook("/b", event_types=["*"])]
    await world.webhook("/c", event_types=["conversation.*"])

    published = await world.publish()
    deliveries = await world.deliveries(event_id=published.row.id)

    assert published.delivery_count == 2
    assert [delivery["webhook_id"] for delivery in deliveries] == [webhook.id for webhook in wanted]


async def test_a_webhook_made_by_another_process_a_moment_ago_is_seen(world: World) -> None:
    await world.publish()  # The registry is cached now.
    await world.webhook()

    assert (await world.publish()).delivery_count == 1


async def test_a_deleted_webhook_gets_nothing_more(world: World) -> None:
    webhook = await world.webhook()
    await delete_webhook(world.resources, world.caller, webhook.id)

    assert (await world.publish()).delivery_count == 0


async def test_the_same_key_and_content_give_the_first_event_back(world: World) -> None:
    webhook = await world.webhook()
    await pause_webhook(world.resources, world.caller, webhook.id)

    first = await world.publish(idempotency_key="order-1")
    again = await world.publish(idempotency_key="order-1")

    assert (first.duplicate, again.duplicate) == (False, True)
    assert again.row.id == first.row.id
    assert again.delivery_count == 1
    assert await counts(world) == (1, 1)


async def test_the_same_key_with_another_content_is_a_conflict_and_writes_nothing(world: World) -> None:
    await world.publish(idempotency_key="order-1")
    other = EventDraft("ticket.created", {"ticket": {"id": "tkt_other"}}, idempotency_key="order-1")

    found = await problems(world, EventDraft("ticket.created", TICKET), other, batch=True)

    assert [(code, path) for code, path, _ in found] == [(UserErrorCode.CONFLICT, "events.1.idempotencyKey")]
    assert await counts(world) == (1, 0)


async def test_a_key_used_twice_in_one_request_counts_once(world: World) -> None:
    draft = EventDraft("ticket.created", TICKET, idempotency_key="k")

    committed = await world.resources.publisher.publish(world.caller, [draft, draft], batch=True)

    assert [event.duplicate for event in committed.events] == [False, True]
    assert committed.events[0].row.id == committed.events[1].row.id


async def test_many_that_race_with_one_key_make_one_event(world: World) -> None:
    published = await asyncio.gather(*(world.publish(idempotency_key="race") for _ in range(20)))

    assert len({event.row.id for event in published}) == 1
    assert sum(not event.duplicate for event in published) == 1


async def test_concurrent_publishes_are_each_answered_with_their_own_event(world: World) -> None:
    data: list[dict[str, Any]] = [{"ticket": {"id": f"tkt_{n}"}} for n in range(50)]

    published = await asyncio.gather(*(world.publish(data=one) for one in data))

    assert [orjson.loads(event.row.body)["data"] for event in published] == data


async def test_one_bad_event_of_a_batch_keeps_all_out(world: World) -> None:
    bad = EventDraft("ticket.created", {"ticket": {"id": 42}})

    found = await problems(world, EventDraft("ticket.created", TICKET), bad, batch=True)

    assert [(code, path) for code, path, _ in found] == [(UserErrorCode.INVALID_PAYLOAD, "events.1.data.ticket.id")]
    assert await counts(world) == (0, 0)


@pytest.mark.parametrize(
    ("draft", "code", "path", "words"),
    [
        (EventDraft("ticket.eaten", {}), "INVALID", "type", 'no event type "ticket.eaten"'),
        (EventDraft("ticket.craeted", {}), "INVALID", "type", 'Did you mean "ticket.created"'),
        (EventDraft("ticket.created", [1]), "INVALID_PAYLOAD", "data", "must be a JSON object, but is a list"),
        (EventDraft("ticket.created", None), "INVALID_PAYLOAD", "data", "but is null"),
        (EventDraft("ticket.created", {"x": [2**70]}), "INVALID_PAYLOAD", "data.x.0", "cannot be written as JSON"),
        (EventDraft("ticket.created", {"x": "\ud800"}), "INVALID_PAYLOAD", "data.x", "cannot be written as JSON"),
        (EventDraft("ticket.created", {"x": "y" * 300_000}), "TOO_LONG", "data", "at most 262144 bytes"),
        (
            EventDraft("ticket.created", TICKET, idempotency_key=""),
            "INVALID",
            "idempotencyKey",
            "is empty; give 1 to 255",
        ),
        (EventDraft("ticket.created", TICKET, idempotency_key="a\x00b"), "INVALID", "idempotencyKey", "U+"),
        (
            EventDraft("ticket.created", TICKET, ordering_key="k" * 256),
            "TOO_LONG",
            "orderingKey",
            "has 256 characters; at most 255",
        ),
    ],
)
async def test_bad_input_says_which_value_and_why(
    world: World, draft: EventDraft, code: str, path: str, words: str
) -> None:
    found = await problems(world, draft)

    assert [(problem, place) for problem, place, _ in found] == [(UserErrorCode(code), path)]
    assert words in found[0][2]


async def test_a_request_holds_between_one_and_a_thousand_events(world: World) -> None:
    draft = EventDraft("ticket.created", TICKET)

    assert (await problems(world, batch=True))[0][:2] == (UserErrorCode.REQUIRED, "events")
    assert (await problems(world, *[draft] * (MAX_EVENTS + 1), batch=True))[0][:2] == (UserErrorCode.TOO_MANY, "events")


async def test_publishing_needs_its_scope(world: World) -> None:
    reader = Caller(world.caller.workspace_id, Actor(ActorKind.PERSON, name="reader"), frozenset({Scope.READ}))

    with pytest.raises(Forbidden, match="PUBLISH"):
        await world.resources.publisher.publish(reader, [EventDraft("ticket.created", TICKET)], batch=False)


async def test_events_of_one_request_keep_their_order(world: World) -> None:
    drafts = [EventDraft("ticket.created", {"ticket": {"id": f"tkt_{n}"}}) for n in range(100)]

    committed = await world.resources.publisher.publish(world.caller, drafts, batch=True)

    ids = [event.row.id for event in committed.events]
    assert ids == sorted(ids)


async def test_an_event_may_have_occurred_long_ago(world: World) -> None:
    long_ago = world.resources.clock.now() - timedelta(days=400)

    published = await world.publish(occurred_at=long_ago)

    assert orjson.loads(published.row.body)["timestamp"].startswith(str(long_ago.year))


async def test_a_webhook_or_event_type_that_cannot_be_read_costs_the_workspace_nothing_else(world: World) -> None:
    broken, good = await world.webhook("/broken"), await world.webhook("/good")
    await world.resources.database.execute("UPDATE webhook SET event_types = '[' WHERE id = $1", broken.id)
    await world.resources.database.execute(
        "INSERT INTO event_type (id, workspace_id, name, description, json_schema, example, archived, created_at,"
        " updated_at) VALUES ('etype_1', $1, 'custom.broken', '', '[', '{}', $2, 0, 0)",
        *(world.caller.workspace_id, False),
    )
    await world.resources.database.execute("UPDATE workspace SET registry_version = registry_version + 1")

    await world.publish()
    await world.until_status("SUCCEEDED")

    assert [row["webhook_id"] for row in await world.deliveries()] == [good.id]
