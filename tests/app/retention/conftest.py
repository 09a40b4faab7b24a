from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.app.operations.desk import Desk, open_desk
from tests.clock import FakeClock


@pytest.fixture
async def desk(database_url: str, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Desk]:
    async with open_desk(database_url, tmp_path, clock) as opened:
        yield opened
