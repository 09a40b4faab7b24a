"""The table's rows for events, deliveries, operations, event types, keys and tokens."""

from dataclasses import replace
from typing import Any

from tests.graph.inputs.of_webhooks import EVENT_TYPE, ONE_LINE, URL
from tests.graph.inputs.tries import (
    CYRILLIC_O,
    DEEP,
    FULLWIDTH_2,
    FULLWIDTH_T,
    Kind,
    Table,
    Try,
    no_such,
    number,
    refused,
    taken,
)

TICKET = {"ticket": {"id": "tkt_1", "subject": "Hello", "status": "new"}}
# The tests' clock shows a time in March 2026.
PAST, EARLIER = "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"
_PATTERN = 'write a name such as "ticket.created"'
_DATA_PATH = "1 to 10 names of letters, digits, _ and -"
_PARTS = "2 to 6 parts joined by dots"


def _key(name: str) -> list[Try]:
    return [
        refused(Kind.EMPTY, "", "INVALID", f"{name} is empty", "1 to 255"),
        taken(Kind.AT_LIMIT, "k" * 255),
        refused(Kind.TOO_LONG, "k" * 256, "TOO_LONG", "256", "at most 255"),
        refused(Kind.CONTROL, "a\0b", "INVALID", "U+0000", "leave it out"),
        refused(Kind.LOOK_ALIKE, "a\u200bb", "INVALID", "U+200B", "leave it out"),
        taken(Kind.LOOK_ALIKE, CYRILLIC_O),
    ]


def _filling(bytes_: int, around: dict[str, Any], overhead: int) -> dict[str, Any]:
    return {**around, "filling": "x" * (bytes_ - overhead)}


