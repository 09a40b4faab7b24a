"""Signing in to the dashboard over HTTP: the cookie, who may use it, and from which pages."""

from typing import Any

import httpx
import pytest

from app.web.application import create_application
from tests.app.web.conftest import client_of
from tests.graph.serving import served, socket
from tests.world import World

SESSION = "/dashboard/session"
OWN = {"origin": "http://test"}
ACCEPT = {"accept": "application/graphql-response+json"}
VIEWER = {"query": "{ viewer { scopes } }"}


def client(world: World, address: str = "127.0.0.1") -> httpx.AsyncClient:
    return client_of(create_application(world.resources), address)


async def sign_in(http: httpx.AsyncClient, key: str, **headers: str) -> httpx.Response:
    return await http.post(SESSION, json={"key": key}, headers={**OWN, **headers})


def code_of(response: httpx.Response) -> Any:
    return response.json()["errors"][0]["extensions"]["code"]


async def test_the_session_s_cookie_stands_for_the_key_and_is_out_of_reach_of_scripts(world: World) -> None:
    async with client(world) as http:
        signed_in = await sign_in(http, world.key)
        answer = await http.post("/graphql", json=VIEWER, headers=OWN)

    cookie = signed_in.headers["set-cookie"]
    assert signed_in.status_code == 204
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert world.key not in cookie
    assert "ADMIN" in answer.json()["data"]["viewer"]["scopes"]


async def test_under_tls_the_cookie_is_bound_to_this_host(world: World) -> None:
    transport = httpx.ASGITransport(create_application(world.resources))
    async with httpx.AsyncClient(transport=transport, base_url="https://test") as http:
        signed_in = await http.post(SESSION, json={"key": world.key}, headers={"origin": "https://test"})

    cookie = signed_in.headers["set-cookie"]
    assert cookie.startswith("__Host-eev_session=eevs_")
    assert "Secure" in cookie.split("; ")


@pytest.mark.parametrize("headers", [{}, {"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}])
async def test_a_cookie_that_comes_from_another_page_is_refused(world: World, headers: dict[str, str]) -> None:
    async with client(world) as http:
        await sign_in(http, world.key)
        answer = await http.post("/graphql", json=VIEWER, headers=ACCEPT | headers)
        signing_in = await http.post(SESSION, json={"key": world.key}, headers=headers)

    assert (answer.status_code, code_of(answer)) == (403, "FORBIDDEN")
    assert signing_in.status_code == 403


async def test_signing_out_ends_the_session_on_the_server(world: World) -> None:
    async with client(world) as http:
        await sign_in(http, world.key)
        token = http.cookies["eev_session"]
        signed_out = await http.delete(SESSION, headers=OWN)
        answer = await http.post("/graphql", json=VIEWER, headers={**ACCEPT, **OWN, "cookie": f"eev_session={token}"})

    assert signed_out.status_code == 204
    assert (answer.status_code, code_of(answer)) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b'{"key": "eev_wrong"}', "The API key is not valid."),
        (b'{"key": "eevt_a.b"}', "Sign in with an API key, not with a token that was made with one."),
        (b"no JSON", 'The body must be JSON with the API key: {"key": "eev_…"}.'),
    ],
)
async def test_what_is_no_key_is_refused_with_a_sentence(world: World, body: bytes, sentence: str) -> None:
    async with client(world) as http:
        refused = await http.post(SESSION, content=body, headers=OWN)

    assert (refused.status_code, refused.json()) == (401, {"error": sentence})
    assert "set-cookie" not in refused.headers


async def test_a_guesser_is_slowed_down_and_others_are_not(world: World) -> None:
    application = create_application(world.resources)
    async with client_of(application, "198.51.100.7") as guesser, client_of(application) as person:
        statuses = [(await sign_in(guesser, "eev_guess")).status_code for _ in range(12)]
        signed_in = await sign_in(person, world.key)

    assert statuses[0] == 401
    assert statuses[-1] == 429
    assert signed_in.status_code == 204


async def test_a_socket_of_our_own_page_needs_no_key_and_one_of_another_page_does(world: World) -> None:
    async with served(world.resources) as address:
        own = f"http://{address}"
        async with httpx.AsyncClient(base_url=own) as http:
            await http.post(SESSION, json={"key": world.key}, headers={"origin": own})
            cookie = {"cookie": f"eev_session={http.cookies['eev_session']}"}
        async with socket(address, additional_headers=cookie, origin=own) as ours:
            await ours.send({"type": "connection_init"})
            admitted = await ours.first()
        async with socket(address, additional_headers=cookie) as of_others:
            await of_others.send({"type": "connection_init"})
            refused = await of_others.first()

    assert admitted == {"type": "connection_ack"}
    assert refused == 4401
