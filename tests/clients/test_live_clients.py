"""Popular clients query, change and follow, and resume where they left off when the server returns."""

import asyncio
from asyncio import to_thread
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import TypeAlias, TypeVar

import pytest

from app.statuses import Scope
from tests.app.cli.installed import KEY
from tests.clients.conftest import Ask, Home, create_webhook, publish
from tests.clients.program import Program, running
from tests.receiver import Receiver
from tests.server import free_port

Result = TypeVar("Result")
Clients: TypeAlias = Callable[[], AbstractAsyncContextManager[dict[str, Program]]]

CLIENTS = ["apollo.mjs", "graphql-sse.mjs", "graphql-ws.mjs", "urql.mjs"]
SCOPES = [scope.value for scope in Scope]


async def message_about(client: Program, event_id: str, status: str) -> list[bool]:
    """Wait until a client receives that an event was delivered; return whether each message until then reported a
    gap.
    """
    gaps = []
    while True:
        message = await client.says("updates")
        gaps.append(message["gap"])
        if {"event": event_id, "status": status} in message["updates"]:
            return gaps


async def each(clients: dict[str, Program], act: Callable[[Program], Awaitable[Result]]) -> dict[str, Result]:
    """Do the same with all clients at once; errors name the client."""
    results = {}

    async def act_with(name: str) -> None:
        try:
            results[name] = await act(clients[name])
        except (AssertionError, TimeoutError) as error:
            error.add_note(f"with {name}")
            raise

    async with asyncio.TaskGroup() as group:
        for name in clients:
            group.create_task(act_with(name))
    return results


async def first_event(client: Program) -> str:
    """Wait until a client's published event is delivered, and return its ID. The news of it may be faster than the
    answer to the client.
    """
    event_id, told = "", []
    while {"event": event_id, "status": "SUCCEEDED"} not in told:
        line = await client.line()
        told += line.get("updates", [])
        if "published" in line:
            event_id = line["published"]["event"]["id"]
    return event_id


async def told_of_a_gap(client: Program) -> None:
    """Wait until a client receives a gap."""
    while not (await client.says("updates"))["gap"]:
        pass


@pytest.fixture
def clients(home: Home) -> Callable[[], AbstractAsyncContextManager[dict[str, Program]]]:
    """Run all clients against the server at home."""

    @asynccontextmanager
    async def start() -> AsyncIterator[dict[str, Program]]:
        async with AsyncExitStack() as stack:
            yield {
                name: await stack.enter_async_context(
                    running("node", f"programs/{name}", SERVER_URL=f"{home.url}/graphql", API_KEY=KEY)
                )
                for name in CLIENTS
            }

    return start


async def test_clients_ask_change_and_follow(clients: Clients, server: str, ask: Ask, receiver: Receiver) -> None:
    await to_thread(create_webhook, ask, receiver.url())

    async with clients() as started:
        viewers = await each(started, lambda client: client.says("viewer"))
        delivered = await each(started, first_event)

    assert {name: said["viewer"]["scopes"] for name, said in viewers.items()} == dict.fromkeys(CLIENTS, SCOPES)
    assert sorted(delivered.values()) == sorted(request.header("webhook-id") or "" for request in receiver.requests)


async def test_clients_miss_nothing_while_their_server_is_away(
    clients: Clients, home: Home, redis_url: str, receiver: Receiver
) -> None:
    home.settings["UPDATES_URL"] = redis_url
    ask = await to_thread(home.start)
    await to_thread(create_webhook, ask, receiver.url())

    async with clients() as started:
        await each(started, first_event)
        await to_thread(home.stop)
        elsewhere = await to_thread(home.start, free_port())
        missed = await to_thread(publish, elsewhere)
        await receiver.received(len(CLIENTS) + 1)
        await to_thread(home.stop)
        back = await to_thread(home.start)
        gaps_before = await each(started, lambda client: message_about(client, missed, "SUCCEEDED"))
        live = await to_thread(publish, back)
        gaps_since = await each(started, lambda client: message_about(client, live, "SUCCEEDED"))

    assert not any(gap for gaps in (gaps_before, gaps_since) for told in gaps.values() for gap in told)


async def test_clients_get_a_gap_when_their_server_forgot(clients: Clients, home: Home, receiver: Receiver) -> None:
    ask = await to_thread(home.start)
    await to_thread(create_webhook, ask, receiver.url())

    async with clients() as started:
        await each(started, first_event)
        await to_thread(home.stop)
        back = await to_thread(home.start)
        await each(started, told_of_a_gap)
        live = await to_thread(publish, back)
        gaps_since = await each(started, lambda client: message_about(client, live, "SUCCEEDED"))

    assert not any(gap for told in gaps_since.values() for gap in told)
