"""Answers that are made before their commit is done: nobody gets one that turns out wrong, or too early."""

import asyncio

from tests.graph.conftest import Api, on_sqlite_only
from tests.graph.test_events import DRAFT, WEBHOOK
from tests.sqlite_faults import no_room_for_commits, slow_commits

PUBLISH = """mutation($input: PublishEventInput!) {
  told: publishEvent(input: $input) { event { id } deliveryCount }
}"""
TWICE = """mutation($input: PublishEventInput!) {
  first: publishEvent(input: $input) { event { id } }
  second: publishEvent(input: $input) { event { id deliveries { nodes { id } } } }
}"""
WITH_DELIVERIES = """mutation($input: PublishEventInput!) {
  publishEvent(input: $input) { event { deliveries { nodes { status } } } }
}"""


async def events(api: Api) -> int:
    return len(await api.resources.database.fetch("SELECT id FROM event"))


async def as_far_as_it_goes(api: Api) -> None:
    """Let what was begun go on until it waits for the commit."""
    for _ in range(3):
        await asyncio.gather(events(api), events(api))  # Both readers have done what they were given before.
        for _ in range(100):
            await asyncio.sleep(0)


@on_sqlite_only
async def test_an_answer_leaves_only_when_what_it_tells_of_is_committed(api: Api) -> None:
    await api.data(PUBLISH, input=DRAFT)  # What the next one needs is at hand then.
    with slow_commits(api.resources.database) as let_go:
        answer = asyncio.create_task(api.data(PUBLISH, input=DRAFT))
        await as_far_as_it_goes(api)
        assert not answer.done()
        assert await events(api) == 1
        let_go.set()

        assert (await answer)["told"]["deliveryCount"] == 0
    assert await events(api) == 2


@on_sqlite_only
async def test_where_the_commit_fails_nothing_is_told_but_that(api: Api) -> None:
    with no_room_for_commits(api.resources.database):
        answer = await api.ask(PUBLISH, input=DRAFT)

    assert answer["data"] is None
    [error] = answer["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["told"], "UNAVAILABLE")
    assert await events(api) == 0
    assert (await api.data(PUBLISH, input=DRAFT))["told"]["event"]


@on_sqlite_only
async def test_what_follows_in_an_operation_begins_when_what_came_before_is_committed(api: Api) -> None:
    with no_room_for_commits(api.resources.database):
        answer = await api.ask(TWICE, input=DRAFT)

    assert answer["errors"][0]["path"] == ["first"]
    assert await events(api) == 0


@on_sqlite_only
async def test_what_is_read_of_an_event_is_read_when_it_is_committed(api: Api) -> None:
    await api.change("createWebhook", WEBHOOK, "webhook { id }")
    await api.data(PUBLISH, input=DRAFT)  # The next one finds at hand what has changed.
    with slow_commits(api.resources.database) as let_go:
        answer = asyncio.create_task(api.data(WITH_DELIVERIES, input=DRAFT))
        await as_far_as_it_goes(api)
        let_go.set()

        assert (await answer)["publishEvent"]["event"]["deliveries"]["nodes"] == [{"status": "PENDING"}]
