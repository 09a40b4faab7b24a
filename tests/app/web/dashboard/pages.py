"""The dashboard in a real browser, where nothing may go wrong and no request may go elsewhere."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, Locator, Page, expect

from tests.graph.serving import served
from tests.world import World

# Browser messages about an answer that the page shows as a sentence.
_EXPECTED = re.compile(r"the server responded with a status of (4\d\d|503)")


class Watch:
    """Collects forbidden occurrences on a page: errors, reports of the policy, and requests to other servers."""

    def __init__(self, *origins: str) -> None:
        self.wrong: list[str] = []
        self.requests: list[str] = []
        self._origins = origins

    def over(self, page: Page) -> None:
        """Watch a page from now on."""
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("console", lambda message: self._said(message.text) if message.type == "error" else None)
        page.on("request", lambda request: self._asked(request.url))

    def _said(self, text: str) -> None:
        if not _EXPECTED.search(text):
            self.wrong.append(text)

    def _asked(self, url: str) -> None:
        self.requests.append(url)
        if not url.startswith(("data:", *(f"{origin}/" for origin in self._origins))):
            self.wrong.append(f"A foreign request: {url}")
        elif url.startswith(self._origins[0]) and not url.startswith(_served(self._origins[0])):
            self.wrong.append(f"Not the public API: {url}")


def _served(origin: str) -> tuple[str, ...]:
    """What the page may request: its own files, its session, and the public endpoint."""
    return (f"{origin}/dashboard", f"{origin}/graphql")


@asynccontextmanager
async def opened(world: World, browser: Browser, path: str = "", **context: Any) -> AsyncIterator[Page]:
    """The dashboard at a place, before anyone has signed in."""
    async with served(world.resources) as address:
        origin = f"http://{address}"
        watch = Watch(origin)
        made = await browser.new_context(base_url=origin, permissions=["clipboard-read", "clipboard-write"], **context)
        page = await made.new_page()
        watch.over(page)
        await page.goto(f"/dashboard#/{path}")
        yield page
        await made.close()
    assert watch.wrong == []


@asynccontextmanager
async def signed_in(
    world: World, browser: Browser, path: str = "", key: str | None = None, **context: Any
) -> AsyncIterator[Page]:
    """The dashboard at a place, signed in with a key."""
    async with opened(world, browser, path, **context) as page:
        await sign_in(page, key or world.key)
        yield page


async def sign_in(page: Page, key: str) -> None:
    """Paste a key and wait for the screen."""
    await page.get_by_label("API key", exact=True).fill(key)
    await button(page, "Sign in").click()
    await expect(page.get_by_role("navigation", name="Screens")).to_be_visible()


def button(page: Page | Locator, name: str) -> Locator:
    """The button with exactly this name."""
    return page.get_by_role("button", name=name, exact=True)


def heading(page: Page, name: str) -> Locator:
    """The heading of a screen."""
    return page.get_by_role("heading", name=name, exact=True, level=1)


def field(page: Page | Locator, label: str) -> Locator:
    """The control with exactly this label."""
    return page.get_by_label(label, exact=True)
