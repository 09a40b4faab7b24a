"""GET /feed: the same as `Webhook.feed`, and a wait that ends with the commit."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from time import perf_counter
from typing import Any

import httpx
import pytest

from app.access.keys import KeyDraft, create_key, revoke_key
from app.access.tokens import create_access_token
from app.statuses import Scope
from app.web.application import create_application
from app.webhooks.lifecycle import delete_webhook, pause_webhook
from tests.app.web.conftest import client_of
from tests.graph.serving import until_followed
from tests.patience import PATIENCE_SECONDS
from tests.receiver import answer
from tests.world import TICKET, World, open_world

FEED = """query($id: ID!, $after: Int!) { webhook(id: $id) { feed(after: $after) {
  items { sequence status event { id type occurredAt createdAt orderingKey data } } next end expiredBefore } } }"""


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(database_url, tmp_path) as opened:
        yield opened


@pytest.fixture
async def http(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(create_application(world.resources)) as client:
        client.headers["authorization"] = f"Bearer {world.key}"
        yield client


async def key(world: World, *scopes: Scope) -> dict[str, str]:
    """The header of a new key."""
    created = await create_key(world.resources, world.caller, KeyDraft("receiver", scopes))
    return {"authorization": f"Bearer {created.key}"}


def refused(response: httpx.Response) -> tuple[int, str]:
    """The status and the code of a refusal, which contains a sentence."""
    [error] = response.json()["errors"]
    assert len(error["message"]) > 10
    return response.status_code, error["extensions"]["code"]


async def test_it_answers_what_the_webhooks_feed_answers(world: World, http: httpx.AsyncClient) -> None:
    world.receiver.on("/", answer(500))
    webhook = await world.webhook(retry_delays_seconds=[])
    await world.publish()
    await world.publish(ordering_key="tkt_1")
    await world.until_status("FAILED", "FAILED")

    found = await http.get(f"/feed/{webhook.id}", params={"after": "1"})
    asked = {"query": FEED, "variables": {"id": webhook.id, "after": 1}}
    said = (await http.post("/graphql", json=asked)).json()["data"]["webhook"]["feed"]

    assert (found.status_code, found.headers["content-type"]) == (200, "application/json")
    content: dict[str, Any] = found.json()
    [item] = content["items"]
    # The payload as sent, with the rest of the event beside it.
    assert item["event"].pop("timestamp") == item["event"]["occurredAt"]
    assert content == said
    assert (item["sequence"], item["status"], item["event"]["data"]) == (2, "FAILED", TICKET)
    assert (content["next"], content["end"], content["expiredBefore"]) == (2, 2, 1)


async def test_without_parameters_it_begins_at_the_beginning(world: World, http: httpx.AsyncClient) -> None:
    webhook = await world.webhook()
    await world.publish()

    assert [item["sequence"] for item in (await http.get(f"/feed/{webhook.id}")).json()["items"]] == [1]


@pytest.mark.parametrize(
    "parameters",
    ["after=-1", "after=x", "after=1.5", "after=99999999999999999999", "first=101", "first=", "wait=31", "wait=-1"],
)
async def test_a_parameter_that_is_none_is_refused_with_its_name(
    world: World, http: httpx.AsyncClient, parameters: str
) -> None:
    webhook = await world.webhook()

    response = await http.get(f"/feed/{webhook.id}?{parameters}")

    assert refused(response) == (400, "BAD_USER_INPUT")
    assert f"The parameter {parameters.partition('=')[0]} is" in response.json()["errors"][0]["message"]


async def test_who_may_not_read_feeds_is_refused(world: World, http: httpx.AsyncClient) -> None:
    webhook = await world.webhook()
    url = f"/feed/{webhook.id}"

    without = await http.get(url, headers={"authorization": ""})
    publisher = await http.get(url, headers=await key(world, Scope.PUBLISH, Scope.MANAGE))
    allowed = [await http.get(url, headers=await key(world, scope)) for scope in (Scope.FEED, Scope.READ)]

    assert refused(without) == (401, "UNAUTHENTICATED")
    assert without.headers["www-authenticate"] == "Bearer"
    assert refused(publisher) == (403, "FORBIDDEN")
    assert [response.status_code for response in allowed] == [200, 200]


@pytest.mark.parametrize("which", ["another workspace's", "deleted", "none", "no ID"])
async def test_a_webhook_that_is_not_there_is_not_found(world: World, http: httpx.AsyncClient, which: str) -> None:
    webhook = await world.webhook()
    ids = {"deleted": webhook.id, "none": webhook.id[:-4] + "0000", "no ID": "../x"}
    if which == "another workspace's":
        ids[which] = (await (await world.neighbour()).webhook()).id
    await delete_webhook(world.resources, world.caller, webhook.id)

    assert refused(await http.get(f"/feed/{ids[which]}")) in {(404, "NOT_FOUND"), (404, "BAD_USER_INPUT")}


async def test_a_feed_is_only_read(world: World, http: httpx.AsyncClient) -> None:
    assert (await http.post(f"/feed/{(await world.webhook()).id}")).status_code == 405


async def test_a_wait_ends_within_50_ms_of_the_publish(world: World, http: httpx.AsyncClient) -> None:
    webhook = await world.webhook()
    await pause_webhook(world.resources, world.caller, webhook.id)
    other = await world.webhook("/other", event_types=["ticket.updated"])
    took = []
    for after in range(5):
        asking = asyncio.create_task(http.get(f"/feed/{webhook.id}?after={after}&wait=30"))
        await until_followed(world.resources, 2)
        await world.publish("ticket.updated") if after == 2 else None  # for the other webhook too

        if after != 2:
            await world.publish()
        committed = perf_counter()
        async with asyncio.timeout(PATIENCE_SECONDS):
            response = await asking
        took.append(perf_counter() - committed)

        assert [item["sequence"] for item in response.json()["items"]] == [after + 1]
    assert (await http.get(f"/feed/{other.id}")).json()["end"] == 1
    assert sorted(took)[2] < 0.05, took


async def test_a_wait_ends_with_what_a_disabled_webhook_misses(world: World, http: httpx.AsyncClient) -> None:
    world.receiver.on("/", answer(410))
    webhook = await world.webhook()
    await world.publish()
    await world.until_status("FAILED")
    asking = asyncio.create_task(http.get(f"/feed/{webhook.id}?after=1&wait=30"))
    await until_followed(world.resources, 2)

    missed = await world.publish()
    async with asyncio.timeout(PATIENCE_SECONDS):
        response = await asking

    [item] = response.json()["items"]
    assert (item["sequence"], item["event"]["id"], item["status"]) == (2, missed.row.id, "CANCELED")


async def test_news_of_others_and_of_attempts_end_no_wait(world: World, http: httpx.AsyncClient) -> None:
    webhook = await world.webhook("/quiet", event_types=["ticket.created"])
    await world.webhook("/other", event_types=["ticket.updated"])
    asking = asyncio.create_task(http.get(f"/feed/{webhook.id}?wait=30"))
    await until_followed(world.resources, 2)

    await world.publish("ticket.updated")
    await world.until_status("SUCCEEDED")
    assert not asking.done()
    await world.publish("ticket.created")
    async with asyncio.timeout(PATIENCE_SECONDS):
        response = await asking

    assert [item["sequence"] for item in response.json()["items"]] == [1]


async def test_a_wait_without_news_ends_with_its_time(world: World, http: httpx.AsyncClient) -> None:
    webhook = await world.webhook()
    await world.publish()

    async with asyncio.timeout(PATIENCE_SECONDS):
        response = await http.get(f"/feed/{webhook.id}?after=1&wait=1")

    assert response.json() == {"items": [], "next": 1, "end": 1, "expiredBefore": 1}
    assert world.resources.updates.followers == 0


async def test_a_server_that_closes_answers_those_that_wait(world: World) -> None:
    webhook = await world.webhook()
    application = create_application(world.resources)
    async with client_of(application) as http:
        url, headers = f"/feed/{webhook.id}?wait=30", {"authorization": f"Bearer {world.key}"}
        asking = asyncio.create_task(http.get(url, headers=headers))
        await until_followed(world.resources, 2)
        application.state.closing.set()
        async with asyncio.timeout(PATIENCE_SECONDS):
            response = await asking

    assert (response.status_code, response.json()["items"]) == (200, [])


async def test_a_wait_ends_with_its_key(world: World, http: httpx.AsyncClient) -> None:
    webhook = await world.webhook()
    created = await create_key(world.resources, world.caller, KeyDraft("receiver", [Scope.FEED]))
    headers = {"authorization": f"Bearer {created.key}"}
    asking = asyncio.create_task(http.get(f"/feed/{webhook.id}?wait=30", headers=headers))
    await until_followed(world.resources, 2)

    await revoke_key(world.resources, world.resources.authenticator.keys, world.caller, created.api_key.id)
    async with asyncio.timeout(PATIENCE_SECONDS):
        response = await asking

    assert refused(response) == (401, "UNAUTHENTICATED")


async def test_a_token_for_feeds_can_be_made_with_a_key_that_reads(world: World, http: httpx.AsyncClient) -> None:
    webhook = await world.webhook()
    reader = await key(world, Scope.READ)
    caller = await world.resources.authenticator.authenticate(reader["authorization"].partition(" ")[2], None)
    made = await create_access_token(world.resources.authenticator, caller, [Scope.FEED], 60)
    headers = {"authorization": f"Bearer {made.token}"}

    feed = await http.get(f"/feed/{webhook.id}", headers=headers)
    rest = await http.post("/graphql", json={"query": "{ webhooks { nodes { name } } }"}, headers=headers)

    assert feed.status_code == 200
    assert rest.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_requests_and_their_cost_count_against_the_key(database_url: str, tmp_path: Path) -> None:
    async with open_world(
        database_url, tmp_path, rate_limit_per_second=1, rate_limit_burst=3, max_query_cost=1_000
    ) as world:
        webhook = await world.webhook()
        async with client_of(create_application(world.resources)) as http:
            headers = await key(world, Scope.FEED)
            costly = [await http.get(f"/feed/{webhook.id}", headers=headers) for _ in range(2)]
            frequent = [await http.get(f"/feed/{webhook.id}?first=1", headers=headers) for _ in range(2)]

    assert costly[0].status_code == 200
    assert refused(costly[1]) == (429, "RATE_LIMITED")
    assert refused(frequent[1]) == (429, "RATE_LIMITED")
    assert int(frequent[1].headers["retry-after"]) >= 1
