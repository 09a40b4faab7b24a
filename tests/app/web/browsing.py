"""A real browser for pages, and for what pages of other sites may do; skipped if there is none, except in the CI."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, async_playwright, expect

from tests.patience import PATIENCE_SECONDS

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
# There is no sandbox for root; the other arguments prevent the browser's own requests.
_ARGUMENTS = [
    *["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
    *["--disable-background-networking", "--disable-component-update", "--disable-sync"],
]

expect.set_options(timeout=PATIENCE_SECONDS * 1_000)


@asynccontextmanager
async def started_browser() -> AsyncIterator[Browser]:
    """A browser, which must exist in the CI."""
    if CHROMIUM is None and "CI" not in os.environ:
        pytest.skip("There is no Chromium on this machine.")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=_ARGUMENTS)
        yield browser
        await browser.close()
