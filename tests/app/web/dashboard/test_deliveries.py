"""Deliveries as they happen, one with its attempts, and the recovery of failed ones."""

import pytest
from playwright.async_api import Browser, expect

from app.publishing.draft import EventDraft
from app.webhooks.drafts import AuthenticationDraft
from app.webhooks.lifecycle import pause_webhook
from tests.app.web.dashboard.pages import button, field, heading, signed_in
from tests.receiver import answer, in_turn
from tests.world import TICKET, World

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_deliveries_come_in_live_and_can_be_held(live: World, browser: Browser) -> None:
    await live.webhook(name="Billing")
    async with signed_in(live, browser, "deliveries") as page:
        await expect(page.get_by_text("No delivery matches.")).to_be_visible()
        await live.publish()
        await expect(page.get_by_role("link", name="Succeeded delivery of ticket.created")).to_have_count(1)
        await button(page, "Pause updates").click()
        await live.publish()
        await expect(button(page, "Show 1 new")).to_be_visible()
        await expect(page.get_by_role("link", name="Succeeded delivery of ticket.created")).to_have_count(1)
        await button(page, "Resume updates").click()
        await expect(page.get_by_role("link", name="Succeeded delivery of ticket.created")).to_have_count(2)


async def test_filters_compose_stand_in_the_address_and_are_cleared(live: World, browser: Browser) -> None:
    billing = await live.webhook(name="Billing")
    await live.webhook("/bad", name="Shipping", event_types=["ticket.created"])
    live.receiver.on("/bad", answer(500))
    await live.publish()
    await live.until_attempts(2)
    rows = "Deliveries"
    async with signed_in(live, browser, "deliveries") as page:
        table = page.get_by_role("table", name=rows)
        await expect(table.get_by_role("link", name="delivery of")).to_have_count(2)
        await field(page, "Webhook").focus()
        await field(page, "Webhook").select_option("Billing")
        await expect(table.get_by_role("link", name="delivery of")).to_have_count(1)
        await expect(field(page, "Webhook")).to_be_focused()
        await field(page, "Status").select_option("Failed")
        await expect(page.get_by_text("No delivery matches.")).to_be_visible()
        address = page.url
        await page.reload()
        await expect(field(page, "Status")).to_have_value("FAILED")
        await expect(page.get_by_text("No delivery matches.")).to_be_visible()
        await button(page, "Clear").click()
        await expect(table.get_by_role("link", name="delivery of")).to_have_count(2)

    assert f"webhook={billing.id}" in address
    assert "status=FAILED" in address


async def test_deliveries_and_events_are_found_by_a_value_in_their_data_and_counted(
    live: World, browser: Browser
) -> None:
    await live.webhook(name="Billing")
    for number in range(3):
        await live.publish(data={"ticket": {"id": f"tkt_{number}", "subject": "The printer is on fire"}})
    async with signed_in(live, browser, "deliveries") as page:
        found = page.get_by_role("link", name="delivery of ticket.created")
        await expect(found).to_have_count(3)
        await expect(page.get_by_text("3 when this list was opened")).to_be_visible()
        await field(page, "Value in the data").fill("ticket.id=tkt_1")
        await field(page, "Value in the data").press("Enter")
        await expect(found).to_have_count(1)
        await expect(page.get_by_text("1 when this list was opened")).to_be_visible()
        await page.goto("/dashboard#/events")
        await field(page, "Value in the data").fill("ticket.id=tkt_2")
        await field(page, "Value in the data").press("Enter")
        await expect(page.get_by_role("link", name="ticket.created")).to_have_count(1)


async def test_the_cause_of_a_failure_is_found_and_the_delivery_tried_again(live: World, browser: Browser) -> None:
    live.receiver.on("/", in_turn(answer(503, [("x-cause", "maintenance")], b'{"error":"closed"}'), answer(204)))
    await live.webhook(retry_delays_seconds=[3_600], authentication=AuthenticationDraft(bearer="t0ken"))
    await live.publish()
    async with signed_in(live, browser, "deliveries") as page:
        await page.get_by_role("link", name="Retrying delivery of ticket.created").click()
        await expect(heading(page, "Delivery")).to_be_visible()
        await expect(page.get_by_text("Next attempt")).to_be_visible()
        await expect(page.get_by_text("x-cause: maintenance")).to_be_visible()
        await expect(page.get_by_role("img", name="Time by part: ")).to_be_visible()
        await expect(page.get_by_text('"error": "closed"')).to_be_visible()
        await button(page.locator("section", has_text="Response"), "Raw").click()
        await expect(page.get_by_text('{"error":"closed"}', exact=True)).to_be_visible()
        await button(page, "Copy as curl").click()
        copied = await page.evaluate("navigator.clipboard.readText()")
        await button(page, "Retry now").click()
        await expect(page.get_by_text("Succeeded", exact=True)).to_be_visible()
        await expect(page.get_by_text("Attempt 2: ")).to_be_visible()
        await expect(page.get_by_text("Attempt 1: ")).to_be_visible()

    assert copied.startswith(f"curl -X POST '{live.receiver.url()}'")
    assert "webhook-signature" in copied
    assert live.receiver.requests[0].header("authorization") == "Bearer t0ken"
    assert "authorization" not in copied.lower()
    assert "t0ken" not in copied


