"""Servers that tests stop, and networks that tests cut; on both event loops, whose sockets fail differently."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping

import pytest
import redis
import uvloop

from tests.app.updates.redis_streams.proxy import Proxy
from tests.services import Redis


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Name the event loops that every asynchronous test here runs on."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
def server() -> Iterator[Redis]:
    """A separate Redis for this test."""
    with Redis() as server:
        yield server


@pytest.fixture
async def proxy(server: Redis) -> AsyncIterator[Proxy]:
    """The network to `server`."""
    async with Proxy(server.port) as proxy:
        yield proxy


@pytest.fixture
def client(server: Redis) -> Iterator["redis.Redis"]:
    """A client of `server` that bypasses the proxy."""
    with redis.Redis.from_url(server.url) as client:
        yield client
