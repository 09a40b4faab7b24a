"""Both buses, so that every test of behaviour runs on each."""

from collections.abc import Callable

import pytest

from app.updates import Updates
from app.updates.redis_streams import RedisStreams
from app.updates.ring import Ring

MakeBus = Callable[[int], Updates]


@pytest.fixture(params=["ring", "redis"])
def make_bus(request: pytest.FixtureRequest) -> MakeBus:
    """Creates a bus that keeps this many updates; not opened yet. In Redis, all buses of one test are the same bus."""
    if request.param == "ring":
        return lambda kept: Ring(kept=kept)
    url: str = request.getfixturevalue("redis_url")
    return lambda kept: RedisStreams(url, kept=kept, window=kept)
