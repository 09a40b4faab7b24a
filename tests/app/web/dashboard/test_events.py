"""Events: the list, one of them, a test event published, and the catalogue of types."""

import pytest
from playwright.async_api import Browser, expect

from tests.app.web.dashboard.pages import button, field, heading, signed_in
from tests.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_test_event_is_published_from_the_example(live: World, browser: Browser) -> None:
    await live.webhook(name="Billing")
    async with signed_in(live, browser, "events") as page:
        await expect(page.get_by_text("No event matches.")).to_be_visible()
        await button(page, "Publish a test event").click()
        await expect(heading(page, "Publish a test event")).to_be_visible()
        await field(page, "Event type").select_option("ticket.created")
        await button(page, "Publish").click()
        await expect(page.get_by_text("Published, with 1 delivery.")).to_be_visible()
        await page.get_by_role("link", name="See the event").click()
        await expect(heading(page, "Event")).to_be_visible()
        await expect(page.locator("pre")).to_contain_text('"type": "ticket.created"')
        await expect(page.get_by_role("link", name="Succeeded delivery of ticket.created")).to_be_visible()


async def test_an_event_that_no_webhook_receives_is_published_and_says_so(live: World, browser: Browser) -> None:
    await live.webhook(event_types=["agent.*"])
    async with signed_in(live, browser, "publish") as page:
        await field(page, "Event type").select_option("ticket.created")
        await button(page, "Publish").click()
        await expect(page.get_by_text("Published, but no webhook receives this event type.")).to_be_visible()


async def test_invalid_data_is_said_while_one_types_and_refused_at_its_field(live: World, browser: Browser) -> None:
    async with signed_in(live, browser, "publish") as page:
        await field(page, "Event type").select_option("ticket.created")
        await field(page, "Data").fill("{")
        await expect(page.get_by_text("This is not JSON")).to_be_visible()
        await field(page, "Data").fill('{"ticket": {"id": 7}}')
        await expect(page.get_by_text("data.ticket.id is number; it must be string.")).to_be_visible()
        await button(page, "Publish").click()
        await expect(field(page, "Data")).to_be_focused()
        await expect(field(page, "Data")).to_have_attribute("aria-invalid", "true")
        await expect(field(page, "Data")).to_have_value('{"ticket": {"id": 7}}')


async def test_an_event_that_is_gone_says_so(live: World, browser: Browser) -> None:
    async with signed_in(live, browser, "events/evt_none") as page:
        await expect(page.get_by_text("This event does not exist. It may have been deleted.")).to_be_visible()


async def test_a_custom_event_type_is_made_changed_and_archived(live: World, browser: Browser) -> None:
    async with signed_in(live, browser, "event-types") as page:
        await page.get_by_text("ticket.created", exact=False).first.click()
        await expect(page.get_by_text('"$schema"').first).to_be_attached()
        await button(page, "Add event type").click()
        await field(page, "Name").fill("No dots")
        await field(page, "Description").fill("An order left")
        await button(page, "Save").click()
        await expect(field(page, "Name")).to_have_attribute("aria-invalid", "true")
        await field(page, "Name").fill("order.shipped")
        await field(page, "JSON Schema").fill("{")
        await button(page, "Save").click()
        await expect(page.get_by_text("jsonSchema is not JSON")).to_be_visible()
        await field(page, "JSON Schema").fill('{"type": "object"}')
        await field(page, "Example").fill('{"order": 1}')
        await button(page, "Save").click()
        entry = page.locator("details", has_text="order.shipped")
        await entry.locator("summary").click()
        await button(entry, "Edit").click()
        await field(page, "Description").fill("An order was shipped")
        await button(page, "Save").click()
        await expect(page.get_by_text("An order was shipped")).to_be_visible()
        await entry.locator("summary").click()
        await button(entry, "Archive").click()
        await expect(entry.get_by_text("Archived", exact=True)).to_be_visible()
