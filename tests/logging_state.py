"""Restores logging after a test in which the program configures it for the whole process."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from app import logs

_CONFIGURED = ("httpx", "uvicorn.error", "uvicorn.access", "uvicorn.asgi")


@contextmanager
def logging_put_back() -> Iterator[None]:
    """Let the block configure logging, and undo it."""
    before, often, root = structlog.get_config(), logs._many, logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in _CONFIGURED}
    try:
        yield
    finally:
        logging.captureWarnings(capture=False)
        root.handlers[:] = handlers
        root.setLevel(level)
        for name, former in levels.items():
            logging.getLogger(name).setLevel(former)
        structlog.configure(**before)
        logs._many = often
