"""The operations in examples/operations do what their comments say, exactly as written."""

import json
from asyncio import to_thread
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from tests.app.cli.installed import KEY
from tests.clients.conftest import Home, asker
from tests.patience import PATIENCE_SECONDS
from tests.receiver import Receiver

OPERATIONS = Path(__file__).parents[2] / "examples" / "operations"
EGRESS = "127.0.0.2"
TICKET = {"type": "ticket.created", "data": {"ticket": {"id": "tkt_1", "subject": "Hello", "status": "new"}}}


class Operations:
    """Sends operations to a server, and records which have not been sent."""

    def __init__(self, url: str) -> None:
        self.left = {path.stem for path in OPERATIONS.glob("*.graphql")}
        self._url = url

    async def send(self, name: str, **variables: Any) -> Any:
        """Send one, and return the value of its only field."""
        [value] = (await to_thread(asker(self._url), self._text(name), **variables)).values()
        if isinstance(value, dict):
            assert value.get("userErrors", []) == [], name
        return value

    async def follow(self, name: str, **variables: Any) -> AsyncGenerator[Any, None]:
        """Send one over SSE; yields the value of the only field of each message."""
        headers = {"Authorization": f"Bearer {KEY}", "Accept": "text/event-stream"}
        asked = {"query": self._text(name), "variables": variables}
        async with (
            httpx.AsyncClient(timeout=PATIENCE_SECONDS, headers=headers) as client,
            client.stream("POST", f"{self._url}/graphql", json=asked) as stream,
        ):
            async for line in stream.aiter_lines():
                if line.startswith("data: "):
                    [value] = json.loads(line.removeprefix("data: "))["data"].values()
                    yield value

    def _text(self, name: str) -> str:
        self.left.discard(name)
        return (OPERATIONS / f"{name}.graphql").read_text(encoding="utf-8")


async def test_every_operation_does_what_its_comment_says(home: Home, receiver: Receiver) -> None:
    home.settings["EGRESS_ADDRESSES"] = EGRESS
    await to_thread(home.start)
    operations = Operations(home.url)
    send = operations.send
    an_hour_ago = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    webhook = {"name": "Tickets", "url": receiver.url(), "eventTypes": ["ticket.*"]}

    created = await send("create-webhook", input=webhook)
    webhook_id = created["webhook"]["id"]
    pinged = await send("ping-webhook", id=webhook_id)
    rotated = await send("rotate-secret", id=webhook_id)
    paused = await send("pause-webhook", id=webhook_id)
    all_paused = await send("list-webhooks", statuses=["PAUSED", "DISABLED"])
    published = await send("publish-event", input=TICKET)
    many = await send("publish-events", events=[TICKET, TICKET])
    found = await send("deliveries-of-event", id=published["event"]["id"])
    async with aclosing(operations.follow("follow")) as messages:
        first_message = await anext(messages)
        resumed = await send("resume-webhook", id=webhook_id)
        succeeded: set[str] = set()
        while len(succeeded) < 3:
            deliveries = [update["delivery"] for update in (await anext(messages))["updates"]]
            succeeded |= {delivery["event"]["id"] for delivery in deliveries if delivery["status"] == "SUCCEEDED"}
    failed = await send("failed-deliveries", since=an_hour_ago)
    retried = await send("retry-delivery", id=found["deliveries"]["nodes"][0]["id"])
    to_retry = await send("retry-failed", webhookId=webhook_id, dryRun=True)
    replayed = await send("replay-missing", webhookId=webhook_id, since=an_hour_ago)
    operation = await send("operation", id=replayed["operation"]["id"])
    statistics = await send("statistics", webhookId=webhook_id, since=an_hour_ago)
    types = await send("event-types", category="TICKET")
    addresses = await send("egress-addresses")
    customer = {"name": "Acme", "externalId": "customer-42"}
    workspaces = [(await send("create-workspace", input=customer))["workspace"]["id"] for _ in range(2)]
    listed = await send("list-workspaces", externalId="customer-42")
    token = await send("customer-token", input={"workspaceId": workspaces[0], "scopes": ["READ"]})
    deleted = await send("delete-workspace", id=workspaces[0])

    assert created["secret"].startswith("whsec_")
    assert pinged["attempt"]["response"] == {"status": 200, "body": ""}
    assert {secret["status"] for secret in rotated["webhook"]["secrets"]} == {"CURRENT", "EXPIRING"}
    assert (paused["webhook"]["status"], resumed["webhook"]["status"]) == ("PAUSED", "ACTIVE")
    assert [node["id"] for node in all_paused["nodes"]] == [webhook_id]
    assert (published["deliveryCount"], many["deliveryCount"]) == (1, 2)
    assert [node["status"] for node in found["deliveries"]["nodes"]] == ["PENDING"]
    assert (first_message["updates"], first_message["gap"]) == ([], False)
    assert succeeded == {published["event"]["id"], *(event["id"] for event in many["events"])}
    assert failed["nodes"] == []
    assert retried["delivery"]["status"] == "PENDING"
    assert (to_retry["matched"], to_retry["operation"]) == (0, None)
    assert (replayed["matched"], operation["matched"]) == (0, 0)
    assert (statistics["failed"], 1 <= len(statistics["series"]) <= 24) == (0, True)
    assert "ticket.created" in [one["name"] for one in types]
    assert addresses == [EGRESS]
    assert [node["id"] for node in listed["nodes"]] == [workspaces[1]] == [deleted["deletedId"]]
    assert token["token"]
    assert {request.peer for request in receiver.requests} == {EGRESS}
    assert operations.left == set()
