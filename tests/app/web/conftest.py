"""A process on a migrated SQLite file, and clients for its web application."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser
from starlette.types import ASGIApp

from tests.app.web.browsing import started_browser
from tests.databases import SqliteDatabases
from tests.world import World, open_world


def client_of(application: ASGIApp, address: str = "127.0.0.1") -> httpx.AsyncClient:
    """A client that seems to call from an address."""
    transport = httpx.ASGITransport(application, client=(address, 50_000), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://test")


@pytest.fixture
async def world(sqlite_databases: SqliteDatabases, tmp_path: Path) -> AsyncIterator[World]:
    """A process that takes requests and delivers nothing."""
    async with open_world(await sqlite_databases.create(), tmp_path, works=False) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """A real browser, which takes seconds to start: the tests of a module share it, and with it the module's event
    loop.
    """
    async with started_browser() as started:
        yield started
