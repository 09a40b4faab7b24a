"""Waits that may take forever, with periodic work meanwhile."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, TypeVar

from starlette.types import Receive

Value = TypeVar("Value")


async def next_value(
    values: AsyncGenerator[Value, None], seconds: float, meanwhile: Callable[[], Awaitable[object]]
) -> Value | None:
    """The next value of a generator, or None at its end; meanwhile, `meanwhile` is called at an interval of `seconds`.

    However the wait ends, no request to the generator is left running, because such a generator cannot be closed.
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


async def values_until(values: AsyncGenerator[Value, None], end: asyncio.Future[Any]) -> AsyncGenerator[Value, None]:
    """The values of a generator until a future is done; closes the generator."""
    async with aclosing(values):
        while not end.done():
            following = asyncio.ensure_future(anext(values, None))
            try:
                await asyncio.wait([following, end], return_when=asyncio.FIRST_COMPLETED)
            finally:
                if not following.done():
                    following.cancel()
                    await asyncio.wait([following])
            if following.cancelled() or (value := following.result()) is None or end.done():
                return
            yield value


async def disconnected(receive: Receive) -> None:
    """Wait until the client has gone, or the server closes."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def to_the_end(work: Awaitable[Value]) -> Value:
    """Await work to its end even if the caller is canceled, and only then propagate the cancellation."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
