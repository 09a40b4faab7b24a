"""Runs the asynchronous part of a command. asyncio takes longer to import than all commands, and --help needs none."""

from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


def run_to_end(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine on an event loop of its own, and return its result."""
    import asyncio

    return asyncio.run(work)
