"""What the page withstands: hostile texts, a server that restarts, and little room."""

import json
import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.app.web.dashboard.pages import Watch, button, heading, sign_in, signed_in
from tests.app.web.running import Running
from tests.receiver import Receiver, answer
from tests.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

MARKUP = "<img src=x onerror=alert(1)><script>alert(1)</script>\"'`"
HOSTILE = [MARKUP, "\u202egnp.exe\u202c \u2066\u05d0", "👩‍👩‍👧‍👦🏳️‍🌈", "x" * 100]
SCREENS = [
    "webhooks",
    "add-webhook",
    "deliveries",
    "events",
    "publish",
    "recover",
    "event-types",
    "operations",
    "api-keys",
    "audit-log",
]


@pytest.mark.parametrize("text", HOSTILE, ids=["markup", "right-to-left", "emoji", "long"])
async def test_what_people_and_receivers_write_is_shown_as_text(live: World, browser: Browser, text: str) -> None:
    # The API refuses names with characters that reverse text; answers of receivers may contain them.
    name, long = re.sub("[\u202a-\u202e\u2066-\u2069]", "", text), text * 100
    live.receiver.on("/", answer(500, [("x-text", "<b>header</b>")], long.encode()))
    webhook = await live.webhook(f"/?{text.encode().hex()}", name=name, description=name)
    ticket = {"ticket": {"id": text, "subject": long, "status": "open", "priority": "low"}}
    event = await live.publish(data=ticket)
    await live.until_attempts(1)
    [delivery] = await live.deliveries()
    async with signed_in(live, browser) as page:
        for place in ("webhooks", f"webhooks/{webhook.id}", f"deliveries/{delivery['id']}", "recover"):
            await page.goto(f"/dashboard#/{place}")
            await expect(page.locator("main")).to_contain_text(name)
        await page.goto("/dashboard#/audit-log")
        await expect(page.locator("main")).to_contain_text(json.dumps(name, ensure_ascii=False))
        await page.goto(f"/dashboard#/deliveries/{delivery['id']}")
        await expect(page.locator("main")).to_contain_text(long)
        await page.goto(f"/dashboard#/events/{event.row.id}")
        await expect(page.locator("main pre")).to_contain_text(json.dumps(text, ensure_ascii=False)[1:-1])
        assert await page.locator("main img, main script, main b").count() == 0
        await expect_no_horizontal_scroll(page)


@pytest.mark.parametrize("path", SCREENS)
async def test_a_screen_fits_on_a_phone(live: World, browser: Browser, path: str) -> None:
    await live.webhook(name="A webhook with a rather long name, as people like to give them")
    await live.publish()
    await live.until_attempts(1)
    async with signed_in(live, browser, path, viewport={"width": 390, "height": 844}) as page:
        await expect(page.get_by_role("heading", level=1)).to_be_visible()
        await expect(page.get_by_text("Loading…")).to_have_count(0)
        await expect_no_horizontal_scroll(page)


async def expect_no_horizontal_scroll(page: Page) -> None:
    widths = await page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert widths[0] <= widths[1]


async def test_a_restart_under_the_live_tail_loses_nothing_and_needs_no_reload(
    tmp_path: Path, browser: Browser
) -> None:
    data = tmp_path / "data"
    async with Receiver() as receiver:
        with Running(data) as first:
            key, port = first.key, first.url.rsplit(":", 1)[1]
            watch = Watch(first.url)
            context = await browser.new_context(base_url=first.url)
            page = await context.new_page()
            page.on("request", lambda request: watch.requests.append(request.url))
            await page.goto("/dashboard#/deliveries")
            await sign_in(page, key)
            create(first, key, receiver.url())
            publish(first, key)
            await expect(page.get_by_role("link", name="Succeeded delivery")).to_have_count(1)
            first.stop()
        await expect(page.get_by_text("The connection was lost.")).to_be_visible()
        loaded = watch.requests.count(f"{first.url}/dashboard")
        with Running(data, port=port) as second:
            publish(second, key)
            await expect(page.get_by_role("link", name="Succeeded delivery")).to_have_count(2)
            await expect(page.get_by_text("The connection was lost.")).to_be_hidden()
            publish(second, key)
            await expect(page.get_by_role("link", name="Succeeded delivery")).to_have_count(3)
            await context.close()

    assert watch.requests.count(f"{first.url}/dashboard") == loaded


async def test_two_tabs_show_the_same(live: World, browser: Browser) -> None:
    webhook = await live.webhook(name="Billing")
    async with signed_in(live, browser, f"webhooks/{webhook.id}") as page:
        other = await page.context.new_page()
        await other.goto(page.url)
        await expect(heading(other, "Billing")).to_be_visible()
        await button(page, "Pause").click()
        await expect(button(other, "Resume")).to_be_visible()


def create(server: Running, key: str, url: str) -> None:
    given = f'{{ name: "Billing", url: {json.dumps(url)}, eventTypes: ["*"] }}'
    server.ask(f"mutation {{ createWebhook(input: {given}) {{ webhook {{ id }} }} }}", key)


def publish(server: Running, key: str) -> None:
    data = '{ ticket: { id: "tkt_1", subject: "Hello", status: "open", priority: "low" } }'
    server.ask(
        f'mutation {{ publishEvent(input: {{ type: "ticket.created", data: {data} }}) {{ event {{ id }} }} }}', key
    )
