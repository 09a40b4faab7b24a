"""Who may use /mcp, and what it costs a server while it is unused."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.access.sessions import Sessions
from app.web.agents.tools import TOOLS
from app.web.application import create_application
from graph.credentials import COOKIE
from tests.app.web.agents.conftest import Rpc, asked
from tests.app.web.conftest import client_of
from tests.databases import Databases
from tests.patience import PATIENCE_SECONDS
from tests.world import World

ROOT = Path(__file__).parents[4]
INITIALIZE = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "1"},
}
pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@pytest.mark.parametrize("authorization", ["", "Bearer wrong", "Basic Zm9vOmJhcg==", "Bearer"])
async def test_without_a_valid_key_nothing_is_answered(rpc: Rpc, authorization: str) -> None:
    response = await rpc.post("tools/list", {}, authorization=authorization)

    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.json()["error"]["data"]["code"] == "UNAUTHENTICATED"


async def test_a_session_of_the_dashboard_does_not_count(world: World, rpc: Rpc) -> None:
    [key] = await world.rows("api_key")
    sessions = Sessions(world.resources.database, world.resources.clock)
    session = await sessions.open(key["id"])

    response = await rpc.post("tools/list", {}, authorization="", cookie=f"{COOKIE}={session}")

    assert response.status_code == 401


@pytest.mark.parametrize("origin", ["https://evil.example", "http://test", "null"])
async def test_a_page_may_not_use_it(rpc: Rpc, origin: str) -> None:
    response = await rpc.post("tools/list", {}, origin=origin)

    assert response.status_code == 403
    assert "CORS_ORIGINS" in response.json()["error"]["message"]


async def test_a_page_of_an_allowed_origin_may(database_url: str, tmp_path: Path) -> None:
    origin = "https://agents.example"
    async with asked(database_url, tmp_path, cors_origins=(origin,)) as rpc:
        response = await rpc.post("tools/list", {}, origin=origin)

    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == origin


async def test_requests_count_against_the_rate_of_the_key(database_url: str, tmp_path: Path) -> None:
    async with asked(database_url, tmp_path, rate_limit_per_second=1, rate_limit_burst=2) as rpc:
        statuses = [(await rpc.post("tools/list", {})).status_code for _ in range(4)]
        refused = await rpc.post("tools/list", {})

    assert statuses[:2] == [200, 200]
    assert statuses[-1] == 429
    assert int(refused.headers["retry-after"]) >= 1


async def test_a_tool_costs_what_its_query_costs(database_url: str, tmp_path: Path) -> None:
    async with asked(database_url, tmp_path, max_query_cost=10, cost_limit_per_second=0) as rpc:
        refusal = await rpc.refusal("list_webhooks", first=50)

    assert "cost" in refusal


async def test_a_body_may_be_as_long_as_any_other(database_url: str, tmp_path: Path) -> None:
    async with asked(database_url, tmp_path, max_event_bytes=1024, max_request_bytes=70_000) as rpc:
        response = await rpc.post("tools/list", {"more": "x" * 70_000})

    assert response.status_code == 413


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_there_is_no_stream_and_no_session_to_open_or_end(rpc: Rpc, method: str) -> None:
    response = await rpc.http.request(method, "/mcp", headers=rpc.headers)

    assert response.status_code == 405


async def test_a_client_of_the_handshake_may_ask_another_server_next(world: World, rpc: Rpc) -> None:
    opened = await rpc.post("initialize", INITIALIZE)
    async with client_of(create_application(world.resources)) as other:
        listed = await Rpc(other, world.key).post("tools/list", {}, **{"mcp-protocol-version": "2025-06-18"})

    result = opened.json()["result"]
    assert (result["protocolVersion"], result["serverInfo"]["name"]) == ("2025-06-18", "eev-webhooks")
    assert "untrusted" in result["instructions"]
    assert "mcp-session-id" not in opened.headers
    assert len(listed.json()["result"]["tools"]) == len(TOOLS)


async def test_it_can_be_switched_off(database_url: str, tmp_path: Path) -> None:
    async with asked(database_url, tmp_path, mcp=False) as rpc:
        response = await rpc.post("tools/list", {})
        llms = await rpc.http.get("/llms.txt")

    assert response.status_code == 404
    assert llms.status_code == 200


async def test_llms_txt_names_every_tool_and_every_place(rpc: Rpc) -> None:
    response = await rpc.http.get("/llms.txt")

    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.text.startswith("# eev-webhooks\n\n> ")
    assert [tool.name for tool in TOOLS if tool.name not in response.text] == []
    for path in ("/mcp", "/graphql", "/feed/", "/health/ready"):
        assert path in response.text


def test_until_its_first_use_nothing_of_the_protocol_is_loaded(databases: Databases, tmp_path: Path) -> None:
    program = """
import asyncio, sys
from pathlib import Path
import httpx
from app.web.application import create_application
from tests.world import open_world
from tests.databases import SqliteDatabases

def loaded():
    return [name for name in sys.modules if name.partition(".")[0] in {"mcp", "mcp_types"}]

async def run():
    url = await SqliteDatabases(Path.cwd()).create()
    async with open_world(url, Path.cwd()) as world:
        transport = httpx.ASGITransport(create_application(world.resources))
        headers = {"authorization": f"Bearer {world.key}", "accept": "application/json, text/event-stream"}
        async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as http:
            await http.post("/graphql", json={"query": "{ viewer { scopes } }"})
            assert (await http.get("/llms.txt")).status_code == 200
            assert (await http.post("/mcp", json={}, headers={"authorization": "Bearer wrong"})).status_code == 401
            assert not loaded(), loaded()
            message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
            assert (await http.post("/mcp", json=message)).status_code == 200
            assert loaded()

asyncio.run(run())
"""
    subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        check=True,
        timeout=PATIENCE_SECONDS * 4,
    )
