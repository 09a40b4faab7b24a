"""Makes files and directories that only their owner may read, whatever the umask says."""

import os
from contextlib import suppress
from pathlib import Path

_FILE = 0o600
_DIRECTORY = 0o700
# SQLite gives what it makes beside a database the mode of the database; these may be older than that mode.
_BESIDE_A_DATABASE = ("-wal", "-shm", "-journal")


def private_directory(path: Path) -> None:
    """Make a directory, and those above it. One that is there stays as it is: it may hold more than ours."""
    if not path.is_dir():
        path.mkdir(parents=True, exist_ok=True, mode=_DIRECTORY)
        path.chmod(_DIRECTORY)


def private_file(path: Path) -> None:
    """Make an empty file, or take the rights of others away from one that is there."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE)
    except FileExistsError:
        # By its path: to close a file that SQLite has open in this process would end SQLite's locks.
        with suppress(OSError):  # It belongs to another user, who may do as they like, or the disk is read-only.
            path.chmod(_FILE)
    else:
        os.fchmod(descriptor, _FILE)
        os.close(descriptor)


def private_database(path: Path) -> None:
    """Make an SQLite database's directory and file, and take the rights of others away from all that belongs to it."""
    private_directory(path.parent)
    private_file(path)
    for neighbour in (Path(f"{path}{ending}") for ending in _BESIDE_A_DATABASE):
        if neighbour.exists():
            private_file(neighbour)
