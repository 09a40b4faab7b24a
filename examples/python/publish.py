"""Publishes an event, follows its deliveries live, and retries failed ones once.

pip install "gql[websockets]"
EEV_URL=http://127.0.0.1:8000/graphql EEV_KEY=… python publish.py ticket-42-created
"""

import asyncio
import os
import sys
from typing import Any

from gql import Client, GraphQLRequest
from gql.client import AsyncClientSession
from gql.transport.exceptions import TransportConnectionFailed
from gql.transport.websockets import WebsocketsTransport

PUBLISH = """
  mutation ($input: PublishEventInput!) {
    publishEvent(input: $input) { event { id } deliveryCount userErrors { message } }
  }
"""
FOLLOW = """
  subscription ($after: String) {
    deliveryUpdates(after: $after) {
      cursor
      gap
      updates { delivery { id status attemptCount event { id } } }
    }
  }
"""
CATCH_UP = """
  query ($eventId: ID!) {
    deliveries(filter: { eventId: $eventId }, first: 100) { nodes { id status attemptCount event { id } } }
  }
"""
RETRY = "mutation ($id: ID!) { retryDelivery(input: { id: $id }) { userErrors { message } } }"


class Journey:
    """One event, from its publication until each of its deliveries has succeeded, or has failed twice."""

    def __init__(self, idempotency_key: str) -> None:
        self._key = idempotency_key
        self._event_id: str | None = None
        self._deliveries = 0
        self._cursor: str | None = None
        self._retried: dict[str, int] = {}  # after how many attempts
        self._ended: set[str] = set()

    async def go(self, session: AsyncClientSession) -> bool:
        """Follow until it is over, and return True; False if the server ends the stream before."""
        follow = GraphQLRequest(FOLLOW, variable_values={"after": self._cursor})
        async for result in session.subscribe(follow):
            message = result["deliveryUpdates"]
            # Published once it is followed, so that no update of it can be missed.
            is_new = self._event_id is None
            if is_new:
                await self._publish(session)
            updates = [update["delivery"] for update in message["updates"]]
            # it may be an old event, or the connection was lost for longer than the server remembers
            if is_new or message["gap"]:
                updates = (await ask(session, CATCH_UP, eventId=self._event_id))["deliveries"]["nodes"]
            for delivery in updates:
                if delivery["event"]["id"] == self._event_id:
                    await self._look_at(delivery, session)
            self._cursor = message["cursor"]
            if len(self._ended) == self._deliveries:
                return True
        return False

    async def _publish(self, session: AsyncClientSession) -> None:
        # Even if the answer is lost: publishing again with the same key publishes nothing twice.
        data = {"ticket": {"id": "tkt_42", "subject": "Where is my order?", "status": "new"}}
        event = {"type": "ticket.created", "data": data, "idempotencyKey": self._key}
        published = (await ask(session, PUBLISH, input=event))["publishEvent"]
        if published["userErrors"]:
            raise SystemExit(published["userErrors"][0]["message"])
        self._event_id, self._deliveries = published["event"]["id"], published["deliveryCount"]
        print(f"published {self._event_id}: {self._deliveries} deliveries", flush=True)

    async def _look_at(self, delivery: dict[str, Any], session: AsyncClientSession) -> None:
        delivery_id, status, attempts = delivery["id"], delivery["status"], delivery["attemptCount"]
        print(f"{delivery_id} {status} after {attempts} attempts", flush=True)
        if status == "FAILED" and delivery_id not in self._retried:
            self._retried[delivery_id] = attempts
            await ask(session, RETRY, id=delivery_id)
        elif status in {"SUCCEEDED", "CANCELED"} or (status == "FAILED" and attempts > self._retried[delivery_id]):
            self._ended.add(delivery_id)


async def ask(session: AsyncClientSession, text: str, **variables: Any) -> dict[str, Any]:
    """Send an operation over the open socket, and return its data."""
    return await session.execute(GraphQLRequest(text, variable_values=variables))


async def main() -> None:
    """Connect, and reconnect whenever the connection is lost."""
    address = os.environ["EEV_URL"].replace("http", "ws", 1)
    payload = {"Authorization": f"Bearer {os.environ['EEV_KEY']}"}
    journey = Journey(sys.argv[1])
    while True:
        try:
            async with Client(transport=WebsocketsTransport(address, init_payload=payload)) as session:
                if await journey.go(session):
                    return
        except (TransportConnectionFailed, OSError) as error:
            print(f"connecting again: {error}", file=sys.stderr, flush=True)
        await asyncio.sleep(0.5)


asyncio.run(main())
