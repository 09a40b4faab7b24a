"""What pages of other origins may do, tried in a real browser, because the browser enforces their separation."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Error, Page

from tests.databases import SqliteDatabases
from tests.graph.serving import served
from tests.receiver import Receiver, answer
from tests.world import open_world

pytestmark = pytest.mark.asyncio(loop_scope="module")

ASK = """
    async ([url, key]) => {
        const headers = {authorization: `Bearer ${key}`, 'content-type': 'application/json'}
        const response = await fetch(url, {method: 'POST', headers, body: '{"query": "{ egressAddresses }"}'})
        return [await response.json(), response.headers.get('x-request-id')]
    }
"""
# A form can send no more than this without a preflight: no header of its own, and no JSON.
ASK_LIKE_A_FORM = """
    async ([url, body]) => {
        const response = await fetch(url, {method: 'POST', headers: {'content-type': 'text/plain'}, body})
        return await response.json()
    }
"""
CONNECT = """
    ([url, key]) => new Promise((resolve) => {
        const socket = new WebSocket(url, 'graphql-transport-ws')
        const payload = {Authorization: `Bearer ${key}`}
        socket.onopen = () => socket.send(JSON.stringify({type: 'connection_init', payload}))
        socket.onmessage = ({data}) => resolve(data)
        socket.onerror = () => resolve('refused')
    })
"""


@dataclass(frozen=True)
class Elsewhere:
    """A page of another origin, the server that it wants to query, and a key there."""

    page: Page
    address: str
    key: str

    async def asks(self) -> Any:
        """The answer that it gets, and one of the headers."""
        return await self.page.evaluate(ASK, [f"http://{self.address}/graphql", self.key])

    async def connects(self) -> str:
        """The answer that it gets on a socket, or "refused"."""
        said: str = await self.page.evaluate(CONNECT, [f"ws://{self.address}/graphql", self.key])
        return said


@pytest_asyncio.fixture(loop_scope="module")
async def elsewhere(
    browser: Browser, sqlite_databases: SqliteDatabases, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Elsewhere]:
    """A page of another origin, which CORS_ORIGINS may name as PAGE."""
    async with Receiver() as pages:  # another port is another origin
        pages.on("/", answer(200, [("Content-Type", "text/html")], b"<p>A page</p>"))
        origins = request.param.replace("PAGE", pages.url().removesuffix("/"))
        url = await sqlite_databases.create()
        async with (
            open_world(url, tmp_path, works=False, cors_origins=origins) as world,
            served(world.resources) as address,
        ):
            context = await browser.new_context()
            page = await context.new_page()
            await page.goto(pages.url())
            yield Elsewhere(page, address, world.key)
            await context.close()


@pytest.mark.parametrize("elsewhere", ["PAGE", "https://app.example.com, PAGE", "*"], indirect=True)
async def test_a_page_of_an_origin_that_is_named_asks_and_follows(elsewhere: Elsewhere) -> None:
    answered, request_id = await elsewhere.asks()

    assert answered["data"] == {"egressAddresses": []}
    assert request_id
    assert await elsewhere.connects() == '{"type":"connection_ack"}'


@pytest.mark.parametrize("elsewhere", ["", "http://localhost:2, https://127.0.0.1"], indirect=True)
async def test_a_page_of_another_origin_gets_nowhere_even_with_a_key(elsewhere: Elsewhere) -> None:
    with pytest.raises(Error, match="Failed to fetch"):
        await elsewhere.asks()

    assert await elsewhere.connects() == "refused"


@pytest.mark.parametrize("elsewhere", ["*"], indirect=True)
async def test_what_a_page_may_send_unasked_has_no_key_and_changes_nothing(elsewhere: Elsewhere) -> None:
    sent: list[str] = []
    elsewhere.page.on("request", lambda request: sent.append(request.method))
    mutation = '{"query": "mutation { createApiKey(input: {name: \\"x\\", scopes: [READ]}) { key } }"}'

    answered = await elsewhere.page.evaluate(ASK_LIKE_A_FORM, [f"http://{elsewhere.address}/graphql", mutation])

    assert sent == ["POST"]
    assert answered["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}
    assert "data" not in answered
