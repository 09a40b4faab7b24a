"""Tools about deliveries and their attempts."""

from app.web.agents.asking import Asking, Refused
from app.web.agents.tool import (
    PAGE,
    SINCE,
    UNTIL,
    WEBHOOK_ID,
    Arguments,
    JsonObject,
    Tool,
    next_of,
    page_of,
    text,
    texts,
    time_of,
)
from app.web.agents.tools.attempts import ATTEMPT, attempt
from app.web.agents.untrusted import untrusted

_STATUSES = ["PENDING", "RETRYING", "SUCCEEDED", "FAILED", "CANCELED"]
_OUTCOMES = [
    "SUCCEEDED",
    "HTTP_ERROR",
    "TIMEOUT",
    "DNS_ERROR",
    "CONNECTION_ERROR",
    "TLS_ERROR",
    "ADDRESS_BLOCKED",
    "PROTOCOL_ERROR",
]

DELIVERY = """
fragment D on Delivery {
  id status attemptCount nextAttemptAt lastOutcome lastResponseStatus createdAt completedAt sequence
  event { id type } webhook { id name }
}
"""

_LIST = (
    """
query($filter: DeliveryFilter, $first: Int, $after: String) {
  deliveries(filter: $filter, first: $first, after: $after) {
    nodes { ...D }
    pageInfo { hasNextPage endCursor }
    totalCount(atMost: 1000) { count exact }
    searchedUntil
  }
}
"""
    + DELIVERY
)

_EXPLAIN = (
    """
query($id: ID!) {
  delivery(id: $id) {
    ...D
    event { occurredAt createdAt orderingKey traceparent data }
    attempts(last: 10) { nodes { ...A } }
    webhook { health { state reason } }
  }
}
"""
    + DELIVERY
    + ATTEMPT
)


def delivery(found: JsonObject) -> JsonObject:
    """A delivery, flat."""
    event, webhook = found["event"], found["webhook"]
    flat = {name: value for name, value in found.items() if name not in {"event", "webhook", "attempts"}}
    flat |= {"eventId": event["id"], "eventType": event["type"]}
    return flat | {"webhookId": webhook["id"], "webhookName": webhook["name"]}


async def _list(asking: Asking, arguments: Arguments) -> JsonObject:
    given = {
        name: arguments.get(name) for name in ("webhookId", "eventId", "eventTypes", "statuses", "outcomes", "search")
    }
    filter_ = {**given, "time": time_of(arguments)}
    found = (await asking.data(_LIST, {"filter": filter_, **page_of(arguments)}))["deliveries"]
    return {
        "deliveries": [delivery(one) for one in found["nodes"]],
        "total": found["totalCount"],
        "searchedUntil": found["searchedUntil"],
        "next": next_of(found),
    }


async def _explain(asking: Asking, arguments: Arguments) -> JsonObject:
    found = (await asking.data(_EXPLAIN, {"id": arguments["id"]}))["delivery"]
    if found is None:
        raise Refused(f"No delivery has the ID {arguments['id'][:64]!r}. `list_deliveries` finds deliveries.")
    event = found["event"]
    return {
        "delivery": delivery(found),
        "attempts": [attempt(one) for one in found["attempts"]["nodes"]],
        "event": {
            "id": event["id"],
            "type": event["type"],
            "occurredAt": event["occurredAt"],
            "createdAt": event["createdAt"],
            "orderingKey": untrusted(event["orderingKey"]),
            "traceparent": event["traceparent"],
            "data": untrusted(event["data"]),
        },
        "webhookHealth": found["webhook"]["health"],
    }


TOOLS = (
    Tool(
        name="list_deliveries",
        title="List deliveries",
        description="Lists deliveries, newest first: one event to one webhook each, with status and last outcome.",
        properties={
            "webhookId": WEBHOOK_ID,
            "eventId": text("ID of the event: evt_…."),
            "eventTypes": texts("Names of event types or patterns, e.g. ticket.*."),
            "statuses": texts("Only deliveries with one of these statuses.", enum=_STATUSES),
            "outcomes": texts("Only deliveries whose last attempt ended so.", enum=_OUTCOMES),
            "search": text("Only deliveries with this ID or event, or with this text in the event's body."),
            "since": SINCE,
            "until": UNTIL,
            **PAGE,
        },
        run=_list,
    ),
    Tool(
        name="explain_delivery",
        title="Explain a delivery",
        description="Shows one delivery with its event and its last 10 attempts: what was answered, how long it took,"
        " and when the next attempt is.",
        properties={"id": text("ID of the delivery: dlv_….")},
        required=("id",),
        run=_explain,
    ),
)
