"""No test has its own limit for events that must happen: all share one, which a busy machine does not reach."""

import ast
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.patience import PATIENCE_SECONDS

HERE = Path(__file__).parent
# From this number of seconds on, it is a limit. A shorter time is a pause, or a timeout that a test wants to happen.
LIMIT_SECONDS = 1
# Calls that take their limit in milliseconds, or are given one that they never wait for.
OTHERS = {"consume"}
# Position of the limit argument; None if it is keyword-only.
WAITS = {"timeout": 0, "wait": 0, "ClientTimeout": 0, "wait_for": 1, "join": 0}


def limits(source: str) -> Iterable[int]:
    """The lines of a module on which a wait has a numeric limit."""
    for call in ast.walk(ast.parse(source)):
        if not isinstance(call, ast.Call):
            continue
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        given = [word.value for word in call.keywords if word.arg in {"timeout", "open_timeout"}]
        given += call.args[WAITS[name] : WAITS[name] + 1] if name in WAITS else []
        if name not in OTHERS and any(map(_is_limit, given)):
            yield call.lineno


def _is_limit(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and isinstance(value.value, int | float) and value.value >= LIMIT_SECONDS


@pytest.mark.parametrize(
    "wait",
    [
        "async with asyncio.timeout(10): pass",
        "process.wait(30)",
        "session.communicate(timeout=60)",
        "httpx.get(url, timeout=30)",
        "connect(url, open_timeout=10.0)",
        "asyncio.wait_for(event.wait(), 5)",
    ],
)
def test_a_limit_in_numbers_is_noticed(wait: str) -> None:
    assert list(limits(f"async def test() -> None:\n    {wait}\n")) == [2]


def test_what_a_test_waits_for_has_the_one_limit() -> None:
    found = [
        f"{path.relative_to(HERE.parent)}:{line}"
        for path in sorted(HERE.rglob("*.py"))
        if "node_modules" not in path.parts
        for line in limits(path.read_text(encoding="utf-8"))
    ]

    assert found == [], "Wait for PATIENCE_SECONDS (tests/patience.py) instead."


def test_a_test_may_take_longer_than_one_wait(pytestconfig: pytest.Config) -> None:
    assert float(pytestconfig.getini("timeout")) >= 3 * PATIENCE_SECONDS
