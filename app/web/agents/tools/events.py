"""Tools about events and event types."""

from app.web.agents.asking import Asking
from app.web.agents.tool import PAGE, SINCE, UNTIL, Arguments, JsonObject, Tool, next_of, page_of, text, texts, time_of
from app.web.agents.untrusted import untrusted

_FIND = """
query($filter: EventFilter, $first: Int, $after: String) {
  events(filter: $filter, first: $first, after: $after) {
    nodes {
      id type occurredAt createdAt idempotencyKey data
      deliveries(first: 5) { nodes { id status webhook { id name } } }
    }
    pageInfo { hasNextPage endCursor }
    searchedUntil
  }
}
"""

_TYPES = """
query($withArchived: Boolean!) {
  eventTypes(includeArchived: $withArchived) { name category description archived example }
}
"""


async def _find(asking: Asking, arguments: Arguments) -> JsonObject:
    given = {name: arguments.get(name) for name in ("types", "search", "data", "idempotencyKey")}
    found = (await asking.data(_FIND, {"filter": {**given, "time": time_of(arguments)}, **page_of(arguments)}))[
        "events"
    ]
    return {
        "events": [
            event
            | {
                "data": untrusted(event["data"]),
                "idempotencyKey": untrusted(event["idempotencyKey"]),
                "deliveries": event["deliveries"]["nodes"],
            }
            for event in found["nodes"]
        ],
        "searchedUntil": found["searchedUntil"],
        "next": next_of(found),
    }


async def _types(asking: Asking, arguments: Arguments) -> JsonObject:
    return await asking.data(_TYPES, {"withArchived": arguments.get("includeArchived", False)})


TOOLS = (
    Tool(
        name="find_events",
        title="Find events",
        description="Finds published events, newest first, by type, time, text in their body or values in their data,"
        " with the status of their deliveries. If `searchedUntil` is set, the search stopped there: go on with `next`.",
        properties={
            "types": texts("Names of event types or patterns, e.g. ticket.*."),
            "search": text("Only events with this ID, or with this text in their body."),
            "data": {
                "type": "array",
                "description": "Only events whose data has each of these values.",
                "items": {
                    "type": "object",
                    "properties": {"path": text("Dotted path into the data, e.g. ticket.id."), "equals": {}},
                    "required": ["path", "equals"],
                    "additionalProperties": False,
                },
            },
            "idempotencyKey": text("Only the event that was published with this idempotency key."),
            "since": SINCE,
            "until": UNTIL,
            **PAGE,
        },
        run=_find,
    ),
    Tool(
        name="list_event_types",
        title="List event types",
        description="Lists the event types that webhooks can select, each with an example of its data.",
        properties={"includeArchived": {"type": "boolean", "description": "Whether archived ones are listed too."}},
        run=_types,
    ),
)
