"""The portal: the page in a frame of another site, with the lines of docs/portal.md."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, FrameLocator, Page, expect

from app.access.narrowing import Narrowing
from app.access.token_signer import Claims
from app.statuses import Scope
from tests.app.web.dashboard.pages import Watch, button, opened
from tests.databases import SqliteDatabases
from tests.graph.serving import served
from tests.receiver import Received, Receiver, Wire, answer, head
from tests.world import World, open_world

pytestmark = pytest.mark.asyncio(loop_scope="module")

DOCS = (Path(__file__).parents[4] / "docs" / "portal.md").read_text()
[LINES] = re.findall(r"```html\n(.*?)```", DOCS, re.DOTALL)
LOGO = '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><rect width="10" height="10"/></svg>'


class Site:
    """Another site, which embeds the portal and issues tokens."""

    def __init__(self, receiver: Receiver, world: World, scopes: frozenset[Scope], seconds: float) -> None:
        self.receiver, self._world, self._scopes, self._seconds = receiver, world, scopes, seconds
        self.url = receiver.url("/site", host="localhost")
        self.tokens: list[str] = []
        receiver.on("/webhooks-token", self._give)

    async def _give(self, _: Received, wire: Wire) -> None:
        resources, key_id = self._world.resources, self._world.caller.api_key_id
        assert key_id is not None
        ends = resources.clock.now() + timedelta(seconds=self._seconds)
        self.tokens.append(resources.authenticator.signer.write(Claims(key_id, self._scopes, ends)))
        body = self.tokens[-1].encode()
        await wire.send(head(200, [("Content-Length", str(len(body)))]) + body)


@asynccontextmanager
async def embedded(
    databases: SqliteDatabases,
    directory: Path,
    browser: Browser,
    *,
    scopes: frozenset[Scope] = frozenset(Scope),
    seconds: float = 900,
) -> AsyncIterator[tuple[Page, FrameLocator, Site, World]]:
    """The portal in a page of another origin."""
    logo = directory / "logo.svg"
    logo.write_text(LOGO)
    async with Receiver() as receiver:
        ancestor = receiver.url("", host="localhost")
        look: dict[str, Any] = {"dashboard_accent": "#0a7d5a", "dashboard_logo": logo, "dashboard_language": "de"}
        async with (
            open_world(await databases.create(), directory, frame_ancestors=[ancestor], **look) as world,
            served(world.resources) as address,
        ):
            site = Site(receiver, world, scopes, seconds)
            page_of_site = LINES.replace("https://webhooks.example.com", f"http://{address}").encode()
            receiver.on("/site", answer(200, [("Content-Type", "text/html")], page_of_site))
            watch = Watch(f"http://{address}", ancestor)
            context = await browser.new_context()
            page = await context.new_page()
            watch.over(page)
            await page.goto(site.url)
            yield page, page.frame_locator("iframe"), site, world
            await context.close()
    assert [text for text in watch.wrong if "favicon" not in text] == []
    assert not any(token in url for token in site.tokens for url in watch.requests)


async def test_ten_lines_put_the_portal_into_another_site(
    sqlite_databases: SqliteDatabases, tmp_path: Path, browser: Browser
) -> None:
    async with embedded(sqlite_databases, tmp_path, browser) as (page, portal, site, world):
        await expect(portal.get_by_role("heading", name="Webhooks", level=1)).to_be_visible()
        links = await portal.get_by_role("navigation").get_by_role("link").all_text_contents()
        [frame] = page.frames[1:]
        accent = await frame.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--accent')")
        await expect(portal.get_by_role("img", name="Logo")).to_be_visible()
        shown = await portal.get_by_role("img", name="Logo").evaluate("(image) => image.naturalWidth")
        webhook = await world.webhook(name="Billing")
        await portal.get_by_role("link", name="Billing", exact=True).click()
        await button(portal.locator("main"), "Pause").click()
        await expect(button(portal.locator("main"), "Resume")).to_be_visible()
        address = frame.url

    assert len([line for line in LINES.splitlines() if line.strip()]) == 10
    assert links == ["Webhooks", "Deliveries", "Events", "Recover", "Event types"]
    assert accent == "#0a7d5a"
    assert shown > 0
    assert address.endswith(f"/dashboard#/webhooks/{webhook.id}")
    assert not any(token in address for token in site.tokens)


async def test_the_token_is_renewed_before_it_ends(
    sqlite_databases: SqliteDatabases, tmp_path: Path, browser: Browser
) -> None:
    async with embedded(sqlite_databases, tmp_path, browser, seconds=10) as (page, portal, site, _):
        await expect(portal.get_by_role("heading", name="Webhooks", level=1)).to_be_visible()
        await site.receiver.received(2, path="/webhooks-token")
        async with page.expect_request(lambda request: f"Bearer {site.tokens[1]}" in str(request.headers)):
            pass
        await expect(portal.get_by_role("heading", name="Webhooks", level=1)).to_be_visible()
        await expect(portal.get_by_role("alert")).to_have_count(0)

    assert len(set(site.tokens)) >= 2


async def test_a_token_that_ends_without_another_says_so(
    sqlite_databases: SqliteDatabases, tmp_path: Path, browser: Browser
) -> None:
    async with embedded(sqlite_databases, tmp_path, browser, seconds=6) as (_, portal, site, __):
        await expect(portal.get_by_role("heading", name="Webhooks", level=1)).to_be_visible()
        site.receiver.on("/webhooks-token", answer(503))
        await expect(portal.get_by_text("Access to this page has ended.")).to_be_visible()


async def test_a_token_for_some_webhooks_shows_only_them_and_adds_none(live: World, browser: Browser) -> None:
    ours = await live.webhook(name="Ours")
    await live.webhook(name="Theirs")
    resources, key_id = live.resources, live.caller.api_key_id
    assert key_id is not None
    ends = resources.clock.now() + timedelta(minutes=15)
    claims = Claims(key_id, frozenset({Scope.READ, Scope.MANAGE}), ends, narrowing=Narrowing.of([ours.id], None))
    async with opened(live, browser) as page:
        await page.goto(f"/dashboard#token={resources.authenticator.signer.write(claims)}")
        await expect(page.get_by_role("link", name="Ours", exact=True)).to_be_visible()
        await expect(page.get_by_role("link", name="Theirs", exact=True)).to_have_count(0)
        await expect(button(page, "Add Webhook")).to_have_count(0)


async def test_a_site_that_is_not_named_cannot_embed_the_page(live: World, browser: Browser) -> None:
    async with served(live.resources) as address:
        live.receiver.on(
            "/site",
            answer(200, [("Content-Type", "text/html")], f'<iframe src="http://{address}/dashboard">'.encode()),
        )
        page = await browser.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        await page.goto(live.receiver.url("/site", host="localhost"))
        await expect(page.frame_locator("iframe").get_by_role("heading")).to_have_count(0)
        await page.close()

    assert any("frame-ancestors" in text or "X-Frame-Options" in text for text in said)
