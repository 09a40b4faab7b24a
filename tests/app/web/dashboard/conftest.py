"""A process that delivers, in the event loop of the module's browser."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.databases import SqliteDatabases
from tests.world import World, open_world


@pytest_asyncio.fixture(loop_scope="module")
async def live(sqlite_databases: SqliteDatabases, tmp_path: Path) -> AsyncIterator[World]:
    """A process that takes requests and delivers."""
    async with open_world(await sqlite_databases.create(), tmp_path) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def idle(sqlite_databases: SqliteDatabases, tmp_path: Path) -> AsyncIterator[World]:
    """A process that takes requests and does nothing in the background."""
    async with open_world(await sqlite_databases.create(), tmp_path, works=False) as opened:
        yield opened
