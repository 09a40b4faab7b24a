"""The quick tier, `make test-quick`: what can be tested in under a minute, for the inner loop.

It covers the domain and its doors on SQLite, in this process. Tests that start another program (PostgreSQL, Redis, a
server of the product, a browser) are left to `make test`, and so are slow ones: fuzzing, plans over full tables,
faults.
"""

from collections.abc import Iterable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
# Started by the tests that ask for them.
_SERVERS = {"postgres_server", "postgres_databases", "redis_server", "redis_url"}
# The parameters of a fixture that has several kinds.
_KINDS = {"postgres", "redis", "rabbitmq"}
_LEFT_OUT = (
    "app/cli",
    "app/database/test_migrate.py",
    "app/stats",
    "app/tracing",
    "app/updates/redis_streams",
    "app/web",
    "bench",
    "faults",
    "graph",
    "tasks/test_redis.py",
    "test_api_docs.py",
    "test_backup.py",
    "test_compose.py",
    "test_databases.py",
    "test_deployment.py",
    "test_operations.py",
    "test_readme.py",
    "test_services.py",
)


def is_left_out(path: Path) -> bool:
    """Whether a directory or module contains nothing for the quick tier."""
    return any(path == HERE / name for name in _LEFT_OUT)


def split(items: Iterable[pytest.Item]) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """Tests of the quick tier, and the others."""
    quick: list[pytest.Item] = []
    others: list[pytest.Item] = []
    for item in items:
        (others if _needs_a_server(item) else quick).append(item)
    return quick, others


def _needs_a_server(item: pytest.Item) -> bool:
    asked_for = set(getattr(item, "fixturenames", ()))
    kinds = getattr(getattr(item, "callspec", None), "params", {}).values()
    return bool(asked_for & _SERVERS) or any(kind in _KINDS for kind in kinds if isinstance(kind, str))
