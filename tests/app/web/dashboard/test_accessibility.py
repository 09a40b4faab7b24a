"""Every screen is checked by axe: names, roles, contrast, order of headings and everything else that it checks."""

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, ViewportSize

from tests.app.web.dashboard.lived_in import lived_in, settled
from tests.app.web.dashboard.pages import opened, signed_in
from tests.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

GRAVE = {"serious", "critical"}
WIDE: ViewportSize = {"width": 1100, "height": 720}
NARROW: ViewportSize = {"width": 390, "height": 720}


async def violations(page: Page) -> list[str]:
    """The serious violations on the present page: the rule, and the elements that break it."""
    found = (await Axe().run(page)).response["violations"]
    grave = [each for each in found if each["impact"] in GRAVE]
    return [f"{each['id']}: {node['html']} ({node['failureSummary']})" for each in grave for node in each["nodes"]]


@pytest.mark.parametrize(("scheme", "viewport"), [("light", WIDE), ("dark", WIDE), ("light", NARROW)])
async def test_no_screen_breaks_a_rule_of_accessibility(
    live: World, browser: Browser, scheme: str, viewport: ViewportSize
) -> None:
    places = await lived_in(live)
    found = {}
    async with signed_in(live, browser, color_scheme=scheme, viewport=viewport) as page:
        for name, place in places.items():
            await page.goto(f"/dashboard#/{place}")
            await settled(page)
            for details in await page.locator("main details").all():
                await details.evaluate("details => (details.open = true)")
            found[name] = await violations(page)

    assert {name: wrong for name, wrong in found.items() if wrong} == {}


async def test_the_way_in_breaks_no_rule_of_accessibility(live: World, browser: Browser) -> None:
    async with opened(live, browser) as page:
        await settled(page)

        assert await violations(page) == []
