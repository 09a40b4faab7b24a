"""Pruned rows look as if they had never existed, and nothing that remains fails without them."""

from collections.abc import AsyncGenerator
from datetime import timedelta

from app.retention.prune import Retention
from app.stats.periods import close_periods
from app.updates.bus import Batch
from app.updates.update import Update
from graph.context import Context
from graph.following import still_there
from graph.loaders import Loaders
from tests.app.operations.desk import Desk
from tests.domain import Domain
from tests.graph.conftest import Api

EVERYTHING = """
query($event: ID!, $delivery: ID!, $attempt: ID!) {
  event(id: $event) { id }
  delivery(id: $delivery) { id }
  node(id: $attempt) { id }
  events { nodes { id body data deliveries(first: 5) { nodes { id } } } }
  deliveries { nodes { id event { body } attempts(first: 5) { nodes { id request { body } } } } }
  webhooks(first: 5) { nodes { deliveries(first: 5) { nodes { id event { id } } } } }
}
"""


async def prune(domain: Domain) -> None:
    while await close_periods(domain.resources.database, domain.resources.clock):
        pass
    await Retention(domain.resources, domain.resources.metrics.pruned, rest_seconds=0).prune()


async def test_what_is_left_is_whole_and_what_is_gone_was_never_there(domain: Domain, api: Api) -> None:
    desk = Desk(domain)
    await desk.webhook()
    old, failed = await desk.publish(2)
    await desk.become("SUCCEEDED", event_id=old)
    await desk.become("FAILED", event_id=failed)
    attempt, kept_attempt = await desk.attempt()
    [delivery] = await desk.deliveries(event_id=old)
    [kept_delivery] = await desk.deliveries(event_id=failed)

    domain.clock.advance(timedelta(days=31))
    await prune(domain)
    data = await api.data(EVERYTHING, event=old, delivery=delivery["id"], attempt=attempt)

    assert (data["event"], data["delivery"], data["node"]) == (None, None, None)
    [event] = data["events"]["nodes"]
    assert event["id"] == failed
    assert event["deliveries"]["nodes"] == [{"id": kept_delivery["id"]}]
    [shown] = data["deliveries"]["nodes"]
    assert shown["event"]["body"] == event["body"]
    assert shown["attempts"]["nodes"] == [{"id": kept_attempt, "request": {"body": event["body"]}}]
    [webhook] = data["webhooks"]["nodes"]
    assert [delivery["id"] for delivery in webhook["deliveries"]["nodes"]] == [kept_delivery["id"]]


async def test_attempts_may_go_before_their_delivery(domain: Domain, api: Api) -> None:
    desk = Desk(domain)
    await desk.webhook()
    await desk.publish()
    await desk.become("SUCCEEDED")
    [attempt] = await desk.attempt()
    [delivery] = await desk.deliveries()

    domain.clock.advance(timedelta(days=15))
    await prune(domain)
    data = await api.data(EVERYTHING, event=delivery["event_id"], delivery=delivery["id"], attempt=attempt)

    assert data["delivery"] == {"id": delivery["id"]}
    assert data["deliveries"]["nodes"][0]["attempts"]["nodes"] == []


async def test_a_follower_that_comes_back_late_hears_of_what_is_still_there(domain: Domain, api: Api) -> None:
    desk = Desk(domain)
    await desk.webhook()
    old, failed = await desk.publish(2)
    await desk.become("SUCCEEDED", event_id=old)
    await desk.become("FAILED", event_id=failed)
    updates = tuple(
        (
            str(number),
            Update(row["workspace_id"], row["id"], row["created_at"], row["event_id"], None, None, "PENDING", None),
        )
        for number, row in enumerate(await desk.deliveries())
    )
    context = Context(domain.resources, Loaders.of_nobody(domain.resources), "127.0.0.1")
    await context.authenticate(api.key)

    async def batches() -> AsyncGenerator[Batch, None]:
        yield Batch(updates, "2", gap=False)

    domain.clock.advance(timedelta(days=31))
    await prune(domain)
    [batch] = [batch async for batch in still_there(context, batches())]

    assert [update.event_id for _, update in batch.updates] == [failed]
    assert (batch.cursor, batch.gap) == ("2", False)
