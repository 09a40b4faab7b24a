"""Python's gql: over HTTP with httpx, and over one socket with its websockets transport."""

from asyncio import sleep, timeout, to_thread
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import pytest
from gql import Client, GraphQLRequest, gql
from gql.transport.exceptions import TransportConnectionFailed, TransportQueryError
from gql.transport.httpx import HTTPXAsyncTransport
from gql.transport.websockets import WebsocketsTransport

from tests.app.cli.installed import KEY
from tests.clients.conftest import Home, create_webhook, publish
from tests.patience import PATIENCE_SECONDS
from tests.receiver import Receiver
from tests.server import free_port

AUTHORIZATION = {"Authorization": f"Bearer {KEY}"}
FOLLOW = """
    subscription ($after: String) {
      deliveryUpdates(after: $after) { cursor gap updates { delivery { status event { id } } } }
    }
"""


def over_a_socket(url: str) -> Client:
    address = url.replace("http:", "ws:", 1) + "/graphql"
    transport = WebsocketsTransport(
        address, init_payload=AUTHORIZATION, connect_timeout=PATIENCE_SECONDS, ack_timeout=PATIENCE_SECONDS
    )
    return Client(transport=transport, fetch_schema_from_transport=True, execute_timeout=PATIENCE_SECONDS)


async def followed(client: Client) -> AsyncGenerator[dict[str, Any], None]:
    """Follow deliveries, and reconnect after the latest message whenever the connection is lost."""
    after = None
    while True:
        try:
            async with client as session:
                async for result in session.subscribe(GraphQLRequest(FOLLOW, variable_values={"after": after})):
                    after = result["deliveryUpdates"]["cursor"]
                    yield result["deliveryUpdates"]
        except (TransportConnectionFailed, OSError):
            await sleep(0.1)  # refused while the server is away


async def told_of(event_id: str, messages: AsyncGenerator[dict[str, Any], None]) -> list[bool]:
    """Wait until an event is reported as delivered; return whether each message until then reported a gap."""
    gaps = []
    async with timeout(PATIENCE_SECONDS):
        async for message in messages:
            gaps.append(message["gap"])
            if {"status": "SUCCEEDED", "event": {"id": event_id}} in [one["delivery"] for one in message["updates"]]:
                break
    return gaps


async def test_gql_reads_the_schema_and_asks_over_http(server: str) -> None:
    transport = HTTPXAsyncTransport(f"{server}/graphql", headers=AUTHORIZATION, timeout=PATIENCE_SECONDS)

    async with Client(
        transport=transport, fetch_schema_from_transport=True, execute_timeout=PATIENCE_SECONDS
    ) as session:
        viewer = (await session.execute(gql("{ viewer { workspace { name } scopes } }")))["viewer"]

    assert viewer["workspace"] == {"name": "default"}
    assert viewer["scopes"][0] == "READ"


async def test_gql_asks_and_changes_over_a_socket(server: str, receiver: Receiver) -> None:
    async with over_a_socket(server) as session:
        created = await session.execute(
            GraphQLRequest(
                "mutation ($input: CreateWebhookInput!) { createWebhook(input: $input) { webhook { id status } } }",
                variable_values={"input": {"name": "A", "url": receiver.url(), "eventTypes": ["*"]}},
            ),
        )
        with pytest.raises(TransportQueryError, match="after"):
            await session.execute(gql('{ webhooks(after: "no cursor") { totalCount } }'))
        listed = await session.execute(gql("{ webhooks { nodes { id status } } }"))

    assert listed["webhooks"]["nodes"] == [created["createWebhook"]["webhook"]]


async def test_gql_misses_nothing_while_its_server_is_away(home: Home, redis_url: str, receiver: Receiver) -> None:
    home.settings["UPDATES_URL"] = redis_url
    ask = await to_thread(home.start)
    await to_thread(create_webhook, ask, receiver.url())

    async with aclosing(followed(over_a_socket(home.url))) as messages:
        gaps = [(await anext(messages))["gap"]]
        first = await to_thread(publish, ask)
        gaps += await told_of(first, messages)
        await to_thread(home.stop)
        elsewhere = await to_thread(home.start, free_port())
        missed = await to_thread(publish, elsewhere)
        await receiver.received(2)
        await to_thread(home.stop)
        await to_thread(home.start)
        gaps += await told_of(missed, messages)

    assert not any(gaps)
