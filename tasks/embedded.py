"""Reserves an SQLite file for one delivering process: SQLite is for one machine and one worker."""

import asyncio
import fcntl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import TextIO

import structlog

from app.clock import from_micros, to_micros
from app.database.database import sqlite_file
from app.private_files import private_directory, private_file
from app.resources import Resources

log = structlog.get_logger()

_LOOK_EVERY_SECONDS = 0.05


class AlreadyRunning(Exception):
    """Another process delivers from the same SQLite file, or might."""


@asynccontextmanager
async def sole_server(database_url: str, wait_seconds: float = 0.0) -> AsyncIterator[None]:
    """Be the only process that delivers from this SQLite file until the block ends; does nothing for PostgreSQL.

    Args:
        wait_seconds: how long to wait for another process, which may be about to end.

    Raises:
        AlreadyRunning: another process holds the file.
    """
    if not database_url.startswith("sqlite://"):
        yield
        return
    path = sqlite_file(database_url)
    _require_one_name(path)
    private_directory(path.parent)
    lock = Path(f"{path}.server")
    private_file(lock)
    with lock.open("w") as file:  # noqa: ASYNC230 — before anything is served
        await _lock(file, path, wait_seconds)
        yield


async def _lock(file: TextIO, path: Path, wait_seconds: float) -> None:
    deadline, waiting = monotonic() + wait_seconds, False
    while not _locked(file):  # A blocking lock would take a thread that nothing can end.
        if monotonic() >= deadline:
            raise AlreadyRunning(
                f"Another server works on {path} already. Stop it first, or use PostgreSQL for several."
            )
        if not waiting:
            log.info("server.waiting", database=str(path), hint="Another server works on it, and may be about to end.")
            waiting = True
        await asyncio.sleep(_LOOK_EVERY_SECONDS)


def _locked(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _require_one_name(path: Path) -> None:
    """Refuse a file with several names, because SQLite keeps a log beside each name, so writers under two names damage
    it.

    https://sqlite.org/howtocorrupt.html, section 2.5.
    """
    if path.exists() and (names := path.stat().st_nlink) > 1:
        raise AlreadyRunning(
            f"The file {path} has {names} names (hard links), and another server may work on it under another one."
            " SQLite would damage it. Remove the other names, or copy the file."
        )


async def end_other_leases(resources: Resources) -> None:
    """Free the claims of a dead process in an SQLite file. As the only process, this one need not wait for the other's
    lease to end.
    """
    if resources.database.dialect == "sqlite":
        row = await resources.database.fetch_one(
            "SELECT max(lease_until) AS latest FROM worker WHERE id <> $1", resources.lease.worker_id
        )
        if row is not None and row["latest"] is not None:
            await resources.timekeeper.mend_after(from_micros(row["latest"]))
        now = to_micros(resources.clock.now())
        await resources.database.execute(
            "UPDATE worker SET lease_until = $2 WHERE id <> $1", resources.lease.worker_id, now
        )
