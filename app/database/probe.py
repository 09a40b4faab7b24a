"""Finds out whether the database accepts writes, without leaving anything written.

A database that still reads may not write: a standby, a session that a full managed server has made read-only, or a file
on a full disk.
"""

import asyncio
import errno
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from app.database.database import Database
from app.database.statements import Statements

# More than any one commit adds to the file at first.
_BYTES = 256 * 1024
# Changes no row, but needs the right to. The data that follows exceeds 64 kB, so it reaches a file on the data's disk.
_WRITE = "DELETE FROM worker WHERE false"
_SPILL = ("SET LOCAL work_mem = '64kB'", "SELECT count(*) FROM generate_series(1, 20000)")


class _Undo(Exception):
    """Rolls the trial write back."""


async def try_write(database: Database) -> None:
    """Write, and roll it back.

    Raises:
        DatabaseError, OSError: the database, or its disk, accepts no writes.
    """

    async def work(statements: Statements) -> None:
        await statements.execute(_WRITE)
        for statement in _SPILL if database.dialect == "postgres" else ():
            await statements.execute(statement)
        raise _Undo

    with suppress(_Undo):
        await database.in_transaction(work)
    if database.dialect == "sqlite":
        # A transaction that is rolled back never reaches the disk.
        await asyncio.to_thread(_try_files, Path(database.url.removeprefix("sqlite://")))


def _try_files(path: Path) -> None:
    # Asked rather than opened: closing the file would end the locks that SQLite holds on it
    # (https://sqlite.org/howtocorrupt.html, section 2.2).
    for file in (path, Path(f"{path}-wal")):
        if file.exists() and not os.access(file, os.W_OK):
            raise PermissionError(errno.EACCES, "The file cannot be written", str(file))
    _fill_and_remove(path.parent)


def _fill_and_remove(directory: Path) -> None:
    with tempfile.TemporaryFile(dir=directory) as file:
        file.write(bytes(_BYTES))
        file.flush()
