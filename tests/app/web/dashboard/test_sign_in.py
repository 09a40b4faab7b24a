"""Signing in to the dashboard with a real browser, and what ends it."""

import pytest
from playwright.async_api import Browser, expect

from app.access.keys import KeyDraft, create_key, revoke_key
from app.statuses import Scope
from tests.app.web.dashboard.pages import button, field, heading, opened, sign_in, signed_in
from tests.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_key_is_pasted_once_and_kept_nowhere_in_the_page(live: World, browser: Browser) -> None:
    async with signed_in(live, browser) as page:
        await expect(heading(page, "Webhooks")).to_be_visible()
        kept = await page.evaluate("[document.cookie, localStorage.length, sessionStorage.length, location.href]")
        await page.reload()
        await expect(heading(page, "Webhooks")).to_be_visible()

    assert kept[:3] == ["", 0, 0]
    assert live.key not in kept[3]


async def test_a_wrong_key_is_refused_at_its_field_and_can_be_put_right(live: World, browser: Browser) -> None:
    async with opened(live, browser) as page:
        await field(page, "API key").fill("eev_wrong")
        await button(page, "Sign in").click()
        await expect(page.get_by_text("The API key is not valid.")).to_be_visible()
        await expect(field(page, "API key")).to_be_focused()
        await expect(field(page, "API key")).to_have_attribute("aria-invalid", "true")
        await sign_in(page, live.key)


async def test_signing_out_leads_back_to_the_way_in(live: World, browser: Browser) -> None:
    async with signed_in(live, browser) as page:
        await button(page, "Sign out").click()
        await expect(field(page, "API key")).to_be_visible()
        await page.reload()
        await expect(field(page, "API key")).to_be_visible()


async def test_a_key_that_is_revoked_under_an_open_page_leads_back_to_the_way_in(live: World, browser: Browser) -> None:
    made = await create_key(live.resources, live.caller, KeyDraft("Ada", [Scope.READ]))
    async with signed_in(live, browser, "deliveries", key=made.key) as page:
        await expect(heading(page, "Deliveries")).to_be_visible()
        await revoke_key(live.resources, live.resources.authenticator.keys, live.caller, made.api_key.id)
        await expect(page.get_by_text("Your session has ended, or its key was revoked. Sign in again.")).to_be_visible()
        await sign_in(page, live.key)
        await expect(heading(page, "Deliveries")).to_be_visible()


async def test_what_the_key_s_scopes_do_not_allow_is_not_shown(live: World, browser: Browser) -> None:
    made = await create_key(live.resources, live.caller, KeyDraft("Ada", [Scope.READ]))
    webhook = await live.webhook()
    async with signed_in(live, browser, key=made.key) as page:
        await expect(page.get_by_role("link", name=webhook.name, exact=True)).to_be_visible()
        links = await page.get_by_role("navigation").get_by_role("link").all_text_contents()
        await expect(button(page, "Add Webhook")).to_have_count(0)
        await page.get_by_role("link", name=webhook.name, exact=True).click()
        await expect(heading(page, webhook.name)).to_be_visible()
        for name in ("Edit", "Pause", "Ping", "Delete", "Reveal secret", "Rotate secret"):
            await expect(button(page, name)).to_have_count(0)

    assert links == ["Webhooks", "Deliveries", "Events", "Event types"]


async def test_the_keyboard_alone_signs_in(live: World, browser: Browser) -> None:
    async with opened(live, browser) as page:
        await expect(field(page, "API key")).to_be_focused()
        await page.keyboard.type(live.key)
        await page.keyboard.press("Enter")
        await expect(heading(page, "Webhooks")).to_be_visible()
