"""Sockets that do not authenticate: how many there may be, and what they leave to others."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

from graph import pending_sockets
from graph.pending_sockets import UNDER_PRESSURE_SECONDS, PendingSockets, Place
from graph.turns import Turns
from tests.clock import FakeClock
from tests.domain import Domain, open_domain
from tests.graph.conftest import Api, a_key, on_sqlite_only
from tests.graph.serving import Socket, served, socket

PLACES = 3


class Sockets:
    """Places with a clock that stands still, and what was evicted from them."""

    def __init__(self, most: int, most_of_address: int) -> None:
        self.now = 0.0
        self.evicted: list[int] = []
        self.places = PendingSockets(most, most_of_address, lambda: self.now)
        self._entered = 0

    def enter(self, address: str = "a") -> Place | None:
        """Let the next socket enter; sockets are numbered from 1."""
        self._entered = number = self._entered + 1
        return self.places.enter(address, lambda: self.evicted.append(number))


def test_a_place_is_taken_until_it_is_left() -> None:
    sockets = Sockets(2, 2)
    first = sockets.enter()
    assert first
    assert sockets.enter()

    refused = sockets.enter()
    sockets.places.leave(first)
    sockets.places.leave(first)

    assert refused is None
    assert sockets.enter()
    assert (len(sockets.places), sockets.evicted) == (2, [])


def test_one_address_does_not_take_the_places_of_others() -> None:
    sockets = Sockets(3, 2)

    entered = [sockets.enter("a") is not None for _ in range(3)]

    assert entered == [True, True, False]
    assert sockets.enter("b")
    assert sockets.enter("b") is None


@pytest.mark.parametrize(("most", "most_of_address", "evicted"), [(2, 2, [1]), (2, 1, [1]), (3, 2, [1])])
def test_a_new_socket_gets_the_place_of_one_that_had_its_time(
    most: int, most_of_address: int, evicted: list[int]
) -> None:
    sockets = Sockets(most, most_of_address)
    sockets.enter("a")
    sockets.enter("a" if most_of_address == 2 else "b")

    sockets.now = UNDER_PRESSURE_SECONDS - 0.001
    refused = sockets.enter("a")
    sockets.now = UNDER_PRESSURE_SECONDS
    entered = sockets.enter("a")

    assert refused is None
    assert entered
    assert sockets.evicted == evicted


async def test_few_sockets_are_accepted_in_one_iteration_of_the_loop() -> None:
    sockets = PendingSockets(100, 100)
    accepted: list[int] = []

    async def accept(number: int) -> None:
        await sockets.turn()
        accepted.append(number)

    async with asyncio.TaskGroup() as tasks:
        waiting = [tasks.create_task(accept(number)) for number in range(50)]
        waiting[7].cancel()
        most, before = 0, 0
        while not all(task.done() for task in waiting):
            await asyncio.sleep(0)
            most, before = max(most, len(accepted) - before), len(accepted)

    assert accepted == [number for number in range(50) if number != 7]
    assert most <= 4


@pytest.fixture
async def domain(database_url: str, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Domain]:
    bounds = {"max_pending_sockets": PLACES, "max_pending_sockets_per_address": PLACES}
    async with open_domain(database_url, tmp_path, clock, **bounds) as opened:
        yield opened


async def opened_at_once(address: str, count: int, stack: AsyncExitStack) -> tuple[list[Socket], list[int]]:
    """Of this many sockets, those that are open, and the statuses with which the others are refused."""
    opening = [stack.enter_async_context(socket(address)) for _ in range(count)]
    results = await asyncio.gather(*opening, return_exceptions=True)
    refused = [result.response.status_code for result in results if isinstance(result, InvalidStatus)]
    return [result for result in results if isinstance(result, Socket)], refused


def counted(domain: Domain, reason: str) -> float | None:
    """How many sockets the metric counts as refused for a reason."""
    labels = {"reason": reason}
    return domain.resources.metrics.registry.get_sample_value("eev_webhooks_sockets_refused_total", labels)


@on_sqlite_only
async def test_a_refused_socket_is_no_error_in_the_log(domain: Domain, caplog: pytest.LogCaptureFixture) -> None:
    async with served(domain.resources) as address, AsyncExitStack() as stack:
        _, refused = await opened_at_once(address, PLACES + 5, stack)

    assert refused == [503] * 5
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


@on_sqlite_only
async def test_many_sockets_that_say_nothing_are_refused_and_hold_up_nobody(domain: Domain) -> None:
    key = await a_key(domain)
    async with served(domain.resources) as address, AsyncExitStack() as stack:
        silent, refused = await opened_at_once(address, 100, stack)

        assert (len(silent), refused) == (PLACES, [503] * (100 - PLACES))
        assert counted(domain, "busy") == 100 - PLACES
        for one in silent:  # one that authenticates gives its place to the next
            await one.introduce(key)
            await (await stack.enter_async_context(socket(address))).introduce(key)


@on_sqlite_only
async def test_a_socket_that_ends_gives_its_place_back(domain: Domain) -> None:
    async with served(domain.resources) as address, AsyncExitStack() as stack:
        silent, _ = await opened_at_once(address, PLACES, stack)
        await silent[0].send({"type": "connection_init", "payload": {"Authorization": "Bearer eev_wrong"}})
        await silent[0].closed()

        assert len((await opened_at_once(address, 1, stack))[0]) == 1


@on_sqlite_only
async def test_a_silent_socket_is_closed_when_another_wants_its_place(
    domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pending_sockets, "UNDER_PRESSURE_SECONDS", 0.0)
    async with served(domain.resources) as address, AsyncExitStack() as stack:
        silent = [await stack.enter_async_context(socket(address)) for _ in range(PLACES)]

        await (await stack.enter_async_context(socket(address))).introduce(await a_key(domain))

        assert (await silent[0].closed())[0] == 4408
        assert (counted(domain, "busy"), counted(domain, "evicted")) == (0, 1)
        await silent[1].introduce(await a_key(domain))


@on_sqlite_only
async def test_a_socket_has_a_turn_to_be_accepted_to_say_who_it_is_and_to_begin(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = []
    turn = Turns.turn

    async def counted(self: Turns) -> None:
        turns.append(self)
        await turn(self)

    monkeypatch.setattr(Turns, "turn", counted)
    async with served(api.resources) as address, socket(address) as opened:
        accepted = len(turns)
        await opened.introduce(api.key)
        introduced = len(turns)
        for number in range(3):
            await opened.subscribe("{ viewer { scopes } }", id=str(number))
            while (await opened.receive())["type"] != "complete":
                pass

    assert (accepted, introduced, len(turns)) == (1, 2, 3)
