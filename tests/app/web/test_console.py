"""The console at /graphiql, as files and in a real browser: it queries, follows, shows the schema, needs no network."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from app.web.application import create_application
from app.web.dashboard import HERE as DASHBOARD
from graph.schema import Schema
from tests.app.web.conftest import client_of
from tests.databases import SqliteDatabases
from tests.graph.serving import served, until_followed
from tests.world import World, open_world

pytestmark = pytest.mark.asyncio(loop_scope="module")

FOLLOW = "subscription { deliveryUpdates { updates { delivery { status } } } }"


@pytest_asyncio.fixture(loop_scope="module")
async def world(sqlite_databases: SqliteDatabases, tmp_path: Path) -> AsyncIterator[World]:
    """A process that takes requests and delivers nothing."""
    async with open_world(await sqlite_databases.create(), tmp_path, works=False) as made:
        yield made


@asynccontextmanager
async def opened(world: World, browser: Browser, key: str | None = None) -> AsyncIterator[Page]:
    """The console in the browser, with a key entered; nothing may go wrong in it, and no request may go elsewhere."""
    wrong: list[str] = []
    async with served(world.resources) as address:
        context = await browser.new_context(base_url=f"http://{address}")
        page = await context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on("request", lambda request: wrong.append(request.url))
        await page.goto("/graphiql")
        await page.fill("#key", world.key if key is None else key)
        await page.press("#key", "Tab")
        yield page
        await context.close()
    assert [
        text for text in wrong if not text.startswith(f"http://{address}/") and "with a status of 4" not in text
    ] == []


async def results(page: Page, count: int) -> list[Any]:
    """This many results, newest first."""
    await expect(page.locator("#results pre")).to_have_count(count)
    return [json.loads(text) for text in await page.locator("#results pre").all_text_contents()]


async def test_the_page_loads_nothing_from_elsewhere_and_its_policy_allows_nothing_else(world: World) -> None:
    async with client_of(create_application(world.resources)) as http:
        page = await http.get("/graphiql")
        named = re.findall(r'(?:src|href)="(?!data:)(.*?)"', page.text)
        files = [await http.get(page.url.join(name).path) for name in named]

    assert sorted(named) == ["graphiql/console.css", "graphiql/console.js"]
    assert [file.status_code for file in files] == [200, 200]
    policy = page.headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"} <= set(policy)
    assert "unsafe" not in page.headers["content-security-policy"]


async def test_the_console_can_be_left_out(sqlite_databases: SqliteDatabases, tmp_path: Path) -> None:
    async with (
        open_world(await sqlite_databases.create(), tmp_path, works=False, graphiql=False) as world,
        client_of(create_application(world.resources)) as http,
    ):
        statuses = [(await http.get(path)).status_code for path in ("/graphiql", "/graphiql/console.js")]
        landing = await http.get("/")

    assert statuses == [404, 404]
    assert "graphiql" not in landing.text


async def test_the_client_is_that_of_the_dashboard_also_if_the_dashboard_is_left_out(
    sqlite_databases: SqliteDatabases, tmp_path: Path, browser: Browser
) -> None:
    async with (
        open_world(await sqlite_databases.create(), tmp_path, works=False, dashboard=False) as world,
        client_of(create_application(world.resources)) as http,
    ):
        served = {name: (await http.get(f"/graphiql/{name}")).text for name in ("client.js", "errors.js", "console.js")}
        async with opened(world, browser) as page:
            await page.click("#run")
            await results(page, 1)
            await page.fill("#document", FOLLOW)
            await page.click("#run")
            await expect(page.locator("#status")).to_contain_text("Following; messages: 1")

    assert {name: served[name] for name in ("client.js", "errors.js")} == {
        name: (DASHBOARD / "lib" / name).read_text() for name in ("client.js", "errors.js")
    }
    assert not re.search(r"\bfetch\(|\bWebSocket\(", served["console.js"])


async def test_a_person_asks_with_a_key_and_variables(world: World, browser: Browser) -> None:
    async with opened(world, browser) as page:
        await page.fill("#document", "query A { egressAddresses } query B($id: ID!) { webhook(id: $id) { id } }")
        await page.fill("#variables", '{"id": "wh_1"}')
        await page.select_option("#operation", "B")
        await page.click("#run")
        [answer] = await results(page, 1)
        status = await page.text_content("#status")

    assert answer["data"] == {"webhook": None}
    assert re.fullmatch(r"HTTP 200 in \d+ ms, cost \d+", status or "")


async def test_each_example_runs(world: World, browser: Browser) -> None:
    examples = ["Who am I?", "Webhooks", "Latest deliveries", "Publish an event"]
    async with opened(world, browser) as page:
        for count, example in enumerate(examples, 1):
            await page.select_option("#examples", example)
            await page.press("#document", "Control+Enter")
            await results(page, count)
        answers = await results(page, len(examples))
        offered = await page.locator("#examples option").all_text_contents()

    assert [answer for answer in answers if "errors" in answer] == []
    assert answers[0]["data"]["publishEvent"]["userErrors"] == []
    assert offered == ["Examples", *examples, "Follow deliveries"]


async def test_a_person_follows_until_told_to_stop(
    sqlite_databases: SqliteDatabases, tmp_path: Path, browser: Browser
) -> None:
    async with open_world(await sqlite_databases.create(), tmp_path) as world, opened(world, browser) as page:
        await world.webhook()
        await page.select_option("#examples", "Follow deliveries")
        await page.click("#run")
        await results(page, 1)
        await world.publish()
        await expect(page.locator("#results")).to_contain_text("SUCCEEDED")
        await page.click("#stop")
        await expect(page.locator("#status")).to_contain_text("Ended; messages: ")
        await until_followed(world.resources, 0)


async def test_the_schema_is_shown_and_writes_operations_that_are_valid(world: World, browser: Browser) -> None:
    documents = Schema(world.resources.settings).documents
    async with opened(world, browser) as page:
        await expect(page.locator("#page h2")).to_have_count(3)
        names = page.locator("#page dt code > button:first-child")
        wrong: dict[str, Any] = {}
        for index in range(await names.count()):
            await names.nth(index).click()
            text = await page.input_value("#document")
            if errors := documents.prepare(text).errors:
                wrong[text] = errors
        shown = set(await names.all_text_contents())

    assert {"viewer", "createWebhook", "deliveryUpdates"} <= shown
    assert wrong == {}


async def test_what_an_operation_needs_is_written_as_variables(world: World, browser: Browser) -> None:
    async with opened(world, browser) as page:
        await page.get_by_role("button", name="createApiKey", exact=True).click()
        variables = json.loads(await page.input_value("#variables"))

    assert variables == {"input": {"name": "", "scopes": []}}


async def test_the_schema_is_searched_and_its_types_are_looked_up(world: World, browser: Browser) -> None:
    async with opened(world, browser) as page:
        await page.fill("#search", "createWebh")
        await page.get_by_role("button", name="CreateWebhookInput!").click()
        shown = await page.text_content("#page")

    assert "eventTypes: [String!]!" in (shown or "")


async def test_where_the_schema_is_kept_to_itself_the_console_says_so_and_still_asks(
    sqlite_databases: SqliteDatabases, tmp_path: Path, browser: Browser
) -> None:
    async with (
        open_world(await sqlite_databases.create(), tmp_path, works=False, introspection=False) as world,
        opened(world, browser) as page,
    ):
        await expect(page.locator("#page")).to_contain_text("The schema cannot be shown: ")
        shown = await page.text_content("#page")
        await page.click("#run")
        [answer] = await results(page, 1)

    assert "introspection has been disabled" in (shown or "")
    assert "errors" not in answer


@pytest.mark.parametrize("key", ["", "eev_wrong"])
async def test_without_a_right_key_the_console_says_so(world: World, browser: Browser, key: str) -> None:
    async with opened(world, browser, key) as page:
        await page.fill("#document", FOLLOW)
        await page.click("#run")
        await expect(page.locator("#status")).to_contain_text("The socket was closed: 440")
        status = await page.text_content("#status")

    assert "key" in (status or "").lower()


async def test_the_key_is_kept_in_the_tab_and_nowhere_else(world: World, browser: Browser) -> None:
    async with opened(world, browser) as page:
        await page.reload()
        kept = await page.input_value("#key")
        elsewhere = await page.evaluate("[localStorage.length, document.cookie, location.href]")
        other = await page.context.new_page()
        await other.goto(page.url)
        in_other_tab = await other.input_value("#key")

    assert kept == world.key
    assert elsewhere == [0, "", page.url]
    assert in_other_tab == ""