_AROUND_TICKET = len('{"ticket":{"id":"tkt_1","subject":"Hello","status":"new"},"filling":""}')
_DATA = [
    refused(Kind.EMPTY, {}, "INVALID_PAYLOAD", '"ticket"', "is required", below=("ticket",)),
    refused(Kind.OTHER_TYPE, [], "INVALID_PAYLOAD", "a list", "must be a JSON object"),
    refused(Kind.OTHER_TYPE, "{}", "INVALID_PAYLOAD", "a string", "must be a JSON object"),
    refused(
        Kind.OTHER_TYPE, {"ticket": {**TICKET["ticket"], "number": "7"}}, "INVALID_PAYLOAD", '"7"', "a whole number",
        below=("ticket", "number"),
    ),
    refused(
        Kind.LOOK_ALIKE, {"ticket": {**TICKET["ticket"], "status": f"{CYRILLIC_O}pen"}}, "INVALID_PAYLOAD",
        f'"{CYRILLIC_O}pen"', '"open"', below=("ticket", "status"),
    ),
    taken(Kind.CONTROL, {"ticket": {**TICKET["ticket"], "subject": "a\0b"}}),
    taken(Kind.AT_LIMIT, _filling(262_144, TICKET, _AROUND_TICKET)),
    refused(Kind.TOO_LONG, _filling(262_145, TICKET, _AROUND_TICKET), "TOO_LONG", "262145", "at most 262144 bytes"),
    refused(Kind.PAST_LIMIT, {**TICKET, **DEEP}, "INVALID_PAYLOAD", "cannot be written", "at most 250 levels"),
]  # fmt: skip
_ACTOR = [
    refused(Kind.EMPTY, " ", "REQUIRED", "is empty", "1 to 100"),
    taken(Kind.AT_LIMIT, "a" * 100),
    refused(Kind.TOO_LONG, "a" * 101, "TOO_LONG", "101", "at most 100"),
    refused(Kind.CONTROL, "a\0b", "INVALID", "U+0000", "leave it out"),
    taken(Kind.LOOK_ALIKE, CYRILLIC_O),
]
_EVENTS = [
    refused(Kind.EMPTY, [], "REQUIRED", "no event", "1 to 1000"),
    taken(Kind.AT_LIMIT, [{"type": "ticket.created", "data": TICKET}] * 1_000),
    refused(Kind.PAST_LIMIT, [{"type": "ticket.created", "data": TICKET}] * 1_001, "TOO_MANY", "1001", "at most 1000"),
]
_PATTERNS = [
    taken(Kind.EMPTY, []),
    refused(Kind.EMPTY, [""], "INVALID", '""', _PATTERN, below=("0",)),
    taken(Kind.AT_LIMIT, ["ticket.created"] * 100),
    refused(Kind.PAST_LIMIT, ["ticket.created"] * 101, "TOO_MANY", "101", "at most 100"),
    refused(Kind.TOO_LONG, ["t" * 300], "INVALID", "ttt", _PATTERN, below=("0",)),
    refused(Kind.CONTROL, ["ticket.\0"], "INVALID", '"ticket.\\u0000"', _PATTERN, below=("0",)),
    refused(Kind.LOOK_ALIKE, [f"{FULLWIDTH_T}icket.*"], "INVALID", f'"{FULLWIDTH_T}icket.*"', _PATTERN, below=("0",)),
]
_NAME = [
    refused(Kind.EMPTY, "", "INVALID", '""', _PARTS),
    taken(Kind.AT_LIMIT, "order." + "s" * 94),
    refused(Kind.TOO_LONG, "order." + "s" * 95, "TOO_LONG", "101", "at most 100"),
    refused(Kind.CONTROL, "order.shipped\n", "INVALID", '"order.shipped\\n"', _PARTS),
    refused(Kind.LOOK_ALIKE, f"{CYRILLIC_O}rder.shipped", "INVALID", f'"{CYRILLIC_O}rder', _PARTS),
    refused(Kind.UNKNOWN, "ticket.created", "TAKEN", '"ticket.created"', "choose another name"),
]
_WHAT_HAPPENED = [
    refused(Kind.EMPTY, " ", "REQUIRED", "empty", "say in a sentence"),
    taken(Kind.AT_LIMIT, "d" * 2_000),
    refused(Kind.TOO_LONG, "d" * 2_001, "TOO_LONG", "2001", "at most 2000"),
    refused(Kind.CONTROL, "a\0", "INVALID", "U+0000", "leave it out"),
    taken(Kind.LOOK_ALIKE, f"Shipped {CYRILLIC_O}"),
]
_SCHEMA = [
    taken(Kind.EMPTY, {}),
    refused(Kind.OTHER_TYPE, "object", "INVALID", '"object"', "must be an object"),
    refused(Kind.OTHER_TYPE, [], "INVALID", "a list of 0", "must be an object"),
    taken(Kind.AT_LIMIT, {"description": "x" * (65_536 - len('{"description":""}'))}),
    refused(Kind.TOO_LONG, {"description": "x" * 65_536}, "INVALID", "65554", "at most 65536 bytes"),
    refused(Kind.UNKNOWN, {"type": "objekt"}, "INVALID", '"objekt"', '"object"', below=("type",)),
    refused(Kind.PAST_LIMIT, {"$ref": "https://a.example/"}, "INVALID", "a.example", "such as", below=("$ref",)),
]
_EXAMPLE = [
    taken(Kind.EMPTY, {}),
    refused(Kind.OTHER_TYPE, [], "INVALID", "a list of 0", "must be a JSON object"),
    taken(Kind.AT_LIMIT, {"a": "x" * (65_536 - len('{"a":""}'))}),
    refused(Kind.TOO_LONG, {"a": "x" * 65_536}, "TOO_LONG", "65544", "at most 65536"),
    refused(Kind.PAST_LIMIT, DEEP, "INVALID", "JSON cannot carry", "at most 250 levels"),
    taken(Kind.CONTROL, {"a": "\0"}),
]
_SOURCES = [
    taken(Kind.EMPTY, []),
    refused(Kind.EMPTY, [""], "INVALID", '""', "such as 203.0.113.0/24", below=("0",)),
    taken(Kind.AT_LIMIT, [f"203.0.113.{last}" for last in range(50)]),
    refused(Kind.PAST_LIMIT, ["203.0.113.1"] * 51, "TOO_MANY", "51", "at most 50"),
    refused(Kind.TOO_LONG, ["2" * 300], "INVALID", "222", "such as 203.0.113.0/24", below=("0",)),
    refused(Kind.CONTROL, ["203.0.113.1\0"], "INVALID", "203.0.113.1\\u0000", "such as 203", below=("0",)),
    refused(Kind.LOOK_ALIKE, [f"{FULLWIDTH_2}03.0.113.1"], "INVALID", f"{FULLWIDTH_2}03", "such as 203", below=("0",)),
    refused(Kind.OTHER_UNIT, ["203.0.113.1/24"], "INVALID", "203.0.113.1/24", "write 203.0.113.0/24", below=("0",)),
]
_UNTIL = [
    refused(Kind.PAST_LIMIT, EARLIER, "INVALID", "2026-01-01", "an until that is later than since", since=PAST),
    refused(Kind.PAST_LIMIT, PAST, "INVALID", "2026-01-02", "an until that is later than since", since=PAST),
]

