"""The application as a whole: every path answers correctly, to every caller."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from app.access.keys import KeyDraft, create_key
from app.statuses import Scope as KeyScope
from app.web.application import create_application, create_worker_application
from tests.app.web.conftest import client_of
from tests.databases import SqliteDatabases
from tests.world import World, open_world

VIEWER = {"query": "{ viewer { workspace { name } } }"}
PROXY, CLIENT, PAGE = "10.0.0.1", "203.0.113.7", "https://app.example.com"


@pytest.fixture
async def trusting(sqlite_databases: SqliteDatabases, tmp_path: Path) -> AsyncIterator[World]:
    """A process that trusts a proxy and a page."""
    given: dict[str, Any] = {"trusted_proxies": "10.0.0.0/8", "cors_origins": PAGE}
    async with open_world(await sqlite_databases.create(), tmp_path, works=False, **given) as opened:
        yield opened


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


async def test_the_api_answers_who_has_a_key(world: World) -> None:
    async with client_of(create_application(world.resources)) as http:
        response = await http.post("/graphql", json=VIEWER, headers=bearer(world.key))

    assert response.status_code == 200
    assert response.json()["data"] == {"viewer": {"workspace": {"name": "default"}}}
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["x-request-id"]


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/graphql"), ("POST", "/events"), ("GET", "/feed/wh_1"), ("POST", "/mcp")]
)
async def test_a_client_with_a_valid_key_is_no_stranger_to_the_server_afterwards(
    world: World, method: str, path: str
) -> None:
    application, noted = create_application(world.resources), list[bool]()

    async def noting(scope: Scope, receive: Receive, send: Send) -> None:
        state = scope.setdefault("state", {})
        await application(scope, receive, send)
        noted.append("authenticated" in state)

    async with client_of(noting) as http:
        # The body matters to none of them: what is noted is who sent it.
        for key in (world.key, "wrong"):
            await http.request(method, path, json=VIEWER, headers=bearer(key))

    assert noted == [True, False]


async def test_the_first_page_is_the_dashboard(world: World) -> None:
    async with client_of(create_application(world.resources)) as http:
        page = await http.get("/", follow_redirects=True)

    assert (page.status_code, page.url.path) == (200, "/dashboard")


async def test_without_the_dashboard_the_first_page_links_to_what_is_there(
    sqlite_databases: SqliteDatabases, tmp_path: Path
) -> None:
    async with (
        open_world(await sqlite_databases.create(), tmp_path, works=False, dashboard=False) as world,
        client_of(create_application(world.resources)) as http,
    ):
        dashboard = await http.get("/dashboard")
        page = await http.get("/")
        links = re.findall(r'href="(.+?)"', page.text)
        statuses = [(await http.get(link)).status_code for link in links]

    assert dashboard.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    assert links
    assert set(statuses) == {200}


async def test_a_path_that_is_not_there_says_where_the_api_is(world: World) -> None:
    async with client_of(create_application(world.resources)) as http:
        response = await http.get("/v1/webhooks")

    assert response.status_code == 404
    (error,) = response.json()["errors"]
    assert error["message"] == "There is nothing at /v1/webhooks; the API is at /graphql."


async def test_a_method_that_a_path_does_not_take_is_named(world: World) -> None:
    async with client_of(create_application(world.resources)) as http:
        response = await http.post("/health/live")

    assert response.status_code == 405
    assert sorted(response.headers["allow"].split(", ")) == ["GET", "HEAD"]
    assert response.json()["errors"][0]["message"] == "/health/live does not take POST; the API is at /graphql."


async def test_the_api_answers_with_a_slash_at_the_end_too(world: World) -> None:
    async with client_of(create_application(world.resources)) as http:
        response = await http.post("/graphql/", json=VIEWER, headers=bearer(world.key))

    assert response.status_code == 200
    assert response.json()["data"] == {"viewer": {"workspace": {"name": "default"}}}


async def test_a_bug_shows_nothing_but_where_to_find_it_in_the_log(world: World) -> None:
    async def fail(_: Request) -> Response:
        raise RuntimeError("hunter2")

    application = create_application(world.resources)
    application.router.routes.append(Route("/fail", fail))

    async with client_of(application) as http:
        response = await http.get("/fail", headers={"x-request-id": "find-me"})

    assert response.status_code == 500
    assert response.headers["x-request-id"] == "find-me"
    (error,) = response.json()["errors"]
    assert "find-me" in error["message"]
    assert error["extensions"] == {"code": "INTERNAL_SERVER_ERROR"}
    assert "hunter2" not in response.text


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_request_to_the_api_is_limited_in_size(
    sqlite_databases: SqliteDatabases, tmp_path: Path, chunked: bool
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(70):
            yield b" " * 1024

    given: dict[str, Any] = {"max_request_bytes": 65_536, "max_event_bytes": 1_024}
    async with (
        open_world(await sqlite_databases.create(), tmp_path, works=False, **given) as world,
        client_of(create_application(world.resources)) as http,
    ):
        body = pieces() if chunked else b" " * 70 * 1024
        headers = {**bearer(world.key), "content-type": "application/json"}
        response = await http.post("/graphql", content=body, headers=headers)

    assert response.status_code == 413
    assert "at most 65,536 are allowed" in response.json()["errors"][0]["message"]


async def preflight(world: World, origin: str) -> httpx.Response:
    headers = {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
    }
    async with client_of(create_application(world.resources)) as http:
        return await http.options("/graphql", headers=headers)


async def test_a_page_of_an_allowed_origin_may_call_the_api(trusting: World) -> None:
    asked = await preflight(trusting, PAGE)
    async with client_of(create_application(trusting.resources)) as http:
        answered = await http.post("/graphql", json=VIEWER, headers={**bearer(trusting.key), "origin": PAGE})

    assert asked.status_code == 200
    assert asked.headers["access-control-allow-origin"] == PAGE
    assert "authorization" in asked.headers["access-control-allow-headers"]
    assert answered.headers["access-control-allow-origin"] == PAGE
    assert "access-control-allow-credentials" not in answered.headers


async def test_a_page_of_another_origin_may_not(trusting: World) -> None:
    assert "access-control-allow-origin" not in (await preflight(trusting, "https://evil.example.com")).headers


async def test_without_cors_origins_no_other_page_may(world: World) -> None:
    assert "access-control-allow-origin" not in (await preflight(world, PAGE)).headers


async def status_from(world: World, address: str, forwarded_for: str) -> int:
    """The status for a key that only `CLIENT` may use, from a proxy at an address that forwards for another."""
    draft = KeyDraft("bound", [KeyScope.READ], allowed_sources=[f"{CLIENT}/32"])
    created = await create_key(world.resources, world.caller, draft)
    headers = {
        **bearer(created.key),
        "x-forwarded-for": forwarded_for,
        "accept": "application/graphql-response+json",
    }
    async with client_of(create_application(world.resources), address) as http:
        response = await http.post("/graphql", json=VIEWER, headers=headers)
    return response.status_code


async def test_a_trusted_proxy_speaks_for_its_clients(trusting: World) -> None:
    assert await status_from(trusting, PROXY, CLIENT) == 200
    assert await status_from(trusting, PROXY, f"198.51.100.9, {CLIENT}, 10.0.0.2") == 200
    assert await status_from(trusting, PROXY, f"{CLIENT}, 198.51.100.9") == 403


async def test_nobody_else_does(trusting: World, world: World) -> None:
    assert await status_from(trusting, "192.0.2.1", CLIENT) == 403
    assert await status_from(world, PROXY, CLIENT) == 403


async def test_a_worker_answers_for_its_health_and_nothing_else(world: World) -> None:
    application: Starlette = create_worker_application(world.resources)

    async with client_of(application) as http:
        ready, metrics, api = [await http.get(path) for path in ("/health/ready", "/metrics", "/graphql")]

    assert [ready.status_code, metrics.status_code, api.status_code] == [200, 200, 404]


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/graphql"), ("GET", "/feed/wh_unknown"), ("POST", "/events"), ("POST", "/mcp")]
)
async def test_a_request_is_marked_once_its_client_has_authenticated(world: World, method: str, path: str) -> None:
    application = create_application(world.resources)
    states: list[dict[str, Any]] = []

    async def noting(scope: Scope, receive: Receive, send: Send) -> None:
        states.append(scope.setdefault("state", {}))
        await application(scope, receive, send)

    async with client_of(noting) as http:
        for key in (world.key, "unknown"):
            await http.request(method, path, params={"query": VIEWER["query"]}, headers=bearer(key))

    assert [state.get("authenticated") for state in states] == [True, None]
