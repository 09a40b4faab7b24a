"""Deliveries followed live, over graphql-transport-ws and over SSE alike: from the publish to the last attempt."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest

import graph.subscriptions
from app.updates.update import Topic
from tests.graph.serving import changed, served, socket, stream, until_followed
from tests.receiver import answer, in_turn
from tests.world import TICKET, World, open_world

WATCH = """
subscription($filter: DeliveryFilter, $after: String, $maxPerSecond: Int) {
  deliveryUpdates(filter: $filter, after: $after, maxPerSecond: $maxPerSecond) {
    updates { cursor at delivery { id status event { id type } webhook { name } } attempt { number outcome } }
    cursor gap
  }
}
"""

Next = Callable[[], Any]


class Watch(Protocol):
    """Begins a subscription and returns its messages, one per call."""

    def __call__(self, address: str, key: str, **variables: Any) -> AbstractAsyncContextManager[Next]: ...


@asynccontextmanager
async def by_socket(address: str, key: str, **variables: Any) -> AsyncIterator[Next]:
    async with socket(address) as opened:
        await opened.introduce(key)
        await opened.subscribe(WATCH, variables)

        async def following() -> Any:
            return (await opened.next())["deliveryUpdates"]

        yield following


@asynccontextmanager
async def by_stream(address: str, key: str, **variables: Any) -> AsyncIterator[Next]:
    async with stream(address, key, WATCH, **variables) as opened:

        async def following() -> Any:
            kind, answer = await opened.next()
            assert (kind, "errors" in answer) == ("next", False), answer
            return answer["data"]["deliveryUpdates"]

        yield following


@pytest.fixture(params=[by_socket, by_stream])
def watch(request: pytest.FixtureRequest) -> Watch:
    chosen: Watch = request.param
    return chosen


@pytest.fixture
async def address(world: World) -> AsyncIterator[str]:
    async with served(world.resources) as address:
        yield address


async def until_done(following: Next, count: int) -> list[dict[str, Any]]:
    """The updates of messages up to the one in which this many deliveries are completed."""
    updates: list[dict[str, Any]] = []
    while len({u["delivery"]["id"] for u in updates if u["delivery"]["status"] in {"SUCCEEDED", "FAILED"}}) < count:
        updates += (await following())["updates"]
    return updates


async def test_the_first_message_comes_at_once_and_says_the_cursor(world: World, address: str, watch: Watch) -> None:
    async with watch(address, world.key) as following:
        first = await following()

    assert (first["updates"], first["gap"]) == ([], False)
    assert first["cursor"]


async def test_a_delivery_is_seen_from_its_making_to_its_end(world: World, address: str, watch: Watch) -> None:
    await world.webhook("/hook", name="Desk", retry_delays_seconds=[1])
    world.receiver.on("/hook", in_turn(answer(500), answer(200)))
    async with watch(address, world.key) as following:
        await following()
        event = await world.publish()
        updates = await until_done(following, 1)

    attempts = [update["attempt"] for update in updates if update["attempt"]]
    assert attempts == [{"number": 1, "outcome": "HTTP_ERROR"}, {"number": 2, "outcome": "SUCCEEDED"}]
    assert updates[0]["attempt"] is None
    assert {update["delivery"]["event"]["id"] for update in updates} == {event.row.id}
    assert {update["delivery"]["webhook"]["name"] for update in updates} == {"Desk"}
    assert [update["at"] for update in updates] == sorted(update["at"] for update in updates)


async def test_who_comes_back_with_a_cursor_goes_on_right_after_it(world: World, address: str, watch: Watch) -> None:
    await world.webhook()
    async with watch(address, world.key) as following:
        cursor = (await following())["cursor"]
    await world.publish()
    await world.until_status("SUCCEEDED")

    async with watch(address, world.key, after=cursor) as following:
        missed = await following()
    async with watch(address, world.key, after=missed["updates"][0]["cursor"]) as following:
        rest = await following()
    async with watch(address, world.key, after=missed["cursor"]) as following:
        nothing = await following()

    assert [update["attempt"] for update in missed["updates"]] == [None, {"number": 1, "outcome": "SUCCEEDED"}]
    assert rest["updates"] == missed["updates"][1:]
    assert nothing["updates"] == []
    assert [message["gap"] for message in (missed, rest, nothing)] == [False, False, False]


async def test_a_cursor_that_is_no_longer_kept_is_a_gap(world: World, address: str, watch: Watch) -> None:
    async with watch(address, world.key, after="1-1") as following:
        first = await following()

    assert first["gap"] is True


async def test_only_what_the_filter_wants_is_seen(world: World, address: str, watch: Watch) -> None:
    wanted = await world.webhook("/wanted", name="Wanted")
    await world.webhook("/other", name="Other")
    filter_ = {"webhookId": wanted.id, "statuses": ["SUCCEEDED"], "eventTypes": ["ticket.*"]}
    async with watch(address, world.key, filter=filter_) as following:
        await following()
        await world.publish()
        message = await following()

    assert [(u["delivery"]["webhook"]["name"], u["attempt"]["number"]) for u in message["updates"]] == [("Wanted", 1)]


@pytest.mark.parametrize(("asked", "most"), [(2, 2), (1_000_000, 3)])
async def test_a_busy_stream_comes_in_bigger_messages_not_in_more_of_them(
    world: World, address: str, watch: Watch, monkeypatch: pytest.MonkeyPatch, asked: int, most: int
) -> None:
    # what the server sends, even to a client that asks for more
    monkeypatch.setattr(graph.subscriptions, "MAX_PER_SECOND", 3)
    await world.webhook()
    clock = asyncio.get_running_loop().time
    async with watch(address, world.key, maxPerSecond=asked) as following:
        began = clock()
        messages = [await following()]
        for number in range(20):
            await world.publish(data=TICKET | {"number": number})
        while sum(len(message["updates"]) for message in messages) < 40:
            messages.append(await following())
        seconds = clock() - began

    # The first one, half a second's at once, and then as many as requested.
    assert len(messages) <= 1 + max(1, most / 2) + most * seconds


async def test_a_slow_client_costs_no_memory_and_gets_a_gap(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph.subscriptions, "MAX_PER_SECOND", 1_000_000)
    async with (
        open_world(database_url, tmp_path, works=False, updates_kept=2_000) as world,
        served(world.resources) as address,
        socket(address, max_queue=1, max_size=None) as opened,
    ):
        await world.webhook()
        await world.publish(data=TICKET | {"filling": "x" * 1_000})
        [row] = await world.deliveries()
        await opened.introduce(world.key)
        document = (
            "subscription { deliveryUpdates(maxPerSecond: 1000000) { updates { delivery { event { body } } } gap } }"
        )
        await opened.subscribe(document)
        await until_followed(world.resources)

        # 200 messages of 1 MB each, if the server went on reading: a client that does not read gets a few of them.
        update = changed(row)
        watching = world.resources.updates.follow(Topic.DELIVERIES, world.caller.workspace_id)
        for _ in range(200):
            world.resources.updates.announce(Topic.DELIVERIES, [update] * 1_000)
            await anext(watching)
        await watching.aclose()

        messages = 1
        while not (await opened.next())["deliveryUpdates"]["gap"]:
            messages += 1

    assert messages < 50
