"""The list of webhooks."""

import asyncio

import pytest
from playwright.async_api import Browser, Route, expect

from tests.app.web.dashboard.pages import opened, sign_in
from tests.world import World

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
