"""Turns: one in an iteration of the event loop, and a pause after each."""

import asyncio
import itertools
from collections.abc import Callable

import pytest

from graph import turns
from graph.turns import MAX_PAUSE_SECONDS, Turns


async def test_one_iteration_of_the_loop_has_one_turn() -> None:
    queue, taken = Turns(), list[int]()

    async def take(number: int) -> None:
        await queue.turn()
        taken.append(number)

    turns = [asyncio.create_task(take(number)) for number in range(4)]
    turns[2].cancel()
    seen = []
    while not all(turn.done() for turn in turns):
        await asyncio.sleep(0)
        seen.append(len(taken))

    assert taken == [0, 1, 3]
    assert all(after - before <= 1 for before, after in itertools.pairwise(seen))


async def test_after_a_turn_there_is_a_pause_for_longer_than_it_took_but_not_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop, pauses = asyncio.get_running_loop(), list[float]()
    now, slow, queue = itertools.count(step=0.002), itertools.count(step=10.0), Turns(2.0)
    monkeypatch.setattr(turns, "monotonic", lambda: next(now))

    def later(seconds: float, callback: Callable[[], object]) -> None:
        pauses.append(seconds)
        loop.call_soon(callback)

    monkeypatch.setattr(loop, "call_later", later)
    await asyncio.gather(*(queue.turn() for _ in range(3)))
    monkeypatch.setattr(turns, "monotonic", lambda: next(slow))
    await asyncio.gather(*(queue.turn() for _ in range(2)))
    for _ in range(3):  # the last pause begins in the iteration after the last turn
        await asyncio.sleep(0)

    assert pauses == pytest.approx([0.004] * 3 + [MAX_PAUSE_SECONDS] * 2)
