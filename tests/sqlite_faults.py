"""SQLite's commits on a slow or a full disk."""

import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.database.database import Database
from app.database.sqlite import DurableSqliteClient, in_thread
from tests.patience import PATIENCE_SECONDS


@contextmanager
def slow_commits(database: Database) -> Iterator[threading.Event]:
    """No commit completes until the event is set, or the block ends. The statements before it do."""
    # On a busy machine, earlier statements may have sent the next ones to the thread, which is blocked from here on.
    _client(database).in_thread_until = 0.0
    let_go = threading.Event()
    in_thread(_client(database)._connection, lambda _: let_go.wait(PATIENCE_SECONDS))
    try:
        yield let_go
    finally:
        let_go.set()


@contextmanager
def no_room_for_commits(database: Database) -> Iterator[None]:
    """No file of this process may grow beyond the present size of SQLite's log: statements run, but their commit
    fails.
    """
    log = Path(f"{_client(database).filename}-wal")
    limit, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, most))


def _client(database: Database) -> DurableSqliteClient:
    assert isinstance(database.orm, DurableSqliteClient)
    return database.orm
