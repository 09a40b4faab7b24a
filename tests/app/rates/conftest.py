"""A separate Redis for each test and the network to it, on both event loops, as for live updates."""

from tests.app.updates.redis_streams.conftest import (  # noqa: F401 - pytest finds them here
    client,
    proxy,
    pytest_asyncio_loop_factories,
    server,
)
