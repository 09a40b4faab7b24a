"""The quick tier, `make test-quick`: what can be tested in about a minute, for the inner loop.

It covers the domain on SQLite, in this process, and the central modules of the folders around it. Tests that start
another program (PostgreSQL, Redis, a server of the product, a browser) are left to `make test`, and so are slow ones:
fuzzing, plans over full tables, faults, and the search through all texts of the project.
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
    "app/cli/demo",
    "app/cli/profiles",
    "app/database/test_migrate.py",
    "app/operations/test_erase_killed.py",
    "app/tracing",
    "app/updates/redis_streams",
    "app/web/agents",
    "app/web/dashboard",
    "app/web/events",
    "tasks/test_redis.py",
    "test_api_docs.py",
    "test_backup.py",
    "test_compose.py",
    "test_databases.py",
    "test_deployment.py",
    "test_forkserver.py",
    "test_operations.py",
    "test_patience.py",
    "test_plain_english.py",
    "test_readme.py",
    "test_services.py",
    "test_start.py",
)
# Of these folders, nothing but these modules.
_ONLY = {
    "app/cli": ("test_lines.py", "test_output.py", "test_schema.py", "test_values.py"),
    "app/cli/files": ("test_yaml_text.py",),
    "app/cli/listen": ("test_show.py", "test_verdict.py"),
    "app/stats": ("test_groups.py", "test_latency.py"),
    "app/web": ("test_body_limit.py", "test_compression.py", "test_middleware.py"),
    "bench": ("test_chart.py", "test_measure.py", "test_report.py"),
    "faults": ("test_checks.py",),
    "graph": ("test_contract.py", "test_errors.py", "test_following.py", "test_http.py", "test_loaders.py"),
}
# They read full tables or all modules, or wait for seconds, among others that are quick.
_SLOW = {
    "test_nothing_else_reaches_into_a_library",
    "test_a_process_keeps_its_lease",
    "test_a_rare_type_is_read_along_an_index",
    "test_a_retry_does_not_wait_for_a_clock_that_was_set_back_before_the_process_ended",
    "test_two_hundred_failing_requests_leave_nothing_behind",
    "test_the_script_and_the_migrations_that_it_lacks_lead_to_what_all_migrations_lead_to",
    "test_a_window_is_read_along_an_index_and_looks_at_no_more_than_its_rows",
    "test_with_the_broker_away_events_still_go_out_by_the_sweep",
}


def is_left_out(path: Path) -> bool:
    """Whether a directory or module contains nothing for the quick tier."""
    if any(path == HERE / name for name in _LEFT_OUT):
        return True
    modules = next((modules for folder, modules in _ONLY.items() if path.parent == HERE / folder), None)
    return modules is not None and path.name.startswith("test_") and path.name not in modules


def split(items: Iterable[pytest.Item]) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """Tests of the quick tier, and the others."""
    quick: list[pytest.Item] = []
    others: list[pytest.Item] = []
    for item in items:
        slow = getattr(item, "originalname", "") in _SLOW
        (others if slow or _needs_a_server(item) else quick).append(item)
    return quick, others


def _needs_a_server(item: pytest.Item) -> bool:
    asked_for = set(getattr(item, "fixturenames", ()))
    kinds = getattr(getattr(item, "callspec", None), "params", {}).values()
    return bool(asked_for & _SERVERS) or any(kind in _KINDS for kind in kinds if isinstance(kind, str))
