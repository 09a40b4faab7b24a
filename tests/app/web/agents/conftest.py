"""A server for agents, with a receiver that its webhooks send to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from app.access.caller import Caller
from app.access.keys import KeyDraft, create_key
from app.statuses import Scope
from app.web.application import create_application
from tests.app.web.conftest import client_of
from tests.world import World, open_world


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """A process that delivers."""
    async with open_world(database_url, tmp_path) as opened:
        yield opened


async def key_of(world: World, *scopes: Scope, caller: Caller | None = None) -> str:
    """A new key with these scopes, by default of the world's workspace."""
    return (await create_key(world.resources, caller or world.caller, KeyDraft("agent", scopes))).key


@asynccontextmanager
async def agent(server: str, key: str) -> AsyncIterator[Client]:
    """The stock client, connected to a server over HTTP."""
    async with (
        httpx2.AsyncClient(headers={"authorization": f"Bearer {key}"}) as http,
        Client(streamable_http_client(f"http://{server}/mcp", http_client=http)) as client,
    ):
        yield client


class Rpc:
    """Sends single messages, as clients of the handshake's versions do."""

    def __init__(self, http: httpx.AsyncClient, key: str) -> None:
        self.http = http
        self.headers = {
            "authorization": f"Bearer {key}",
            "accept": "application/json, text/event-stream",
            "content-type": "application/json",
        }

    async def post(self, method: str, params: dict[str, Any], **headers: str) -> httpx.Response:
        """The response to a request."""
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        return await self.http.post("/mcp", json=message, headers={**self.headers, **headers})

    async def tools(self) -> list[dict[str, Any]]:
        """The tools that the caller sees."""
        found: list[dict[str, Any]] = (await self.post("tools/list", {})).json()["result"]["tools"]
        return found

    async def call(self, name: str, **arguments: Any) -> dict[str, Any]:
        """The result of a tool that must succeed."""
        result = (await self.post("tools/call", {"name": name, "arguments": arguments})).json()["result"]
        assert not result.get("isError"), result
        content: dict[str, Any] = result["structuredContent"]
        return content

    async def refusal(self, name: str, **arguments: Any) -> str:
        """What a tool that must fail says."""
        result = (await self.post("tools/call", {"name": name, "arguments": arguments})).json()["result"]
        assert result["isError"], result
        return str(result["content"][0]["text"])


@pytest.fixture
async def rpc(world: World) -> AsyncIterator[Rpc]:
    """A caller with every scope."""
    async with client_of(create_application(world.resources)) as http:
        yield Rpc(http, world.key)


@asynccontextmanager
async def asked(database_url: str, directory: Path, **settings: Any) -> AsyncIterator[Rpc]:
    """A caller with every scope, of a server with these settings."""
    async with (
        open_world(database_url, directory, **settings) as world,
        client_of(create_application(world.resources)) as http,
    ):
        yield Rpc(http, world.key)
