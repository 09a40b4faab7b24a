"""Followers of the same updates share one execution: which ones share it, and that their messages do not reveal it."""

import asyncio
import socket as system
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from strawberry.types.execution import ExecutionResult

import graph.subscriptions
from app.access.keys import KeyDraft, create_key, revoke_key
from app.clock import to_micros
from app.resources import Resources
from app.statuses import Scope
from app.updates.cursor import Cursor, parse_cursor
from app.updates.update import Topic, Update
from app.web.exposition import measure
from graph.audience import AT_ONCE, Audience
from graph.stream_state import StreamState, Told
from tests.domain import Domain, announced
from tests.graph.conftest import Api, on_sqlite_only
from tests.graph.counting import counted
from tests.graph.serving import Socket, changed, served, socket, stream, until_followed
from tests.patience import PATIENCE_SECONDS
from tests.world import TICKET, World, open_world

WATCH = """
subscription($filter: DeliveryFilter, $after: String) {
  deliveryUpdates(filter: $filter, after: $after, maxPerSecond: 50) { updates { cursor delivery { id } } cursor gap }
}
"""

on_both_buses = pytest.mark.parametrize("updates_url", ["memory", "redis"], indirect=True)


@pytest.fixture(params=["memory"])
def updates_url(request: pytest.FixtureRequest) -> str:
    """The address of the bus."""
    url: str = "memory://" if request.param == "memory" else request.getfixturevalue("redis_url")
    return url


