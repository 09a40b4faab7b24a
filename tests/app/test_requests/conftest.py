from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.clock import FakeClock
from tests.domain import Domain, open_domain


@pytest.fixture
async def domain(database_url: str, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Domain]:
    async with open_domain(database_url, tmp_path, clock) as opened:
        yield opened
