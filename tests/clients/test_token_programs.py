"""The programs in examples/ that follow deliveries for longer than their access token lives."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.clients.program import Program, running
from tests.clients.test_example_programs import EXAMPLES
from tests.clock import FakeClock
from tests.graph.conftest import Api, http_client, on_sqlite_only
from tests.graph.serving import served
from tests.receiver import Received, Receiver, Wire, answer
from tests.world import World, open_world

PROGRAMS = {"graphql-ws": "follow-with-tokens.mjs", "Apollo Client": "follow-with-tokens-apollo.mjs"}
TOKEN = {"scopes": ["READ"], "expiresInSeconds": 60}


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """A server that delivers, by a clock that only the test moves."""
    async with open_world(database_url, tmp_path, clock=FakeClock()) as opened:
        await opened.webhook()
        yield opened


@pytest.fixture
async def api(world: World) -> AsyncIterator[Api]:
    async with http_client(world.resources) as client:
        yield Api(world.resources, client, world.key)


class Tokens:
    """The platform's own server, which makes an access token of one minute for each request."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self.made = 0

    async def __call__(self, received: Received, wire: Wire) -> None:
        """Answer one request."""
        token = (await self._api.change("createAccessToken", TOKEN, "token"))["token"]
        self.made += 1
        await answer(200, [("content-type", "application/json")], orjson.dumps({"token": token}))(received, wire)


async def lines_until(program: Program, event_id: str) -> list[dict[str, Any]]:
    """The messages up to the one that says that an event was delivered."""
    lines = []
    while True:
        lines.append(await program.line())
        if [event_id, "SUCCEEDED"] in lines[-1]["updates"]:
            return lines


@on_sqlite_only
@pytest.mark.parametrize("name", PROGRAMS)
async def test_a_page_outlives_its_token_and_misses_nothing(name: str, world: World, api: Api) -> None:
    tokens = Tokens(api)
    async with Receiver() as platform, served(world.resources) as address:
        platform.on("/token", tokens)
        urls = {"EEV_URL": f"http://{address}/graphql", "TOKEN_URL": platform.url("/token")}
        async with running("node", EXAMPLES / "node" / PROGRAMS[name], directory=EXAMPLES, **urls) as program:
            await program.line()  # it follows
            events = [(await world.publish()).row.id]
            lines = await lines_until(program, events[0])
            for quiet in (True, False):
                await world.advance(60)
                if quiet:
                    await world.resources.open_streams.check()
                    await program.warns("closed with 4403: The access token expired at ")
                events.append((await world.publish()).row.id)  # while it is away, or what closes its socket
                lines += await lines_until(program, events[-1])

    told = [event for line in lines for event, status in line["updates"] if status == "SUCCEEDED"]
    assert told == events
    assert not any(line["gap"] for line in lines)
    assert tokens.made == 3
