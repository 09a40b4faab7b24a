"""The list of webhooks."""

import asyncio
import re

import pytest
from playwright.async_api import Browser, Route, expect

from tests.app.web.dashboard.pages import button, heading, opened, sign_in
from tests.world import World

# Each file costs a browser as much as a screenful of rows.
MOST_FILES = 26

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_list_is_shown_before_its_last_24_hours_are_counted(live: World, browser: Browser) -> None:
    await live.webhook(name="Billing")
    await live.publish()
    await live.until_status("SUCCEEDED")
    shown = asyncio.Event()

    async def once_the_list_is_shown(route: Route) -> None:
        if "WebhookCounts" in (route.request.post_data or ""):
            await shown.wait()
        await route.continue_()

    async with opened(live, browser, "webhooks") as page:
        await page.route("**/graphql", once_the_list_is_shown)
        await sign_in(page, live.key)
        bars = page.get_by_role("img", name="Last 24 hours")

        await expect(page.get_by_role("link", name="Billing")).to_be_visible()
        await expect(bars).to_have_count(0)
        shown.set()
        await expect(bars).to_have_accessible_name("Last 24 hours: 1 succeeded, 0 failed")
        await page.unroute_all(behavior="wait")


async def test_the_first_view_needs_no_other_modules_than_those_that_the_page_announces(
    live: World, browser: Browser
) -> None:
    await live.webhook(name="Billing")
    announced: list[str] = []

    async def withheld_unless_announced(route: Route) -> None:
        if any(route.request.url.endswith(name) for name in announced):
            await route.continue_()

    async with opened(live, browser, "webhooks") as page:
        announced += re.findall(r'"(/?dashboard/[^"]*\.js)"', await page.content())
        await page.route("**/dashboard/*/**.js", withheld_unless_announced)
        await page.reload()
        await sign_in(page, live.key)
        await expect(page.get_by_role("link", name="Billing")).to_be_visible()
        await page.unroute_all(behavior="ignoreErrors")

    assert 0 < len(announced) <= MOST_FILES


async def test_a_screen_that_a_newer_server_no_longer_has_says_so(live: World, browser: Browser) -> None:
    async with opened(live, browser, "webhooks") as page:
        await page.route("**/screens/recover.js", lambda route: route.fulfill(status=404))
        await page.reload()
        await sign_in(page, live.key)
        await page.get_by_role("link", name="Recover").click()
        await expect(page.get_by_text("This screen could not be loaded.")).to_be_visible()
        await page.unroute_all(behavior="ignoreErrors")
        await button(page, "Try again").click()
        await expect(heading(page, "Recover")).to_be_visible()
