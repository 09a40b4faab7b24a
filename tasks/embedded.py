"""Holds an SQLite file for one delivering process: SQLite is for one machine and one worker."""

import fcntl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from app.clock import to_micros
from app.resources import Resources


class AlreadyRunning(Exception):
    """Another process delivers from the same SQLite file."""


@asynccontextmanager
async def sole_server(database_url: str) -> AsyncIterator[None]:
    """Be the only process that delivers from this SQLite file until the block ends; nothing to do for PostgreSQL.

    Raises:
        AlreadyRunning: there is another.
    """
    if not database_url.startswith("sqlite://"):
        yield
        return
    path = Path(database_url.removeprefix("sqlite://") + ".server")
    with path.open("w") as file:  # noqa: ASYNC230 — before anything is served
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(
                f"Another server works on {path.with_suffix('')} already. Stop it first, or use PostgreSQL for several."
            ) from None
        yield


async def end_other_leases(resources: Resources) -> None:
    """Free what a dead process left claimed in an SQLite file: being the only one, there is no need to wait for its
    lease."""
    if resources.database.dialect == "sqlite":
        now = to_micros(resources.clock.now())
        await resources.database.execute(
            "UPDATE worker SET lease_until = $2 WHERE id <> $1", resources.lease.worker_id, now
        )
