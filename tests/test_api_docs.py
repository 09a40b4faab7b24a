"""docs/api.md has every operation in its table, with an example that works as written."""

import asyncio
import json
import re
import time
from asyncio import to_thread
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLObjectType

from app.cli.api import Api
from tests.app.cli.installed import KEY, serving, url_of
from tests.exported_schema import SCHEMA
from tests.receiver import Receiver, answer

PAGE = (Path(__file__).parents[1] / "docs" / "api.md").read_text(encoding="utf-8")
URL = "https://example.com/webhooks"
IDS = re.compile(r"\b([a-z]{2,4})_[0-9a-z]{26}\b")


def operations() -> Iterator[tuple[str, str]]:
    """Every query, mutation and subscription, with its description in the schema."""
    for root in (SCHEMA.query_type, SCHEMA.mutation_type, SCHEMA.subscription_type):
        assert isinstance(root, GraphQLObjectType)
        yield from ((name, field.description or "") for name, field in root.fields.items())


def row(name: str, description: str) -> str:
    """The row of an operation in the page's table."""
    said, _, needed = description.rpartition(" Needs ")
    return f"| [{name}](#{name.lower()}) | {said or needed} | {needed.rstrip('.') if said else 'READ'} |"


@dataclass(frozen=True)
class Example:
    """An operation's example: the document, and its variables with placeholders in them."""

    name: str
    document: str
    variables: str

    @property
    def is_subscription(self) -> bool:
        return self.document.startswith("subscription")


def examples() -> list[Example]:
    """The page's examples, in its order."""
    found = []
    for name, text in re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL):
        documents = re.findall(r"^```graphql\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        variables = re.findall(r"^```json\n(.*?)^```", text, re.MULTILINE | re.DOTALL) or ["{}"]
        found += [Example(name, document, variables[0]) for document in documents]
    return found


class Client:
    """Asks as the page says, with real IDs in the places of `"wh_…"`: the latest one found in an answer."""

    def __init__(self, api: Api, receiver: Receiver) -> None:
        self.api = api
        self.ids: dict[str, str] = {}
        self._receiver = receiver

    async def ask(self, example: Example) -> Any:
        """The answer to the operation of an example."""
        return self._seen(await self.api.ask(example.document, self._variables(example)), example)

    async def first_message(self, example: Example, cause: Callable[[], Awaitable[Any]]) -> Any:
        """The first message of an example's subscription; `cause` is repeated until there is one."""
        async with aclosing(self.api.follow(example.document, self._variables(example))) as messages:
            first = asyncio.ensure_future(anext(messages))
            while not first.done():
                await cause()
                await asyncio.wait([first], timeout=0.2)
            return self._seen(first.result(), example)

    def _variables(self, example: Example) -> dict[str, Any]:
        text = example.variables.replace(URL, self._receiver.url())
        filled = re.sub(r'"([a-z]+)_…"', lambda found: f'"{self.ids[found[1]]}"', text)
        variables: dict[str, Any] = json.loads(filled)
        return variables

    def _seen(self, data: Mapping[str, Any], example: Example) -> Any:
        [(name, value)] = data.items()
        assert name == example.name
        assert value is not None, name
        if isinstance(value, dict):
            assert value.get("userErrors", []) == [], name
            assert value.get("nodes") != [], name
        self.ids |= {found[1]: found[0] for found in IDS.finditer(json.dumps(value))}
        return value


PENDING = """
mutation ($id: ID!, $event: PublishEventInput!) {
  pauseWebhook(input: { id: $id }) { userErrors { message } }
  publishEvent(input: $event) { event { deliveries { nodes { id } } } }
}
"""
CHANGE = """
mutation ($id: ID!, $name: String!) {
  updateWebhook(input: { id: $id, name: $name }) { userErrors { message } }
  retryDeliveries(input: { filter: { webhookId: $id } }) { userErrors { message } }
}
"""
BEGIN = """
mutation ($id: ID!) { retryDeliveries(input: { filter: { webhookId: $id } }) { operation { id } } }
"""
FAIL = """
mutation ($id: ID!, $event: PublishEventInput!) {
  resumeWebhook(input: { id: $id }) { userErrors { message } }
  publishEvent(input: $event) { event { id } }
}
"""
# Operations are worked on once per second.
MOST_OPERATIONS = 20
TICKET = {"type": "ticket.created", "data": {"ticket": {"id": "tkt_43", "subject": "Hello", "status": "new"}}}


async def make_a_pending_delivery(client: Client) -> None:
    """Create a pending delivery, because only open ones can be canceled."""
    data = await client.api.ask(PENDING, {"id": client.ids["wh"], "event": TICKET})
    client.ids["dlv"] = data["publishEvent"]["event"]["deliveries"]["nodes"][0]["id"]


async def make_a_failing_delivery(client: Client) -> None:
    """Publish an event whose delivery fails, because only failures open a problem."""
    follow = client.api.follow("subscription { deliveryUpdates { updates { status } } }", {})
    async with aclosing(follow) as messages:
        await anext(messages)
        await client.api.ask(FAIL, {"id": client.ids["wh"], "event": TICKET})
        async for message in messages:
            if any(update["status"] == "RETRYING" for update in message["deliveryUpdates"]["updates"]):
                return


async def cancel_an_operation(client: Client, example: Example) -> None:
    """Cancel a running operation as the example says; if one ends too early, try another."""
    for _ in range(MOST_OPERATIONS):
        begun = await client.api.ask(BEGIN, {"id": client.ids["wh"]})
        client.ids["op"] = begun["retryDeliveries"]["operation"]["id"]
        canceled = await client.api.ask(example.document, {"id": client.ids["op"]})
        if not canceled["cancelOperation"]["userErrors"]:
            return
    raise AssertionError("every operation ended before it was canceled")


async def change_something(client: Client) -> None:
    """Change a webhook and begin an operation, so that subscriptions have something to send."""
    await client.api.ask(CHANGE, {"id": client.ids["wh"], "name": f"Desk {time.monotonic_ns()}"})


def test_the_table_says_of_every_operation_what_the_schema_says() -> None:
    rows = re.findall(r"^\| \[.*\|$", PAGE, re.MULTILINE)

    assert rows == [row(name, description) for name, description in operations()]


def test_every_operation_has_an_example() -> None:
    assert sorted(example.name for example in examples()) == sorted(name for name, _ in operations())


@pytest.fixture
async def receiver() -> Any:
    async with Receiver() as listening:
        yield listening


async def test_every_example_works_in_the_order_of_the_page(receiver: Receiver, tmp_path: Path) -> None:
    with serving(tmp_path, EGRESS_ADDRESSES="127.0.0.1") as server:
        async with Api(await to_thread(url_of, server), KEY) as api:
            client = Client(api, receiver)
            for example in examples():
                if example.name == "cancelDelivery":
                    await make_a_pending_delivery(client)
                if example.name == "problems":
                    receiver.on("/", answer(500))
                    await make_a_failing_delivery(client)
                if example.name == "cancelOperation":
                    await cancel_an_operation(client, example)
                elif example.is_subscription:
                    await client.first_message(example, partial(change_something, client))
                else:
                    await client.ask(example)

    assert {request.header("x-tenant") for request in receiver.requests} == {None, "acme"}
