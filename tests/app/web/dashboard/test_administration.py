"""API keys and the audit log, for administrators."""

import pytest
from playwright.async_api import Browser, expect

from tests.app.web.dashboard.pages import button, field, heading, opened, sign_in, signed_in
from tests.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_key_is_made_shown_once_used_and_revoked(live: World, browser: Browser) -> None:
    async with signed_in(live, browser, "api-keys") as page:
        await expect(heading(page, "API keys")).to_be_visible()
        await button(page, "Create").click()
        await expect(field(page, "Name")).to_have_attribute("aria-invalid", "true")
        await field(page, "Name").fill("Reader")
        await field(page, "READ").check()
        await button(page, "Create").click()
        key = await page.get_by_role("group", name="API key", exact=True).locator("code").inner_text()
        async with opened(live, browser) as other:
            await sign_in(other, key)
            await expect(other.get_by_role("link", name="API keys")).to_have_count(0)
        await button(page, "Revoke Reader").click()
        await button(page.get_by_role("dialog"), "Revoke").click()
        await expect(page.get_by_role("row", name="Reader")).to_contain_text("Revoked")


async def test_the_last_key_of_an_administrator_is_kept_with_a_sentence(live: World, browser: Browser) -> None:
    async with signed_in(live, browser, "api-keys") as page:
        await page.get_by_role("button", name="Revoke").click()
        await button(page.get_by_role("dialog"), "Revoke").click()
        await expect(page.get_by_role("alert")).to_be_visible()


async def test_the_audit_log_says_who_changed_what(live: World, browser: Browser) -> None:
    await live.webhook(name="Billing")
    async with signed_in(live, browser, "audit-log") as page:
        row = page.get_by_role("row", name="webhook.created")
        await expect(row).to_be_visible()
        await row.get_by_text("Changes").click()
        await expect(row.locator("pre")).to_contain_text("Billing")


async def test_a_screen_that_the_key_does_not_allow_says_so(live: World, browser: Browser) -> None:
    from app.access.keys import KeyDraft, create_key
    from app.statuses import Scope

    made = await create_key(live.resources, live.caller, KeyDraft("Ada", [Scope.READ]))
    async with signed_in(live, browser, "audit-log", key=made.key) as page:
        await expect(page.get_by_text("Your key does not allow this. It needs the scope ADMIN")).to_be_visible()


async def test_an_address_that_names_nothing_leads_back(live: World, browser: Browser) -> None:
    async with signed_in(live, browser, "nonsense") as page:
        await page.get_by_role("link", name="Go to the webhooks").click()
        await expect(heading(page, "Webhooks")).to_be_visible()
