"""The events of one commit are checked in one go, and each call gets its own answer."""

import asyncio

from app.catalogue import BUILT_IN
from app.errors import Rejected
from app.publishing.draft import EventDraft
from tests.world import TICKET, World

GOOD = EventDraft("ticket.created", TICKET)
OTHER = EventDraft("conversation.created", dict(BUILT_IN["conversation.created"].example))
BAD = EventDraft("ticket.created", {"ticket": {"id": 42}})


async def outcome(world: World, *drafts: EventDraft) -> int | list[str]:
    """How many events were accepted, or the paths of the problems."""
    try:
        return len((await world.resources.publisher.publish(world.caller, drafts, batch=True)).events)
    except Rejected as rejected:
        return [".".join(problem.path) for problem in rejected.problems]


async def events_of(world: World) -> int:
    return len(await world.resources.database.fetch("SELECT id FROM event"))


def counted(world: World, name: str) -> float | None:
    return world.resources.metrics.registry.get_sample_value(f"eev_webhooks_{name}")


async def change_elsewhere(world: World, event_type: str, *, archived: bool) -> None:
    """Change it as another process does, so that this process's cache stays as it is."""
    async with world.resources.database.transaction() as another:
        await another.execute(
            "INSERT INTO event_type (id, workspace_id, name, description, json_schema, example, archived, created_at,"
            " updated_at) VALUES ('type_1', $1, $2, '', '{\"type\": \"object\"}', '{}', $3, 0, 0)",
            *(world.caller.workspace_id, event_type, archived),
        )
        await another.execute("UPDATE workspace SET registry_version = registry_version + 1")


async def test_what_is_wrong_keeps_nothing_else_out_of_its_commit(world: World) -> None:
    drafts = ([GOOD], [GOOD, BAD], [BAD], [GOOD, GOOD])
    outcomes = await asyncio.gather(*(outcome(world, *some) for some in drafts))

    assert outcomes == [1, ["events.1.data.ticket.id"], ["events.0.data.ticket.id"], 2]
    assert await events_of(world) == 3
    assert counted(world, "publish_batch_events_count") == 1


async def test_only_what_was_committed_is_counted(world: World) -> None:
    await asyncio.gather(outcome(world, BAD), outcome(world, GOOD, GOOD), outcome(world, BAD, BAD))

    assert counted(world, "events_published_total") == 2


async def test_a_commit_of_nothing_but_wrong_events_writes_nothing(world: World) -> None:
    unknown = EventDraft("ticket.eaten", TICKET)
    outcomes = await asyncio.gather(*(outcome(world, draft) for draft in (BAD, unknown)))

    assert outcomes == [["events.0.data.ticket.id"], ["events.0.type"]]
    assert await events_of(world) == 0
    assert counted(world, "publish_batch_events_count") == 0


async def test_an_event_type_that_another_process_made_since_is_known(world: World) -> None:
    await world.publish()  # The event types are cached now.
    await change_elsewhere(world, "invoice.paid", archived=False)

    outcomes = await asyncio.gather(*(outcome(world, EventDraft("invoice.paid", {})) for _ in range(3)))

    assert outcomes == [1, 1, 1]


async def test_an_event_type_that_another_process_archived_since_is_refused(world: World) -> None:
    await world.publish()
    await change_elsewhere(world, "ticket.created", archived=True)

    outcomes = await asyncio.gather(*(outcome(world, draft) for draft in (GOOD, OTHER)))

    assert outcomes == [["events.0.type"], 1]
