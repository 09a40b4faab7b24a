"""Waiting for something that may take for ever, without forgetting what has to be done meanwhile."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TypeVar

Value = TypeVar("Value")


async def next_value(
    values: AsyncGenerator[Value, None], seconds: float, meanwhile: Callable[[], Awaitable[object]]
) -> Value | None:
    """The next value of a generator, or None at its end; until it comes, `meanwhile` is called every so many seconds.

    Whatever ends the waiting, nobody is left asking the generator: one that still runs could not be closed.
    """
    following = asyncio.ensure_future(anext(values, None))
    try:
        while not (await asyncio.wait([following], timeout=seconds))[0]:
            await meanwhile()
        return following.result()
    finally:
        if not following.done():
            following.cancel()
            await asyncio.wait([following])


async def to_the_end(work: Awaitable[Value]) -> Value:
    """Await work to its end even when whoever awaits it is cancelled, and pass the cancellation on only then."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
