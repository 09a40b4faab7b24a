"""A SQLite file that becomes read-only while the server runs: publishing is refused as unavailable, the server is not
ready, and everything goes on once the file can be written again.
"""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from app.database.database import Database
from app.database.errors import DatabaseUnavailable
from app.database.sqlite import DurableSqliteClient, in_thread
from app.web.health import Health
from tests.receiver import after, answer
from tests.world import World, open_world

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
ReadOnly = Callable[[Database], AbstractAsyncContextManager[None]]


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(database_url, tmp_path, sweep_seconds=0.1) as opened:
        yield opened


@asynccontextmanager
async def refused_by_sqlite(database: Database) -> AsyncIterator[None]:
    """The writing connection gets the error of a file that was opened read-only."""
    client = database.orm
    assert isinstance(client, DurableSqliteClient)
    await in_thread(client._connection, lambda connection: connection.execute("PRAGMA query_only = 1"))
    try:
        yield
    finally:
        await in_thread(client._connection, lambda connection: connection.execute("PRAGMA query_only = 0"))


@asynccontextmanager
async def refused_by_the_file_system(database: Database) -> AsyncIterator[None]:
    """The file and its log are immutable: even who has them open cannot write them, not even root."""
    client = database.orm
    assert isinstance(client, DurableSqliteClient)
    files = [str(client.filename), f"{client.filename}-wal"]
    change = shutil.which("chattr")
    if (
        change is None
        or (await asyncio.to_thread(subprocess.run, [change, "+i", *files], capture_output=True)).returncode
    ):
        pytest.skip("This account, or the file system, cannot make files immutable.")
    try:
        yield
    finally:
        await asyncio.to_thread(subprocess.run, [change, "-i", *files], check=True)


@pytest.mark.parametrize("read_only", [refused_by_sqlite, refused_by_the_file_system])
async def test_nothing_is_lost_and_what_was_sent_meanwhile_is_recorded(world: World, read_only: ReadOnly) -> None:
    answered = asyncio.Event()
    world.receiver.on("/", after(answered, answer(200)))
    await world.webhook()
    await world.publish()
    await world.receiver.received()

    async with read_only(world.resources.database):
        answered.set()
        for _ in range(3):
            with pytest.raises(DatabaseUnavailable):
                await world.publish()
        meanwhile = await Health(world.resources, works=True).report()
    await world.until_status("SUCCEEDED")

    assert len(await world.attempts()) == len(world.receiver.requests) == 1
    assert meanwhile.status == "unavailable"
    await world.publish()
    await world.until_status("SUCCEEDED", "SUCCEEDED")
    assert (await Health(world.resources, works=True).report()).status == "ok"
