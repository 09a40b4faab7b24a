"""Fixtures for every test: servers, separate databases and brokers, and a clock."""

import gc
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import hypothesis
import pytest

from tests import quick
from tests.clock import FakeClock
from tests.databases import Databases, PostgresDatabases, SqliteDatabases
from tests.services import Postgres, Redis

# No deadline for single examples: their duration says more about the machine than about the code.
hypothesis.settings.register_profile("suite", deadline=None, print_blob=True)
hypothesis.settings.register_profile("quick", parent=hypothesis.settings.get_profile("suite"), max_examples=10)
hypothesis.settings.load_profile("suite")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--quick`, which runs only the quick tier."""
    parser.addoption("--quick", action="store_true", help="Run the quick tier only (tests/quick.py).")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even load modules that the quick tier leaves out."""
    return True if config.getoption("quick") and quick.is_left_out(collection_path) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect tests that the quick tier leaves out."""
    if config.getoption("quick"):
        items[:], others = quick.split(items)
        config.hook.pytest_deselected(items=others)


def pytest_configure(config: pytest.Config) -> None:
    """Turn the end of a CI job (SIGTERM) into an interrupted session, which stops the servers that it started.

    A session in the background of a shell inherits that SIGINT is ignored; it is interrupted by SIGINT as well.
    """
    for interruption in (signal.SIGINT, signal.SIGTERM):
        signal.signal(interruption, signal.default_int_handler)
    if config.getoption("quick"):
        hypothesis.settings.load_profile("quick")


def pytest_collection_finish() -> None:
    """Exclude what was loaded for all tests from garbage collection, which saves a tenth of the total time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """The session's PostgreSQL. A test that has to stop one starts its own."""
    with Postgres() as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Redis]:
    """The session's Redis. A test that has to stop one starts its own."""
    with Redis() as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_databases(tmp_path_factory: pytest.TempPathFactory) -> SqliteDatabases:
    return SqliteDatabases(tmp_path_factory.mktemp("databases"))


@pytest.fixture(scope="session")
def postgres_databases(postgres_server: Postgres) -> PostgresDatabases:
    return PostgresDatabases(postgres_server)


@pytest.fixture(params=["sqlite", "postgres"])
def databases(request: pytest.FixtureRequest) -> Databases:
    """Both kinds of databases, one after the other.

    `@pytest.mark.parametrize("databases", ["postgres"], indirect=True)` selects one of them.
    """
    made: Databases = request.getfixturevalue(f"{request.param}_databases")
    return made


@pytest.fixture
async def database_url(databases: Databases) -> AsyncIterator[str]:
    """The address of a migrated database that no other test uses."""
    url = await databases.create()
    yield url
    await databases.drop(url)


@pytest.fixture
async def empty_database_url(databases: Databases) -> AsyncIterator[str]:
    """The address of a database that no other test uses and that has no tables yet."""
    url = await databases.create_empty()
    yield url
    await databases.drop(url)


@pytest.fixture
def redis_url(redis_server: Redis) -> str:
    """The address of an empty Redis database."""
    return redis_server.fresh_database_url()


@pytest.fixture(params=["memory", "redis"])
def broker_url(request: pytest.FixtureRequest) -> str:
    """The address of both kinds of brokers, one after the other; Redis's is not that of `redis_url`."""
    if request.param == "memory":
        return "memory://"
    server: Redis = request.getfixturevalue("redis_server")
    return server.fresh_database_url()


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands still until it is advanced."""
    return FakeClock()
