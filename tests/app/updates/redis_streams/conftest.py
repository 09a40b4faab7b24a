"""Servers to be stopped, and networks to be cut; on both event loops, whose sockets fail differently."""

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
    """A Redis of this test's own."""
    with Redis() as server:
        yield server


@pytest.fixture
async def proxy(server: Redis) -> AsyncIterator[Proxy]:
    """The way to `server`."""
    async with Proxy(server.port) as proxy:
        yield proxy


@pytest.fixture
def client(server: Redis) -> Iterator["redis.Redis"]:
    """Looks into `server`, past the proxy."""
    with redis.Redis.from_url(server.url) as client:
        yield client