@pytest.fixture
async def world(database_url: str, updates_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """A workspace with one delivery, and no process that delivers it. Followers do not see the delivery's creation."""
    async with open_world(database_url, tmp_path, works=False, updates_url=updates_url, updates_kept=500) as opened:
        await opened.webhook()
        async with announced(opened.resources.updates, Topic.DELIVERIES, opened.caller.workspace_id, count=1):
            await opened.publish()
        yield opened


@pytest.fixture
async def address(world: World) -> AsyncIterator[str]:
    async with served(world.resources) as address:
        yield address


@pytest.fixture
async def announce(world: World) -> Callable[..., None]:
    """Announces this many changes of the delivery."""
    [row] = await world.deliveries()

    def announced(count: int = 1) -> None:
        world.resources.updates.announce(Topic.DELIVERIES, [changed(row)] * count)

    return announced


@pytest.fixture
async def sockets() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


class Follower:
    """Follows deliveries over a separate socket, and records the messages."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self.messages: list[dict[str, Any]] = []

    async def next(self) -> dict[str, Any]:
        """The next message."""
        message: dict[str, Any] = (await self._socket.next())["deliveryUpdates"]
        self.messages.append(message)
        return message

    async def until(self, cursor: str) -> None:
        """Read up to a cursor."""
        while parse_cursor(self.messages[-1]["cursor"]) < parse_cursor(cursor):
            await self.next()

    @property
    def cursors(self) -> list[str]:
        """Cursors of all updates, in the order received."""
        return [update["cursor"] for message in self.messages for update in message["updates"]]


async def begun(sockets: AsyncExitStack, address: str, key: str, document: str = WATCH, **variables: Any) -> Follower:
    """A follower that has received its first message."""
    opened = await sockets.enter_async_context(socket(address, max_size=None))
    await opened.introduce(key)
    await opened.subscribe(document, variables)
    follower = Follower(opened)
    await follower.next()
    return follower


async def a_key(world: World, *scopes: Scope) -> tuple[str, str]:
    """The ID and the text of a new key of the workspace."""
    created = await create_key(world.resources, world.caller, KeyDraft("another", scopes))
    return created.api_key.id, created.key


def loads(statements: list[str]) -> int:
    """How often deliveries were loaded."""
    return sum("FROM delivery JOIN" in statement for statement in statements)


@on_both_buses
async def test_those_who_follow_the_same_share_one_execution(
    world: World,
    address: str,
    announce: Callable[..., None],
    sockets: AsyncExitStack,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, another_key = await a_key(world, *Scope)
    followers = [await begun(sockets, address, key) for key in (world.key, world.key, another_key)]
    streaming = await sockets.enter_async_context(stream(address, world.key, WATCH))
    await streaming.next()

    with counted(world.resources.database, monkeypatch, everywhere=True) as statements:
        announce()
        told = [await follower.next() for follower in followers]
        _, streamed = await streaming.next()

    assert [len(message["updates"]) for message in told] == [1, 1, 1]
    assert told[0] == told[1] == told[2] == streamed["data"]["deliveryUpdates"]
    assert streamed["extensions"]["cost"]["requested"] > 0
    assert loads(statements) == 1


@pytest.mark.parametrize(
    ("scopes", "document", "variables"),
    [
        ((Scope.READ,), WATCH, {}),
        (tuple(Scope), WATCH, {"filter": {"statuses": ["PENDING"]}}),
        (tuple(Scope), WATCH.replace("gap", "gap updates { at }"), {}),
        (tuple(Scope), WATCH.replace("50", "49"), {}),
    ],
    ids=["other rights", "other variables", "another document", "another pace"],
)
async def test_those_who_do_not_follow_the_same_share_nothing(
    world: World,
    address: str,
    announce: Callable[..., None],
    sockets: AsyncExitStack,
    monkeypatch: pytest.MonkeyPatch,
    scopes: tuple[Scope, ...],
    document: str,
    variables: dict[str, Any],
) -> None:
    _, key = await a_key(world, *scopes)
    followers = [
        await begun(sockets, address, world.key),
        await begun(sockets, address, key, document, **variables),
    ]

    with counted(world.resources.database, monkeypatch, everywhere=True) as statements:
        announce()
        told = [await follower.next() for follower in followers]

    assert [len(message["updates"]) for message in told] == [1, 1]
    assert loads(statements) == 2


@on_sqlite_only
async def test_those_of_another_workspace_share_nothing(domain: Domain, api: Api, stranger: Api) -> None:
    document = "subscription { deliveryUpdates { updates { cursor } cursor } }"
    async with served(api.resources) as address, AsyncExitStack() as sockets:
        ours, theirs = [await begun(sockets, address, key, document) for key in (api.key, stranger.key)]
        announce_made_up(domain.resources, domain.caller.workspace_id)
        await ours.next()
        announce_made_up(domain.resources, domain.stranger.workspace_id)
        await theirs.next()

    assert len(ours.cursors) == len(theirs.cursors) == 1
    assert set(ours.cursors).isdisjoint(theirs.cursors)


@on_both_buses
async def test_who_comes_back_with_a_cursor_catches_up_and_shares_from_then_on(
    world: World,
    address: str,
    announce: Callable[..., None],
    sockets: AsyncExitStack,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    follower = await begun(sockets, address, world.key)
    began = follower.messages[0]["cursor"]
    announce(3)
    while len(follower.cursors) < 3:
        await follower.next()
    another = await begun(sockets, address, world.key, after=began)

    with counted(world.resources.database, monkeypatch, everywhere=True) as statements:
        announce()
        told = [await follower.next(), await another.next()]

    assert another.cursors == follower.cursors
    assert told[0] == told[1]
    assert loads(statements) == 1


@on_both_buses
async def test_who_comes_into_a_busy_stream_misses_nothing_and_sees_nothing_twice(
    world: World, address: str, announce: Callable[..., None], sockets: AsyncExitStack
) -> None:
    async def announcing() -> None:
        for _ in range(150):
            announce()
            await asyncio.sleep(0.005)

    first = await begun(sockets, address, world.key)
    busy = asyncio.create_task(announcing())
    followers = [first]
    for number in range(8):
        after = first.messages[-1]["cursor"] if number % 2 else None
        followers.append(await begun(sockets, address, world.key, after=after))
        await first.next()
    await busy
    while len(first.cursors) < 150:
        await first.next()
    await asyncio.gather(*(follower.until(first.messages[-1]["cursor"]) for follower in followers))

    assert len(first.cursors) == 150
    for follower in followers[1:]:
        told = follower.cursors
        assert told == first.cursors[-len(told) :]
        begins_at = parse_cursor(follower.messages[0]["cursor"]).number - len(follower.messages[0]["updates"])
        assert parse_cursor(told[0]).number == begins_at + 1
    assert not any(message["gap"] for follower in followers for message in follower.messages)


async def test_a_follower_that_joins_a_busy_stream_gets_messages_no_more_often_than_it_asked(
    world: World, address: str, announce: Callable[..., None], sockets: AsyncExitStack
) -> None:
    document = WATCH.replace("50", "5")
    clock = asyncio.get_running_loop().time
    first = await begun(sockets, address, world.key, document)
    arrivals: list[list[float]] = []
    for number in range(3):
        announce()
        await first.next()
        await asyncio.sleep(0.02 + 0.04 * number)
        another = await begun(sockets, address, world.key, document)
        times = [clock()]
        for _ in range(6):
            announce()
            await another.next()
            times.append(clock())
        arrivals.append(times)
        await first.until(another.messages[-1]["cursor"])

    # Three at once, and then three intervals of 200 ms, minus the jitter of arrivals.
    assert all(times[-1] - times[0] >= 0.5 for times in arrivals)


async def test_a_follower_that_does_not_read_holds_up_no_other_and_gets_a_gap(
    world: World, address: str, announce: Callable[..., None], sockets: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph.subscriptions, "MAX_PER_SECOND", 1_000_000)
    await world.publish(data=TICKET | {"filling": "x" * 10_000})
    document = WATCH.replace("50", "1000000").replace("delivery { id }", "delivery { event { body } }")
    reader, idler = [await sockets.enter_async_context(socket(address, max_queue=1, max_size=None)) for _ in range(2)]
    for opened in (reader, idler):
        await opened.introduce(world.key)
        await opened.subscribe(document)
    await reader.next()
    update = changed((await world.deliveries())[-1])

    # 24 messages of 1 MB each, if the server kept them for a client that does not read.
    for _ in range(24):
        world.resources.updates.announce(Topic.DELIVERIES, [update] * 100)
        told = 0
        while told < 100:
            message = (await reader.next())["deliveryUpdates"]
            told += len(message["updates"])
            assert not message["gap"]

    messages = 1
    while not (await idler.next())["deliveryUpdates"]["gap"]:
        messages += 1

    assert messages < 18


@on_both_buses
async def test_a_revoked_key_ends_what_runs_on_it_and_others_go_on(
    world: World, address: str, announce: Callable[..., None], sockets: AsyncExitStack
) -> None:
    key_id, key = await a_key(world, *Scope)
    opened = await sockets.enter_async_context(socket(address))
    await opened.introduce(key)
    await opened.subscribe(WATCH)
    await opened.next()
    others = [await begun(sockets, address, world.key) for _ in range(2)]

    await revoke_key(world.resources, world.resources.authenticator.keys, world.caller, key_id)
    announce()
    ended = await opened.closed()
    told = [await follower.next() for follower in others]
    announce()
    told += [await follower.next() for follower in others]

    assert ended == (4403, "The API key is not valid.")
    assert [len(message["updates"]) for message in told] == [1, 1, 1, 1]


async def test_measurements_are_shared_too(world: World, address: str, sockets: AsyncExitStack) -> None:
    followers = []
    for _ in range(2):
        opened = await sockets.enter_async_context(socket(address))
        await opened.introduce(world.key)
        await opened.subscribe("subscription { deliveryStats(everySeconds: 1) { until } }")
        followers.append(opened)

    told: list[set[str]] = [set(), set()]
    # The second may begin after the first has received some, however many on a busy machine.
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(told[0] & told[1]) < 3:
            for opened, times in zip(followers, told, strict=True):
                times.add((await opened.next())["deliveryStats"]["until"])


async def test_everybody_who_follows_is_counted(world: World, address: str, sockets: AsyncExitStack) -> None:
    async def followers() -> int:
        return (await measure(world.resources)).followers

    for _ in range(3):
        await begun(sockets, address, world.key)
    await until_followed(world.resources, 1)
    three = await followers()
    await sockets.aclose()
    await until_followed(world.resources, 0)

    assert (three, await followers()) == (3, 0)


async def test_telling_many_lets_others_have_their_turn() -> None:
    begin = asyncio.Event()
    turns: list[int] = [0]

    async def one() -> AsyncGenerator[ExecutionResult, None]:
        await begin.wait()
        yield ExecutionResult(data={}, errors=None)

    async def told() -> int:
        await audience.news()
        return turns[0]

    async def others() -> None:
        while True:
            turns[0] += 1
            await asyncio.sleep(0)

    audience = an_audience(one())
    followers = [asyncio.create_task(told()) for _ in range(10 * AT_ONCE)]
    await asyncio.sleep(0)
    begin.set()
    working = asyncio.create_task(others())
    told_in = await asyncio.gather(*followers)
    working.cancel()
    await audience.close()

    assert max(told_in.count(turn) for turn in told_in) <= AT_ONCE


async def test_a_message_that_waited_long_for_the_database_does_not_hold_up_the_next_one() -> None:
    long_ago = asyncio.get_running_loop().time() - 2 * PATIENCE_SECONDS
    state = StreamState()

    async def two() -> AsyncGenerator[ExecutionResult, None]:
        for number in (2, 3):
            state.told = Told(Cursor(1, number), Cursor(1, number), gap=False, at=long_ago)
            yield ExecutionResult(data={}, errors=None)

    audience = Audience(two(), state, Told(Cursor(1, 1), Cursor(1, 1), gap=False, at=long_ago))
    async with asyncio.timeout(PATIENCE_SECONDS):
        while audience.latest.number < 2:
            await audience.news()
    await audience.close()


async def test_a_defect_ends_everybody_with_an_error_that_says_no_more_than_it_should() -> None:
    async def broken() -> AsyncGenerator[ExecutionResult, None]:
        for number in range(0, -1, -1):
            yield ExecutionResult(data={"number": 1 // number}, errors=None)

    audience = an_audience(broken())
    while not audience.over:
        await audience.news()

    assert audience.last_words is not None
    [error] = audience.last_words.errors or []
    assert (error.extensions or {})["code"] == "INTERNAL_SERVER_ERROR"
    assert "zero" not in error.message
    await audience.close()


def an_audience(results: AsyncGenerator[ExecutionResult, None]) -> Audience:
    """The audience of made-up results, at most one of which is a message."""
    at = asyncio.get_running_loop().time()
    state = StreamState(told=Told(Cursor(1, 2), Cursor(1, 2), gap=False, at=at))
    return Audience(results, state, Told(Cursor(1, 1), Cursor(1, 1), gap=False, at=at))


def connected(address: str, receive_bytes: int) -> system.socket:
    """A connection with small receive buffers in the operating system."""
    host, _, port = address.rpartition(":")
    connection = system.socket()
    connection.setsockopt(system.SOL_SOCKET, system.SO_RCVBUF, receive_bytes)
    connection.connect((host, int(port)))
    return connection


def announce_made_up(resources: Resources, workspace_id: str) -> None:
    """Announce a change of a delivery that does not exist; only its cursor may be selected."""
    at = to_micros(resources.clock.now())
    update = Update(workspace_id, "dlv_made_up", at, None, None, None, None, None)
    resources.updates.announce(Topic.DELIVERIES, [update])
