"""A real browser for pages and for what pages of others may do; skipped where there is none, but for the CI."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, async_playwright, expect

from tests.patience import PATIENCE_SECONDS

_CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
# As root there is no sandbox; the others keep the browser from calling home.
_ARGUMENTS = [
    *["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
    *["--disable-background-networking", "--disable-component-update", "--disable-sync"],
]

expect.set_options(timeout=PATIENCE_SECONDS * 1_000)


@asynccontextmanager
async def started_browser() -> AsyncIterator[Browser]:
    """A browser, which the CI has to have."""
    if _CHROMIUM is None and "CI" not in os.environ:
        pytest.skip("There is no Chromium on this machine.")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=_CHROMIUM, args=_ARGUMENTS)
        yield browser
        await browser.close()