_ALERTS = [
    refused(Kind.EMPTY, [], "REQUIRED", "no event", "webhook.disabled"),
    refused(Kind.EMPTY, [""], "INVALID", '""', "webhook.disabled", below=("0",)),
    refused(Kind.UNKNOWN, ["ticket.created"], "INVALID", '"ticket.created"', "webhook.disabled", below=("0",)),
    taken(Kind.AT_LIMIT, ["webhook.*"] * 11),
    refused(Kind.PAST_LIMIT, ["webhook.*"] * 12, "TOO_MANY", "12", "at most 11"),
    refused(Kind.TOO_LONG, ["w" * 300], "INVALID", "www", "webhook.disabled", below=("0",)),
    refused(Kind.CONTROL, ["webhook.\0"], "INVALID", '"webhook.\\u0000"', "webhook", below=("0",)),
    refused(Kind.LOOK_ALIKE, [f"webh{CYRILLIC_O}{CYRILLIC_O}k.*"], "INVALID", "k.*", "webhook.*", below=("0",)),
]

_KEPT: Table = {
    "keepBodies": [
        taken(Kind.EMPTY, []),
        taken(Kind.AT_LIMIT, ["NEVER_RESPONSES", "UNTIL_SUCCESS", "NEVER_RESPONSES"]),
    ],
    "keepBodiesDays": [
        replace(each, beside={"keepBodies": ["DAYS"]}) for each in number(1, 3650, "days", other_unit=2_592_000)
    ],
    "redact": [
        refused(Kind.EMPTY, [""], "INVALID", '""', "the whole body", "/data/customer/email", below=("0",)),
        taken(Kind.EMPTY, []),
        taken(Kind.AT_LIMIT, ["/" + "a" * 199] * 20),
        refused(Kind.TOO_LONG, ["/" + "a" * 200], "TOO_LONG", "201", "at most 200", below=("0",)),
        refused(Kind.PAST_LIMIT, ["/a"] * 21, "TOO_MANY", "21", "at most 20"),
        refused(Kind.UNKNOWN, ["$.data.email"], "INVALID", '"$.data.email"', 'begin with "/"', below=("0",)),
        taken(Kind.CONTROL, ["/a\0b"]),
        taken(Kind.LOOK_ALIKE, [f"/{CYRILLIC_O}"]),
    ],
}

