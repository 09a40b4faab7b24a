"""The rate of an API key, on a real server: what counts, and the refusals, over every transport."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.resources import open_resources
from app.settings import Settings
from tests.clock import FakeClock
from tests.domain import Domain, open_domain
from tests.graph.conftest import a_key, on_sqlite_only
from tests.graph.serving import served, socket
from tests.patience import PATIENCE_SECONDS

pytestmark = on_sqlite_only

GRAPHQL_JSON = "application/graphql-response+json"
VIEWER = {"query": "{ viewer { scopes } }"}
WATCH = "subscription { webhookUpdates { id } }"
LITTLE = {"rate_limit_per_second": 1, "rate_limit_burst": 3}
SENTENCE = "The API key would be 4 requests ahead of its 1 a second, but at most 3 are allowed. Come back in 1 s."
REFUSAL = {"message": SENTENCE, "extensions": {"code": "RATE_LIMITED", "retryAfterSeconds": 1}}


@pytest.fixture
async def domain(database_url: str, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Domain]:
    async with open_domain(database_url, tmp_path, clock, **LITTLE) as opened:
        yield opened


@pytest.fixture
async def address(domain: Domain) -> AsyncIterator[str]:
    async with served(domain.resources) as address:
        yield address


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS, trust_env=False, headers={"accept": GRAPHQL_JSON}) as client:
        yield client


async def ask(
    client: httpx.AsyncClient, address: str, key: str, content: Any = VIEWER, **headers: str
) -> httpx.Response:
    """The response to a POST."""
    headers["authorization"] = f"Bearer {key}"
    return await client.post(f"http://{address}/graphql", json=content, headers=headers)


async def use_up(client: httpx.AsyncClient, address: str, key: str) -> None:
    """Make as many requests as are allowed at once."""
    statuses = [(await ask(client, address, key)).status_code for _ in range(3)]
    assert statuses == [200] * 3


async def test_one_request_too_many_is_refused_with_the_limit_the_value_and_when_to_retry(
    client: httpx.AsyncClient, address: str, domain: Domain
) -> None:
    key = await a_key(domain)
    await use_up(client, address, key)

    refused = await ask(client, address, key)
    read_by_simple_clients = await ask(client, address, key, accept="application/json")
    domain.clock.advance(1)
    again = await ask(client, address, key)

    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert refused.headers["content-type"] == f"{GRAPHQL_JSON}; charset=utf-8"
    assert refused.json() == {"errors": [REFUSAL]}
    assert (read_by_simple_clients.status_code, read_by_simple_clients.headers["retry-after"]) == (200, "1")
    assert read_by_simple_clients.json() == {"errors": [REFUSAL]}
    assert again.status_code == 200


async def test_a_key_that_asks_too_often_holds_up_no_other(
    client: httpx.AsyncClient, address: str, domain: Domain
) -> None:
    key, other = await a_key(domain), await a_key(domain)
    await use_up(client, address, key)

    assert (await ask(client, address, key)).status_code == 429
    assert (await ask(client, address, other)).status_code == 200


async def test_what_access_tokens_ask_counts_for_their_key(
    client: httpx.AsyncClient, address: str, domain: Domain
) -> None:
    key = await a_key(domain)
    document = "mutation($input: CreateAccessTokenInput!) { createAccessToken(input: $input) { token } }"
    given = {"query": document, "variables": {"input": {"scopes": ["READ"]}}}
    tokens = [(await ask(client, address, key, given)).json()["data"]["createAccessToken"]["token"] for _ in range(2)]

    assert (await ask(client, address, tokens[0])).status_code == 200
    assert [(await ask(client, address, one)).status_code for one in (*tokens, key)] == [429] * 3


async def test_a_request_counts_once_however_many_events_it_publishes(
    client: httpx.AsyncClient, address: str, domain: Domain
) -> None:
    key = await a_key(domain)
    document = "mutation($input: PublishEventsInput!) { publishEvents(input: $input) { events { id } } }"
    event = {"type": "system.backup", "data": {"backup": {"id": "b", "status": "completed", "type": "full"}}}

    published = await ask(client, address, key, {"query": document, "variables": {"input": {"events": [event] * 50}}})
    more = [(await ask(client, address, key)).status_code for _ in range(3)]

    assert len(published.json()["data"]["publishEvents"]["events"]) == 50
    assert more == [200, 200, 429]


async def test_what_cannot_be_read_counts_too(client: httpx.AsyncClient, address: str, domain: Domain) -> None:
    key = await a_key(domain)
    contents: list[Any] = [{}, [], {"query": "{"}, VIEWER]

    statuses = [(await ask(client, address, key, content)).status_code for content in contents]

    assert statuses == [400, 400, 400, 429]


DEAR = {"query": "{ deliveries(first: 45) { nodes { id } } }"}
BUDGET = {"max_query_cost": 100, "cost_limit_per_second": 10}
TOO_DEAR = (
    "The operation has a cost of 91, but only 9 of 100 are left to the API key; 10 a second come back."
    " Come back in 9 s."
)


@pytest.fixture
async def budgeted(database_url: str, tmp_path: Path, clock: FakeClock) -> AsyncIterator[tuple[str, Domain]]:
    """The address of a server that limits the cost of operations."""
    async with open_domain(database_url, tmp_path, clock, **BUDGET) as domain, served(domain.resources) as address:
        yield address, domain


async def test_the_cost_of_operations_is_reported_and_taken_from_the_budget_of_the_key(
    client: httpx.AsyncClient, budgeted: tuple[str, Domain]
) -> None:
    address, domain = budgeted
    key, other = await a_key(domain), await a_key(domain)

    paid = await ask(client, address, key, DEAR)
    refused = await ask(client, address, key, DEAR)
    cheap = await ask(client, address, key)
    domain.clock.advance(9)
    again = await ask(client, address, key, DEAR)

    cost = {"requested": 91, "maximum": 100, "remaining": 9, "restoresPerSecond": 10}
    assert paid.json()["extensions"] == {"cost": cost}
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "9")
    assert refused.json() == {
        "errors": [{"message": TOO_DEAR, "extensions": {"code": "RATE_LIMITED", "retryAfterSeconds": 9}}]
    }
    assert cheap.json()["extensions"]["cost"]["remaining"] == 7
    assert again.json()["extensions"]["cost"]["remaining"] == 6
    assert (await ask(client, address, other, DEAR)).status_code == 200


async def test_on_a_socket_and_in_a_stream_an_operation_beyond_the_budget_is_refused(
    client: httpx.AsyncClient, budgeted: tuple[str, Domain]
) -> None:
    address, domain = budgeted
    key = await a_key(domain)
    await ask(client, address, key, DEAR)

    streamed = await ask(client, address, key, DEAR, accept="text/event-stream")
    async with socket(address) as opened:
        await opened.introduce(key)
        await opened.subscribe(DEAR["query"], id="dear")
        refused = await opened.receive()
        await opened.subscribe(WATCH, id="watching")
        domain.clock.advance(9)
        await opened.subscribe(DEAR["query"], id="again")

        assert "RATE_LIMITED" in streamed.text
        assert (refused["type"], refused["payload"][0]["message"]) == ("error", TOO_DEAR)
        assert "deliveries" in await opened.next("again")


async def test_a_stream_that_is_one_too_many_is_refused(
    client: httpx.AsyncClient, address: str, domain: Domain
) -> None:
    key = await a_key(domain)
    await use_up(client, address, key)

    refused = await ask(client, address, key, {"query": WATCH}, accept="text/event-stream")

    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert refused.json() == {"errors": [REFUSAL]}


async def test_a_large_body_that_is_one_too_many_gets_its_answer(
    client: httpx.AsyncClient, address: str, domain: Domain
) -> None:
    key = await a_key(domain)
    await use_up(client, address, key)

    refused = await ask(client, address, key, VIEWER | {"variables": {"x": "x" * 3_000_000}})

    assert refused.status_code == 429


async def test_on_a_socket_one_operation_is_refused_and_the_others_go_on(address: str, domain: Domain) -> None:
    async with socket(address) as opened:
        await opened.introduce(await a_key(domain))
        await opened.subscribe(WATCH, id="watching")
        await opened.subscribe("{ viewer { scopes } }", id="2")
        assert "viewer" in await opened.next("2")
        assert await opened.receive() == {"id": "2", "type": "complete"}

        await opened.subscribe("{ viewer { scopes } }", id="3")
        refused = await opened.receive()
        domain.clock.advance(1)
        await opened.subscribe("{ viewer { scopes } }", id="3")

        assert refused == {"id": "3", "type": "error", "payload": [REFUSAL]}
        assert "viewer" in await opened.next("3")
        assert await opened.receive() == {"id": "3", "type": "complete"}
        assert domain.resources.updates.followers == 1


async def test_opening_sockets_counts_and_one_too_many_is_closed_to_be_tried_again(
    address: str, domain: Domain
) -> None:
    key = await a_key(domain)
    for _ in range(3):
        async with socket(address) as opened:
            await opened.introduce(key)

    async with socket(address) as opened:
        await opened.send({"type": "connection_init", "payload": {"Authorization": f"Bearer {key}"}})

        assert await opened.closed() == (1013, SENTENCE)


async def test_without_a_limit_nobody_is_refused(
    client: httpx.AsyncClient, database_url: str, tmp_path: Path, clock: FakeClock
) -> None:
    async with open_domain(database_url, tmp_path, clock, rate_limit_per_second=0, rate_limit_burst=1) as domain:
        key = await a_key(domain)
        async with served(domain.resources) as address:
            statuses = {(await ask(client, address, key)).status_code for _ in range(20)}

    assert statuses == {200}


async def test_refusals_are_seen_in_the_metrics(client: httpx.AsyncClient, address: str, domain: Domain) -> None:
    key = await a_key(domain)
    await use_up(client, address, key)
    await ask(client, address, key)

    page = (await client.get(f"http://{address}/metrics")).text

    assert "eev_webhooks_rate_limited_requests_total 1.0" in page


async def test_servers_with_one_redis_count_together(
    client: httpx.AsyncClient, database_url: str, redis_url: str, tmp_path: Path, clock: FakeClock
) -> None:
    shared: dict[str, Any] = {"updates_url": redis_url, "rate_limit_per_second": 1, "rate_limit_burst": 60}
    second = Settings(_env_file=None, database_url=database_url, data_dir=tmp_path, **shared)
    async with (
        open_domain(database_url, tmp_path, clock, **shared) as domain,
        open_resources(second, send_wake_up=lambda _: None, clock=clock) as resources,
        served(domain.resources) as one,
        served(resources) as other,
    ):
        key = await a_key(domain)
        passed = {one: 0, other: 0}
        for address in (one, other):
            while (await ask(client, address, key)).status_code == 200:
                passed[address] += 1

    # Redis's clock moves on: one request per second is restored.
    assert 60 <= passed[one] < 90
    assert passed[other] < 30
