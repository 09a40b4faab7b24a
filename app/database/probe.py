"""Finds out whether the database takes writes, and writes nothing for good.

Reading goes on where writing does not: on a standby, in a session that a full managed server has made read-only, on a
file whose disk is full.
"""

import asyncio
import tempfile
from contextlib import suppress
from pathlib import Path

from app.database.database import Database
from app.database.statements import Statements

# More than what any one commit adds to the file at first.
_BYTES = 256 * 1024
# Changes no row, but needs the right to. What follows does not fit into 64 kB, so it goes to a file on the data's disk.
_WRITE = "DELETE FROM worker WHERE false"
_SPILL = ("SET LOCAL work_mem = '64kB'", "SELECT count(*) FROM generate_series(1, 20000)")


class _Undo(Exception):
    """Nothing of it is to be kept."""


async def try_write(database: Database) -> None:
    """Write, and undo it.

    Raises:
        DatabaseError, OSError: the database, or its disk, takes no writes.
    """

    async def work(statements: Statements) -> None:
        await statements.execute(_WRITE)
        for statement in _SPILL if database.dialect == "postgres" else ():
            await statements.execute(statement)
        raise _Undo

    with suppress(_Undo):
        await database.in_transaction(work)
    if database.dialect == "sqlite":
        # A transaction that is undone never gets as far as the disk.
        await asyncio.to_thread(_fill_and_remove, Path(database.url.removeprefix("sqlite://")).parent)


def _fill_and_remove(directory: Path) -> None:
    with tempfile.TemporaryFile(dir=directory) as file:
        file.write(bytes(_BYTES))
        file.flush()
