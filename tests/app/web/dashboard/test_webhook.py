"""The list of webhooks, and one of them with its actions."""

import re

import pytest
from playwright.async_api import Browser, Page, expect

from app.webhooks.lifecycle import delete_webhook
from tests.app.web.dashboard.pages import button, field, heading, signed_in
from tests.receiver import answer, in_turn
from tests.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_list_shows_and_finds_webhooks_and_follows_them(live: World, browser: Browser) -> None:
    await live.webhook(name="Billing")
    async with signed_in(live, browser) as page:
        await expect(page.get_by_role("link", name="Billing", exact=True)).to_be_visible()
        await live.webhook(name="Shipping")
        await expect(page.get_by_role("link", name="Shipping", exact=True)).to_be_visible()
        await expect(page.get_by_text("Idle", exact=True).last).to_be_visible()
        await field(page, "Search").fill("ship")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("link", name="Billing", exact=True)).to_have_count(0)
        await expect(field(page, "Search")).to_be_focused()
        await field(page, "Search").fill("nothing of that name")
        await page.keyboard.press("Enter")
        await button(page, "Clear").click()
        await expect(page.get_by_role("link", name="Billing", exact=True)).to_be_visible()


async def test_the_list_is_narrowed_to_what_is_not_well_and_sorted(live: World, browser: Browser) -> None:
    live.receiver.on("/bad", answer(500))
    await live.webhook("/bad", name="Shipping")
    await live.webhook(name="Billing")
    await live.publish()
    await live.until_attempts(2)
    async with signed_in(live, browser) as page:
        failing = page.get_by_role("row", name="Shipping")
        await expect(failing).to_contain_text("Failing")
        await failing.locator("time").hover()
        await expect(failing.locator("time")).to_have_attribute("title", re.compile(r"\b20\d\d\b"))
        await field(page, "Sort").select_option("By name")
        await expect(page.get_by_role("row").nth(1)).to_contain_text("Billing")
        await field(page, "Health").select_option("Failing")
        await expect(page.get_by_role("row", name="Billing")).to_have_count(0)
        await page.get_by_role("link", name="Shipping", exact=True).click()
        await expect(page.get_by_text("Last failure")).to_be_visible()
        said = page.get_by_role("status").filter(has_text="Without a success the webhook is disabled at")
        await expect(said).to_have_text(re.compile(r"disabled at [A-Z][a-z]+ \d+, \d{4}, \d+:\d\d:\d\d [AP]M\."))


async def test_without_webhooks_the_next_step_is_named(live: World, browser: Browser) -> None:
    async with signed_in(live, browser) as page:
        await expect(page.get_by_text("There are no webhooks yet. Choose Add Webhook to be sent")).to_be_visible()
        await button(page, "Add Webhook").click()
        await expect(heading(page, "Add Webhook")).to_be_visible()


async def test_a_webhook_is_paused_resumed_pinged_and_its_secret_rotated_and_revealed(
    live: World, browser: Browser
) -> None:
    webhook = await live.webhook()
    async with signed_in(live, browser, f"webhooks/{webhook.id}") as page:
        await button(page, "Pause").click()
        await expect(button(page, "Resume")).to_be_focused()
        await button(page, "Resume").click()
        await expect(button(page, "Pause")).to_be_visible()
        await button(page, "Ping").click()
        await expect(page.get_by_text("The receiver answered 200.")).to_be_visible()
        before = await revealed(page)
        await button(page, "Rotate secret").click()
        await button(page.get_by_role("dialog"), "Rotate secret").click()
        await expect(page.get_by_text("The new secret. It is shown this once.")).to_be_visible()
        rotated = await page.get_by_role("group", name="Secret", exact=True).locator("code").inner_text()
        await expect(page.get_by_text(re.compile("signs until"))).to_be_visible()
        after = await revealed(page)

    assert rotated == after != before


async def revealed(page: Page) -> str:
    await button(page, "Reveal secret").click()
    await expect(page.get_by_text("The current secret.")).to_be_visible()
    return await page.get_by_role("group", name="Secret", exact=True).locator("code").inner_text()


async def test_open_problems_are_shown_with_an_example_and_all_of_one_is_tried_again(
    live: World, browser: Browser
) -> None:
    live.receiver.on("/", answer(503))
    webhook = await live.webhook(retry_delays_seconds=[3_600])
    for _ in range(2):
        await live.publish()
    await live.until_status("RETRYING", "RETRYING")
    async with signed_in(live, browser, f"webhooks/{webhook.id}") as page:
        problems = page.get_by_role("region", name="Problems")
        await expect(problems).to_contain_text("503")
        await expect(problems).to_contain_text("2 attempts failed since")
        await expect(problems).to_contain_text("deliveries affected: 2.")
        await problems.get_by_role("link", name="See an example").click()
        await expect(page.get_by_text("Attempt 1: ")).to_be_visible()
        await page.go_back()
        live.receiver.on("/", answer(204))
        await button(problems, "Retry all of it").click()
        await expect(page.get_by_text("2 of 2")).to_be_visible()
        await live.until_status("SUCCEEDED", "SUCCEEDED")
        await page.goto(f"/dashboard#/webhooks/{webhook.id}")
        await expect(heading(page, webhook.name)).to_be_visible()
        await expect(problems).to_have_count(0)


