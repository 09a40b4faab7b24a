"""Every limit of an operation on a real server, over HTTP and on a socket: value, limit, code."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.clock import FakeClock
from tests.domain import open_domain
from tests.graph.conftest import a_key, on_sqlite_only
from tests.graph.serving import Socket, served, socket
from tests.patience import PATIENCE_SECONDS

pytestmark = on_sqlite_only

GRAPHQL_JSON = "application/graphql-response+json"
LIMITS: dict[str, Any] = {
    "max_query_depth": 5,
    "max_query_aliases": 2,
    "max_query_cost": 50,
    "max_query_characters": 10_000,
    "max_query_tokens": 700,
    "max_operations_per_socket": 2,
    "max_request_bytes": 65_536,
    "max_event_bytes": 1_024,
}
ALLOWED = "{ deliveries(first: 24) { nodes { id } } }"
BEYOND = {
    "depth": ("{ webhooks { edges { node { deliveries { nodes { id } } } } } }", "a depth of 6, but at most 5 is"),
    "depth that no parser reads": (
        "{ " + "a { " * 220 + "a" + " }" * 220 + " }",
        "a depth of more than can be read, but at most 5 is",
    ),
    "aliases": ("{ a: __typename b: viewer { c: scopes d: scopes } }", "aliases to the number of 3, but at most 2 is"),
    "cost": ("query($n: Int = 25) { deliveries(first: $n) { nodes { id } } }", "a cost of 51, but at most 50 is"),
    "cost through connections": (
        "{ webhooks(first: 2) { nodes { deliveries(first: 10) { nodes { id status } } } } }",
        "a cost of 65, but at most 50 is",
    ),
    "characters": (
        "query A { __typename } # " + "x" * 10_000,
        "a text of 10025 characters, but at most 10000 are",
    ),
    "tokens": ("{ " + "__typename " * 699 + "}", "more than 700 tokens, but at most 700 is"),
}


@pytest.fixture
async def server(database_url: str, tmp_path: Path, clock: FakeClock) -> AsyncIterator[tuple[str, str]]:
    """Address and key of a server with low limits."""
    async with open_domain(database_url, tmp_path, clock, **LIMITS) as domain, served(domain.resources) as address:
        yield address, await a_key(domain)


@pytest.fixture
async def admitted(server: tuple[str, str]) -> AsyncIterator[Socket]:
    address, key = server
    async with socket(address) as opened:
        await opened.introduce(key)
        yield opened


async def post(server: tuple[str, str], content: dict[str, Any], accept: str = GRAPHQL_JSON) -> httpx.Response:
    """The response to a POST."""
    address, key = server
    headers = {"authorization": f"Bearer {key}", "accept": accept}
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS, trust_env=False) as client:
        return await client.post(f"http://{address}/graphql", json=content, headers=headers)


@pytest.mark.parametrize(("document", "sentence"), BEYOND.values(), ids=BEYOND)
async def test_over_http_an_operation_beyond_a_limit_gets_both_numbers(
    server: tuple[str, str], document: str, sentence: str
) -> None:
    response = await post(server, {"query": document})

    [error] = response.json()["errors"]
    assert response.status_code == 400
    assert error["message"].startswith("The operation has ")
    assert sentence in error["message"]
    assert error["extensions"]["code"] == "QUERY_TOO_COMPLEX"


@pytest.mark.parametrize(("document", "sentence"), BEYOND.values(), ids=BEYOND)
async def test_on_a_socket_it_is_an_error_of_that_operation_alone(
    admitted: Socket, document: str, sentence: str
) -> None:
    await admitted.subscribe(document, id="beyond")
    refused = await admitted.receive()
    await admitted.subscribe(ALLOWED, id="allowed")

    [error] = refused["payload"]
    assert (refused["type"], refused["id"]) == ("error", "beyond")
    assert sentence in error["message"]
    assert error["extensions"]["code"] == "QUERY_TOO_COMPLEX"
    assert await admitted.next("allowed") == {"deliveries": {"nodes": []}}


async def test_the_cost_is_reported_over_http_on_a_socket_and_in_a_stream(
    server: tuple[str, str], admitted: Socket
) -> None:
    posted = await post(server, {"query": ALLOWED})
    streamed = await post(server, {"query": ALLOWED}, accept="text/event-stream")
    await admitted.subscribe(ALLOWED)
    message = await admitted.receive()

    told = {"cost": {"requested": 49, "maximum": 50, "remaining": None, "restoresPerSecond": None}}
    assert posted.json()["extensions"] == told
    assert f'"extensions":{json.dumps(told, separators=(",", ":"))}' in streamed.text
    assert message["payload"]["extensions"] == told


async def test_a_body_that_is_too_large_is_refused_with_its_size_and_the_limit(server: tuple[str, str]) -> None:
    response = await post(server, {"query": ALLOWED, "variables": {"x": "x" * 70_000}})

    [error] = response.json()["errors"]
    assert response.status_code == 413
    assert response.headers["content-type"] == GRAPHQL_JSON
    assert "has 70,0" in error["message"]
    assert "at most 65,536 are allowed" in error["message"]


async def test_a_message_that_is_too_large_closes_the_socket_and_says_the_limit(admitted: Socket) -> None:
    await admitted.subscribe(ALLOWED, {"x": "x" * 70_000})

    code, reason = await admitted.closed()

    assert code == 1009
    assert "exceeds limit of 65536 bytes" in reason


async def test_one_operation_too_many_on_a_socket_gets_both_numbers(admitted: Socket) -> None:
    for number in range(2):
        await admitted.subscribe("subscription { webhookUpdates { id } }", id=str(number))
    await admitted.subscribe(ALLOWED, id="3")
    refused = await admitted.receive()
    await admitted.send({"type": "complete", "id": "0"})
    await admitted.subscribe(ALLOWED, id="4")

    assert refused["payload"] == [
        {
            "message": "This socket runs 2 operations already, and at most 2 may run at once.",
            "extensions": {"code": "QUERY_TOO_COMPLEX"},
        }
    ]
    assert await admitted.next("4") == {"deliveries": {"nodes": []}}
