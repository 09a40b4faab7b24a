"""Servers to be stopped, and networks to be cut."""

from collections.abc import AsyncIterator, Iterator

import pytest
import redis

from tests.app.updates.redis_streams.proxy import Proxy
from tests.services import Redis


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
