"""What an agent can find out and do with the stock client."""

from datetime import timedelta
from typing import Any

from mcp import Client

from app.clock import rfc3339
from tests.app.web.agents.conftest import agent
from tests.graph.serving import served
from tests.receiver import answer
from tests.world import World


class Counting:
    """Calls tools, and counts how often."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.calls = 0

    async def __call__(self, name: str, **arguments: Any) -> dict[str, Any]:
        self.calls += 1
        result = await self._client.call_tool(name, arguments)
        assert not result.is_error, result.content
        content: dict[str, Any] = result.structured_content
        return content


async def test_why_is_this_webhook_failing(world: World) -> None:
    world.receiver.on("/shop", answer(503, body=b"<h1>database is locked</h1>"))
    await world.webhook("/well", name="Well")
    await world.webhook("/shop", name="Shop", retry_delays_seconds=[])
    await world.publish()
    await world.until_attempts(2)

    async with served(world.resources) as server, agent(server, world.key) as client:
        call = Counting(client)
        [found] = (await call("list_webhooks", health=["FAILING", "BREAKER_OPEN", "DISABLED"]))["webhooks"]
        told = await call("explain_webhook", id=found["id"])

    assert call.calls <= 4
    assert (found["name"], told["state"]) == ("Shop", "FAILING")
    assert "Answered 503 Service Unavailable." in told["reasonAndRemedy"]
    assert "Repair the receiver" in told["reasonAndRemedy"]
    assert told["lastFailure"]["responseStatus"] == 503
    assert told["lastFailure"]["responseBody"] == {"untrusted": "<h1>database is locked</h1>"}
    assert [(one["status"], one["affected"]["count"]) for one in told["problems"]] == [("OPEN", 1)]
    assert told["eventsByResult"]["failed"] == 1
    assert [one["status"] for one in told["recentFailures"]] == ["FAILED"]


async def test_replay_what_it_missed_since_a_time(world: World) -> None:
    never_sent = await world.publish()
    webhook = await world.webhook("/shop", name="Shop", retry_delays_seconds=[])
    world.receiver.on("/shop", answer(500))
    failed = [await world.publish() for _ in range(2)]
    await world.until_attempts(2)
    world.receiver.on("/shop", answer(200))
    since = rfc3339(world.resources.clock.now() - timedelta(hours=1))

    async with served(world.resources) as server, agent(server, world.key) as client:
        call = Counting(client)
        [found] = (await call("list_webhooks", search="Shop"))["webhooks"]
        counted = await call("replay_missed", webhookId=found["id"], since=since)
        before = len(await world.attempts())
        sent = await call(counted["toSend"]["tool"], **counted["toSend"]["arguments"])

    assert call.calls <= 4
    assert (counted["neverSent"], counted["failed"], counted["matched"]) == (1, 2, 3)
    assert "operations" not in counted
    assert before == 2
    assert [operation["matched"] for operation in sent["operations"]] == [1, 2]
    received = await world.receiver.received(5, path="/shop")
    assert {request.header("webhook-id") for request in received[2:]} == {
        event.row.id for event in [never_sent, *failed]
    }
    assert found["id"] == webhook.id
