"""Creates files and directories that only their owner may read, whatever the umask."""

import os
from contextlib import suppress
from pathlib import Path

_FILE = 0o600
_DIRECTORY = 0o700
# SQLite gives the files it creates beside a database the mode of the database; these may be older than that mode.
_BESIDE_A_DATABASE = ("-wal", "-shm", "-journal")


def private_directory(path: Path) -> None:
    """Create a directory and its parents. An existing one stays as it is, because it may hold other files."""
    if not path.is_dir():
        path.mkdir(parents=True, exist_ok=True, mode=_DIRECTORY)
        path.chmod(_DIRECTORY)


def private_file(path: Path) -> None:
    """Create an empty file, or restrict an existing one to its owner."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE)
    except FileExistsError:
        # By its path, because closing a file that SQLite has open in this process would release SQLite's locks.
        with suppress(OSError):  # It belongs to another user, or the disk is read-only.
            path.chmod(_FILE)
    else:
        os.fchmod(descriptor, _FILE)
        os.close(descriptor)


def private_database(path: Path) -> None:
    """Create an SQLite database's directory and file, and restrict all of its files to their owner."""
    private_directory(path.parent)
    private_file(path)
    for neighbour in (Path(f"{path}{ending}") for ending in _BESIDE_A_DATABASE):
        if neighbour.exists():
            private_file(neighbour)
