"""A loop that must not end is started again, however it ended."""

import ast
import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from app.supervision import supervised

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 10.0


@pytest.mark.parametrize("error", [OSError("No space left on device"), RuntimeError(), asyncio.CancelledError()])
async def test_a_loop_that_failed_is_started_again(error: BaseException) -> None:
    lives = 0

    async def loop() -> None:
        nonlocal lives
        lives += 1
        if lives < 3:
            raise error

    with capture_logs() as logs:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await supervised("reader", loop)

    assert lives == 3
    assert [(line["event"], line["loop"]) for line in logs] == [("loop.failed", "reader")] * 2


async def test_a_loop_that_is_cancelled_ends() -> None:
    began = asyncio.Event()

    async def loop() -> None:
        began.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(supervised("reader", loop))
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_every_task_that_loops_forever_is_supervised() -> None:
    """A task of `create_task(loop())` with a `while True` in the function would end silently. In a group, it ends the
    function that owns the group, which is the one to supervise.
    """
    unsupervised = []
    for path in (path for package in ("app", "graph", "tasks") for path in (ROOT / package).rglob("*.py")):
        if path.is_relative_to(ROOT / "app" / "cli"):
            continue  # Commands end when they fail.
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        functions = [node for node in nodes if isinstance(node, ast.AsyncFunctionDef)]
        endless = {function.name for function in functions if any(map(_is_endless, ast.walk(function)))}
        groups = {ast.unparse(item.optional_vars) for item in map(_group, nodes) if item and item.optional_vars}
        for node in nodes:
            if (
                isinstance(node, ast.Call)
                and _name(node.func) in ("create_task", "ensure_future")
                and ast.unparse(node.func).rpartition(".")[0] not in groups
            ):
                match node.args[0]:
                    case ast.Call(func=called) if _name(called) in {*endless, "run"} - {"supervised"}:
                        unsupervised.append(f"{path.relative_to(ROOT)}:{node.lineno} {ast.unparse(called)}")

    assert unsupervised == []


def _is_endless(node: ast.AST) -> bool:
    return isinstance(node, ast.While) and isinstance(node.test, ast.Constant) and bool(node.test.value)


def _group(node: ast.AST) -> ast.withitem | None:
    """The item of `async with asyncio.TaskGroup() as …`."""
    items = node.items if isinstance(node, ast.AsyncWith) else []
    return next((item for item in items if ast.unparse(item.context_expr) == "asyncio.TaskGroup()"), None)


def _name(node: ast.expr) -> str:
    return ast.unparse(node).rpartition(".")[2]
