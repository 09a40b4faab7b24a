"""A world for the tests of delivery: time stands still until a test moves it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.clock import FakeClock
from tests.world import World, open_world


@pytest.fixture
async def world(database_url: str, tmp_path: Path, clock: FakeClock) -> AsyncIterator[World]:
    async with open_world(database_url, tmp_path, clock=clock) as opened:
        yield opened
