"""Every screen is checked by axe: names, roles, contrast, order of headings and everything else that it checks."""

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, ViewportSize, expect

from tests.app.web.dashboard.lived_in import lived_in, settled
from tests.app.web.dashboard.pages import button, field, heading, opened, signed_in
from tests.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

GRAVE = {"serious", "critical"}
WIDE: ViewportSize = {"width": 1100, "height": 720}
NARROW: ViewportSize = {"width": 390, "height": 720}
LOOKS = [("light", WIDE), ("dark", WIDE), ("light", NARROW), ("dark", NARROW)]


async def violations(page: Page) -> list[str]:
    """The serious violations on the present page: the rule, and the elements that break it."""
    found = (await Axe().run(page)).response["violations"]
    grave = [each for each in found if each["impact"] in GRAVE]
    return [f"{each['id']}: {node['html']} ({node['failureSummary']})" for each in grave for node in each["nodes"]]


@pytest.mark.parametrize(("scheme", "viewport"), LOOKS)
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


@pytest.mark.parametrize(("scheme", "viewport"), LOOKS)
async def test_no_dialog_and_nothing_that_an_action_shows_breaks_a_rule_of_accessibility(
    live: World, browser: Browser, scheme: str, viewport: ViewportSize
) -> None:
    webhook = await live.webhook(name="Billing")
    found = {}
    async with signed_in(live, browser, color_scheme=scheme, viewport=viewport) as page:
        await page.goto(f"/dashboard#/webhooks/{webhook.id}")
        for name in ("Delete", "Rotate secret"):
            await button(page, name).click()
            await expect(page.get_by_role("dialog")).to_be_visible()
            found[name] = await violations(page)
            await button(page, "Keep it").click()
        for name, shown in (("Reveal secret", "The current secret."), ("Ping", "The receiver answered 200.")):
            await button(page, name).click()
            await expect(page.get_by_text(shown)).to_be_visible()
            found[name] = await violations(page)
        await page.goto("/dashboard#/api-keys")
        await button(page, f"Revoke {await key_name(page)}").click()
        await expect(page.get_by_role("dialog")).to_be_visible()
        found["Revoke"] = await violations(page)
        await button(page, "Keep it").click()
        await page.goto("/dashboard#/add-webhook")
        await button(page, "Save").click()
        await expect(field(page, "Name")).to_be_focused()
        found["errors at fields"] = await violations(page)
        await field(page, "Name").fill("Billing")
        await field(page, "URL").fill(live.receiver.url())
        await field(page, "ticket.*").check()
        await button(page, "Test connection").click()
        await expect(page.get_by_text("The connection works.")).to_be_visible()
        found["Test connection"] = await violations(page)
        await button(page, "Save").click()
        await expect(heading(page, "Billing is saved")).to_be_visible()
        found["saved"] = await violations(page)

    assert {name: wrong for name, wrong in found.items() if wrong} == {}


async def key_name(page: Page) -> str:
    row = page.get_by_role("table", name="API keys").locator("tbody td").first
    return (await row.inner_text()).split(" …")[0]


async def test_the_way_in_breaks_no_rule_of_accessibility(live: World, browser: Browser) -> None:
    async with opened(live, browser) as page:
        await settled(page)

        assert await violations(page) == []