async def test_the_last_24_hours_are_charted_by_outcome_with_percentiles_of_latency(
    live: World, browser: Browser
) -> None:
    live.receiver.on("/", in_turn(answer(204), answer(500)))
    webhook = await live.webhook(retry_delays_seconds=[])
    await live.publish()
    await live.until_attempts(1)
    await live.publish()
    await live.until_status("SUCCEEDED", "FAILED")
    async with signed_in(live, browser, f"webhooks/{webhook.id}") as page:
        day = page.get_by_role("region", name="The last 24 hours")
        await expect(day.get_by_role("img", name="Outcomes")).to_have_accessible_name(
            "Outcomes in the last 24 hours: 1 succeeded, 1 failed"
        )
        await expect(day).to_contain_text("50% succeeded, 1 of 2; 0 open")
        await expect(day).to_contain_text(re.compile("By outcome: .*HTTP error 1"))
        await expect(day).to_contain_text(re.compile("Latency: p50 .* ms, p95 .* ms, p99 .* ms"))


async def test_a_setting_without_a_value_is_left_out(live: World, browser: Browser) -> None:
    webhook = await live.webhook(retry_delays_seconds=[60, 5_400])
    async with signed_in(live, browser, f"webhooks/{webhook.id}") as page:
        await expect(page.get_by_text("1 min, 1 h 30 min", exact=True)).to_be_visible()
        names = await page.locator("dl.facts dt").all_text_contents()

    assert {"Events", "Retries after"} <= set(names)
    assert {"Headers", "IP allowlist", "Filter"}.isdisjoint(names)


async def test_a_webhook_is_edited_and_what_was_not_touched_stays(live: World, browser: Browser) -> None:
    webhook = await live.webhook(description="Ours", max_in_flight=7)
    async with signed_in(live, browser, f"webhooks/{webhook.id}") as page:
        await button(page, "Edit").click()
        await field(page, "Name").fill("")
        await button(page, "Save").click()
        await expect(field(page, "Name")).to_be_focused()
        await field(page, "Name").fill("Renamed")
        await button(page, "Save").click()
        await expect(heading(page, "Renamed")).to_be_visible()
        await expect(page.get_by_role("row", name="webhook.updated")).to_be_visible()

    [row] = await live.rows("webhook")
    assert (row["name"], row["description"], row["max_in_flight"]) == ("Renamed", "Ours", 7)


async def test_unsaved_changes_are_tried_with_what_is_stored_and_a_filter_on_past_events(
    live: World, browser: Browser
) -> None:
    webhook = await live.webhook("/old", name="Billing")
    await live.publish()
    await live.until_status("SUCCEEDED")
    live.receiver.on("/new", answer(404, body=b"no such path"))
    async with signed_in(live, browser, f"edit-webhook/{webhook.id}") as page:
        await field(page, "URL").fill(live.receiver.url("/new"))
        await button(page, "Test connection").click()
        await expect(page.get_by_text("The connection does not work yet.")).to_be_visible()
        await expect(page.get_by_text("no such path")).to_be_visible()
        await page.get_by_text("Advanced", exact=True).click()
        await field(page, "Filter").fill('data.ticket.status == "closed"')
        await expect(page.get_by_text("It is true for 0 of the last 1 events.")).to_be_visible()
        await field(page, "Filter").fill('data.ticket.status == "open"')
        await expect(page.get_by_text("It is true for 1 of the last 1 events.")).to_be_visible()
        await field(page, "Filter").fill("data.ticket.")
        await expect(page.locator("p.problem")).to_be_visible()

    assert (await live.rows("webhook"))[0]["url"] == live.receiver.url("/old")


async def test_a_webhook_is_deleted_only_after_its_name_was_typed(live: World, browser: Browser) -> None:
    webhook = await live.webhook(name="Billing")
    async with signed_in(live, browser, f"webhooks/{webhook.id}") as page:
        await button(page, "Delete").click()
        dialog = page.get_by_role("dialog")
        await expect(button(dialog, "Delete")).to_be_disabled()
        await dialog.get_by_role("textbox").fill("Billing")
        await button(dialog, "Delete").click()
        await expect(page.get_by_text("There are no webhooks yet.")).to_be_visible()


async def test_a_webhook_that_is_gone_says_so_with_a_way_back(live: World, browser: Browser) -> None:
    webhook = await live.webhook()
    await delete_webhook(live.resources, live.caller, webhook.id)
    async with signed_in(live, browser, f"webhooks/{webhook.id}") as page:
        await expect(page.get_by_text("This webhook does not exist. It may have been deleted.")).to_be_visible()
        await page.get_by_role("link", name="Back to the list").click()
        await expect(heading(page, "Webhooks")).to_be_visible()


async def test_a_webhook_that_the_receiver_ended_says_why(live: World, browser: Browser) -> None:
    live.receiver.on("/", answer(410))
    webhook = await live.webhook()
    async with signed_in(live, browser, f"webhooks/{webhook.id}") as page:
        await expect(button(page, "Pause")).to_be_visible()
        await live.publish()
        await expect(button(page, "Resume")).to_be_visible()
        await expect(page.locator("main")).to_contain_text("410")
        await expect(page.get_by_text("Fix, try one, resume")).to_be_visible()
        live.receiver.on("/", answer(200))
        await button(page, "Ping").click()
        await expect(page.get_by_text("The receiver answered 200.")).to_be_visible()
        await button(page, "Resume").click()
        await expect(page.get_by_text("Fix, try one, resume")).to_have_count(0)