async def test_a_delivery_is_canceled(live: World, browser: Browser) -> None:
    live.receiver.on("/", answer(500))
    await live.webhook()
    await live.publish()
    async with signed_in(live, browser, "deliveries") as page:
        await page.get_by_role("link", name="Retrying delivery of ticket.created").click()
        await button(page, "Cancel").click()
        await expect(page.get_by_text("Canceled", exact=True)).to_be_visible()
        await expect(button(page, "Cancel")).to_have_count(0)


async def test_a_delivery_that_is_gone_says_so(live: World, browser: Browser) -> None:
    async with signed_in(live, browser, "deliveries/dlv_01m8p0000000000000000000000") as page:
        await expect(page.get_by_text("This delivery does not exist. It may have been deleted.")).to_be_visible()


async def test_what_failed_is_counted_then_recovered_also_after_a_reload(live: World, browser: Browser) -> None:
    live.receiver.on("/", in_turn(*[answer(500)] * 3, answer(200)))
    await live.webhook(retry_delays_seconds=[])
    for _ in range(3):
        await live.publish()
    await live.until_status("FAILED", "FAILED", "FAILED")
    async with signed_in(live, browser, "recover") as page:
        await button(page, "Count").click()
        await expect(page.get_by_text("3 failed deliveries are tried again.")).to_be_visible()
        await button(page, "Recover them").click()
        await expect(page.get_by_text("3 of 3")).to_be_visible()
        await page.reload()
        await expect(page.get_by_text("3 of 3")).to_be_visible()
        await page.get_by_role("link", name="Deliveries", exact=True).click()
        await expect(page.get_by_role("link", name="Succeeded delivery of ticket.created")).to_have_count(3)


async def test_what_waits_for_a_retry_is_recovered_from_its_webhook(live: World, browser: Browser) -> None:
    live.receiver.on("/", in_turn(*[answer(503)] * 2, answer(204)))
    failing = await live.webhook(name="Billing", retry_delays_seconds=[3_600])
    await live.webhook("/other", name="Other")
    for _ in range(2):
        await live.publish()
    await live.until_attempts(4)
    async with signed_in(live, browser, f"webhooks/{failing.id}") as page:
        await expect(page.get_by_text("None finished; 2 open")).to_be_visible()
        await button(page, "Recover failures").click()
        await expect(field(page, "Webhook")).to_have_value(failing.id)
        await button(page, "Count").click()
        await expect(page.get_by_text("2 failed deliveries are tried again.")).to_be_visible()
        await button(page, "Recover them").click()
        await expect(page.get_by_text("2 of 2")).to_be_visible()

    await live.until_status("SUCCEEDED", "SUCCEEDED", "SUCCEEDED", "SUCCEEDED")


async def test_what_all_webhooks_missed_is_counted_and_sent_with_the_progress_of_each(
    live: World, browser: Browser
) -> None:
    await live.publish()
    await live.webhook("/billing", name="Billing")
    await live.webhook("/shipping", name="Shipping")
    async with signed_in(live, browser, "recover") as page:
        await field(page, "What").select_option("Events that were missed")
        await button(page, "Count").click()
        await expect(page.get_by_text("2 missed events are sent.")).to_be_visible()
        await button(page, "Recover them").click()
        await expect(page.get_by_text("1 of 1")).to_have_count(2)
        await page.reload()
        await expect(page.get_by_text("1 of 1")).to_have_count(2)

    assert {request.path for request in live.receiver.requests} == {"/billing", "/shipping"}


async def test_a_recovery_is_canceled(idle: World, browser: Browser) -> None:
    await idle.publish()
    await idle.webhook(name="Billing")
    async with signed_in(idle, browser, "recover") as page:
        await field(page, "What").select_option("Events that were missed")
        await button(page, "Count").click()
        await expect(page.get_by_text("1 missed event is sent.")).to_be_visible()
        await button(page, "Recover them").click()
        await expect(page.get_by_text("0 of 1")).to_be_visible()
        await button(page, "Cancel").click()
        await expect(page.get_by_text("Canceled", exact=True)).to_be_visible()
        await expect(button(page, "Cancel")).to_have_count(0)
        await page.get_by_role("link", name="See the deliveries").click()
        await expect(heading(page, "Deliveries")).to_be_visible()


async def test_a_long_list_is_loaded_as_one_scrolls_and_keeps_only_rows_in_view_in_the_document(
    live: World, browser: Browser
) -> None:
    paused = await live.webhook(name="Billing")
    await pause_webhook(live.resources, live.caller, paused.id)
    for _ in range(3):
        await live.resources.publisher.publish(live.caller, [EventDraft("ticket.created", TICKET)] * 100, batch=True)
    async with signed_in(live, browser, "deliveries") as page:
        rows = page.get_by_role("link", name="Pending delivery of ticket.created")
        await expect(rows.first).to_be_visible()
        table = page.get_by_role("region", name="Deliveries")
        for loaded in ("200", "300"):
            await table.evaluate("region => (region.scrollTop = region.scrollHeight)")
            await expect(page.get_by_role("table", name="Deliveries")).to_have_attribute("aria-rowcount", loaded)

        assert await rows.count() < 100


async def test_with_nothing_to_recover_the_screen_says_so(live: World, browser: Browser) -> None:
    async with signed_in(live, browser, "recover") as page:
        await button(page, "Count").click()
        await expect(page.get_by_text("There is nothing to recover.")).to_be_visible()