OTHERS: dict[str, Table] = {
    "PublishEventInput": {
        "type": [one for one in EVENT_TYPE if one.kind is not Kind.UNKNOWN],
        "data": _DATA,
        "occurredAt": [],
        "idempotencyKey": _key("idempotencyKey"),
        "orderingKey": _key("orderingKey"),
    },
    "PublishEventsInput": {"events": _EVENTS},
    "DeliveryIdInput": {"id": no_such("delivery", "dlv")},
    "DeliveryFilter": {
        "webhookId": no_such("webhook", "wh"),
        "eventId": no_such("event", "evt"),
        "eventTypes": _PATTERNS,
        "statuses": [
            taken(Kind.EMPTY, []),
            # Neither can be retried or canceled: one is not over, the other is.
            taken(Kind.AT_LIMIT, ["RETRYING"]),
        ],
        "time": [],
        "ids": [
            taken(Kind.EMPTY, []),
            taken(Kind.EMPTY, [""]),
            taken(Kind.TOO_LONG, ["d" * 300]),
            taken(Kind.CONTROL, ["dlv_\0"]),
            taken(Kind.LOOK_ALIKE, [CYRILLIC_O]),
            taken(Kind.AT_LIMIT, ["dlv_"] * 1_000),
            refused(Kind.PAST_LIMIT, ["dlv_"] * 1_001, "TOO_MANY", "1001", "at most 1,000"),
        ],
        "outcomes": [taken(Kind.EMPTY, [])],
        "responseStatus": [],
        "includeTests": [],
        "data": [
            taken(Kind.EMPTY, []),
            taken(Kind.AT_LIMIT, [{"path": "a", "equals": 1}] * 10),
            refused(Kind.PAST_LIMIT, [{"path": "a", "equals": 1}] * 11, "TOO_MANY", "11", "at most 10"),
        ],
        "search": [
            refused(Kind.EMPTY, "", "INVALID", "0 characters", "1 to 500"),
            taken(Kind.AT_LIMIT, "s" * 500),
            refused(Kind.TOO_LONG, "s" * 501, "INVALID", "501 characters", "1 to 500"),
            taken(Kind.CONTROL, "a\0b"),
            taken(Kind.LOOK_ALIKE, CYRILLIC_O),
        ],
    },
    "DataCondition": {
        "path": [
            refused(Kind.EMPTY, "", "INVALID", '""', _DATA_PATH),
            taken(Kind.AT_LIMIT, ".".join(["a"] * 10)),
            refused(Kind.PAST_LIMIT, ".".join(["a"] * 11), "INVALID", "a.a.a", _DATA_PATH),
            refused(Kind.TOO_LONG, "a" * 101, "INVALID", "aaa", _DATA_PATH),
            refused(Kind.CONTROL, "a\0", "INVALID", '"a\\u0000"', _DATA_PATH),
            refused(Kind.LOOK_ALIKE, f"{CYRILLIC_O}rder", "INVALID", f'"{CYRILLIC_O}rder', _DATA_PATH),
        ],
        "equals": [
            taken(Kind.EMPTY, ""),
            refused(Kind.OTHER_TYPE, {}, "INVALID", "an object or a list", "give a string, a number"),
            refused(Kind.OTHER_TYPE, [1], "INVALID", "an object or a list", "give a string, a number"),
            taken(Kind.OTHER_TYPE, 1.5),
            taken(Kind.CONTROL, "a\0b"),
            taken(Kind.AT_LIMIT, "s" * 1_000),
            refused(Kind.TOO_LONG, "s" * 1_001, "TOO_LONG", "1001 characters", "at most 1000"),
        ],
    },
    "IntRange": {
        "from": number(100, 999, "HTTP status", other_unit=5),
        "to": [
            *number(100, 999, "HTTP status", other_unit=5),
            Try(Kind.PAST_LIMIT, 400, "INVALID", ("400", "500", "not below"), beside={"from": 500}),
        ],
    },
    "TimeRange": {"since": [], "until": _UNTIL},
    "RetryDeliveriesInput": {
        "filter": [refused(Kind.EMPTY, None, "REQUIRED", "Neither filter nor problemId", "one of them")],
        "problemId": [
            refused(Kind.PAST_LIMIT, "prb_", "INVALID", "Both filter and problemId", "one of them"),
            *(replace(one, beside={"filter": None}) for one in no_such("problem", "prb")),
        ],
        "dryRun": [],
    },
    "ProblemIdInput": {"id": no_such("problem", "prb")},
    "CancelDeliveriesInput": {
        "filter": [
            refused(
                Kind.PAST_LIMIT, {"statuses": ["SUCCEEDED"]}, "INVALID", "SUCCEEDED", "PENDING", below=("statuses",)
            )
        ],
        "dryRun": [],
    },
    "OperationIdInput": {"id": no_such("operation", "op")},
    "ReplayEventsInput": {
        "webhookId": no_such("webhook", "wh"),
        "time": [],
        "eventTypes": _PATTERNS,
        "onlyMissing": [],
        "dryRun": [],
    },
    "EraseDataInput": {
        "webhookId": no_such("webhook", "wh"),
        "eventIds": [
            taken(Kind.EMPTY, [""]),
            taken(Kind.TOO_LONG, ["e" * 300]),
            taken(Kind.CONTROL, ["evt_\0"]),
            taken(Kind.LOOK_ALIKE, [CYRILLIC_O]),
            taken(Kind.AT_LIMIT, ["evt_"] * 1_000),
            refused(Kind.PAST_LIMIT, ["evt_"] * 1_001, "TOO_MANY", "1001", "at most 1,000"),
        ],
        "data": [
            taken(Kind.EMPTY, [], webhookId=None, eventIds=["evt_"]),
            taken(Kind.AT_LIMIT, [{"path": "ticket.id", "equals": "tkt_1"}] * 20),
            refused(
                Kind.PAST_LIMIT,
                [{"path": "ticket.id", "equals": "tkt_1"}] * 21,
                "TOO_MANY",
                "21 conditions",
                "at most 20",
            ),
        ],
        "dryRun": [],
    },
    "CreateEventTypeInput": {
        "name": _NAME,
        "description": _WHAT_HAPPENED,
        "jsonSchema": _SCHEMA,
        "example": [
            *_EXAMPLE,
            refused(
                Kind.UNKNOWN, {}, "INVALID_PAYLOAD", '"a"', "is required", below=("a",), jsonSchema={"required": ["a"]}
            ),
        ],
        **_KEPT,
    },
    "UpdateEventTypeInput": {
        "name": [
            refused(Kind.EMPTY, "", "NOT_FOUND", '""', "Query eventTypes"),
            refused(Kind.TOO_LONG, "t" * 300, "NOT_FOUND", "ttt", "Query eventTypes"),
            refused(Kind.CONTROL, "order.\0", "NOT_FOUND", '"order.\\u0000"', "Query eventTypes"),
            refused(Kind.LOOK_ALIKE, f"{CYRILLIC_O}rder.made", "NOT_FOUND", f'"{CYRILLIC_O}rder', "Query eventTypes"),
        ],
        "description": _WHAT_HAPPENED,
        "jsonSchema": _SCHEMA,
        "example": _EXAMPLE,
        "archived": [],
        **_KEPT,
    },
    "CreateApiKeyInput": {
        "name": ONE_LINE,
        "scopes": [refused(Kind.EMPTY, [], "REQUIRED", "no scope", "READ, PUBLISH, MANAGE, SECRETS, ADMIN")],
        "allowedSources": _SOURCES,
        "expiresAt": [refused(Kind.PAST_LIMIT, PAST, "INVALID", "2026-01-02T00:00:00.000Z", "a time in the future")],
    },
    "CreateWorkspaceInput": {"name": ONE_LINE, "externalId": ONE_LINE},
    "WorkspaceIdInput": {"id": no_such("workspace", "ws", "installation")},
    "CreateContactInput": {"kind": [], "target": URL, "events": _ALERTS},
    "ContactIdInput": {"id": no_such("contact", "con")},
    "ApiKeyIdInput": {"id": no_such("API key", "key")},
    "CreateAccessTokenInput": {
        "scopes": [refused(Kind.EMPTY, [], "REQUIRED", "no scope", "at least one")],
        "expiresInSeconds": number(60, 86_400, "seconds", other_unit=3_600_000),
        "workspaceId": no_such("workspace", "ws", "installation"),
        "webhookIds": [
            refused(Kind.EMPTY, [], "REQUIRED", "empty", "leave it out for all"),
            refused(Kind.EMPTY, [""], "NOT_FOUND", '""', "in this workspace", below=("0",)),
            refused(Kind.CONTROL, ["wh_\0"], "NOT_FOUND", '"wh_\\u0000"', "in this workspace", below=("0",)),
            refused(Kind.PAST_LIMIT, ["wh_1"] * 51, "TOO_MANY", "51", "at most 50"),
        ],
        "eventTypes": [
            refused(Kind.EMPTY, [], "REQUIRED", "empty", "leave it out for all"),
            refused(Kind.EMPTY, [""], "INVALID", '""', _PATTERN, below=("0",)),
            taken(Kind.AT_LIMIT, [f"ticket.t{number}" for number in range(50)]),
            refused(Kind.PAST_LIMIT, ["ticket.created"] * 51, "TOO_MANY", "51", "at most 50"),
            refused(Kind.TOO_LONG, ["t" * 300], "INVALID", "ttt", _PATTERN, below=("0",)),
            refused(Kind.TOO_LONG, [f"a{number}.{'b' * 90}" for number in range(50)], "TOO_LONG", "at most 4000"),
            refused(Kind.CONTROL, ["ticket.\0"], "INVALID", '"ticket.\\u0000"', _PATTERN, below=("0",)),
            refused(
                Kind.LOOK_ALIKE, [f"{FULLWIDTH_T}icket.*"], "INVALID", f'"{FULLWIDTH_T}icket', _PATTERN, below=("0",)
            ),
        ],
        "actor": [],
    },
    "ActorInput": {
        "id": _ACTOR,
        "name": _ACTOR,
    },
}
