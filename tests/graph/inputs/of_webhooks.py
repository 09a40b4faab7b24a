"""The table's rows for webhooks and their secrets."""

from tests.graph.inputs.tries import (
    CYRILLIC_O,
    DEEP,
    FULLWIDTH_2,
    FULLWIDTH_T,
    INVISIBLE,
    Kind,
    Table,
    Try,
    no_such,
    number,
    refused,
    taken,
)

ONE_LINE = [
    refused(Kind.EMPTY, "", "REQUIRED", "is empty", "1 to 200 characters"),
    refused(Kind.EMPTY, " \t\n", "REQUIRED", "is empty", "1 to 200 characters"),
    refused(Kind.EMPTY, INVISIBLE, "REQUIRED", "is empty", "1 to 200 characters"),
    taken(Kind.AT_LIMIT, "n" * 200),
    refused(Kind.TOO_LONG, "n" * 201, "TOO_LONG", "201", "at most 200"),
    refused(Kind.CONTROL, "a\0b", "INVALID", "U+0000", "leave it out"),
    refused(Kind.CONTROL, "a\u202eb", "INVALID", "U+202E", "leave it out"),
    taken(Kind.LOOK_ALIKE, f"Desk {CYRILLIC_O}{FULLWIDTH_T}"),
]
EVENT_TYPE = [
    refused(Kind.EMPTY, "", "INVALID", '""', "Query eventTypes"),
    refused(Kind.TOO_LONG, "t" * 300, "INVALID", "ttt", "Query eventTypes"),
    refused(Kind.CONTROL, "ticket.created\n", "INVALID", '"ticket.created\\n"', 'Did you mean "ticket.created"'),
    refused(Kind.LOOK_ALIKE, f"{FULLWIDTH_T}icket.created", "INVALID", f"{FULLWIDTH_T}icket", '"ticket.created"'),
    refused(Kind.UNKNOWN, "ticket.*", "INVALID", '"ticket.*"', 'Did you mean "ticket.'),
]
_A_NAME = 'write a lower-case name such as "ticket.created"'
_NOT_BOTH = "exactly one of bearer, basic and none: true"

URL = [
    refused(Kind.EMPTY, "", "REQUIRED", "empty", "https://example.com/webhooks"),
    taken(Kind.AT_LIMIT, "https://example.com/" + "p" * 2_028),
    refused(Kind.TOO_LONG, "https://example.com/" + "p" * 2_029, "TOO_LONG", "2049", "at most 2048"),
    refused(Kind.CONTROL, "https://example.com/\0", "INVALID", "U+0000", "percent-encode it, as %00"),
    refused(Kind.CONTROL, "https://example.com/a\r\nHost: b", "INVALID", "U+000D", "percent-encode it, as %0D"),
    taken(Kind.LOOK_ALIKE, f"https://{CYRILLIC_O}zon.example/"),  # stored as xn--…, which reveals it
    refused(Kind.LOOK_ALIKE, "https://example.com\\@10.0.0.1/", "INVALID", '"\\\\"', "percent-encode it, as %5C"),
    refused(Kind.LOOK_ALIKE, "https://2130706433/", "URL_NOT_ALLOWED", "2130706433", "write it like that"),
    refused(Kind.OTHER_UNIT, "example.com", "INVALID", '"example.', "must begin with https://"),
    refused(Kind.PAST_LIMIT, "https://10.0.0.1/", "URL_NOT_ALLOWED", "10.0.0.1", "Choose one with a public address"),
    refused(Kind.PAST_LIMIT, "https://u:p@example.com/", "INVALID", "username or password", "authentication"),
    refused(Kind.PAST_LIMIT, "https://example.com:0/", "INVALID", "port 0", "1 to 65535"),
]
_EVENT_TYPES = [
    refused(Kind.EMPTY, [], "REQUIRED", "no event type", "at least one"),
    refused(Kind.EMPTY, ["*", ""], "INVALID", '""', _A_NAME, below=("1",)),
    taken(Kind.AT_LIMIT, ["ticket.created"] * 50),
    refused(Kind.PAST_LIMIT, ["ticket.created"] * 51, "TOO_MANY", "51", "at most 50"),
    refused(Kind.TOO_LONG, ["t" * 300], "INVALID", "ttt", _A_NAME, below=("0",)),
    refused(Kind.CONTROL, ["ticket.\0"], "INVALID", '"ticket.\\u0000"', _A_NAME, below=("0",)),
    refused(Kind.LOOK_ALIKE, [f"{FULLWIDTH_T}icket.*"], "INVALID", f'"{FULLWIDTH_T}icket.*"', _A_NAME, below=("0",)),
    refused(Kind.UNKNOWN, ["ticket.burnt"], "INVALID", '"ticket.burnt"', "Did you mean", below=("0",)),
]
_DESCRIPTION = [
    taken(Kind.EMPTY, ""),
    taken(Kind.AT_LIMIT, "d" * 2_000),
    refused(Kind.TOO_LONG, "d" * 2_001, "TOO_LONG", "2001", "at most 2000"),
    refused(Kind.CONTROL, "a\x1b[31m", "INVALID", "U+001B", "leave it out"),
    taken(Kind.LOOK_ALIKE, f"two lines\n{CYRILLIC_O}{INVISIBLE}"),
]
_FILTER = [
    taken(Kind.EMPTY, ""),
    taken(Kind.AT_LIMIT, f'type == "{"t" * 1_990}"'),
    refused(Kind.TOO_LONG, f'type == "{"t" * 1_991}"', "TOO_LONG", "2001", "at most 2000"),
    refused(Kind.CONTROL, "type == \0", "INVALID_FILTER", "column 9", "such as data.ticket"),
    refused(Kind.LOOK_ALIKE, f"{FULLWIDTH_T}ype == 'a.b'", "INVALID_FILTER", "column 1", "such as data.ticket"),
    refused(Kind.UNKNOWN, "event.type == 'a.b'", "INVALID_FILTER", '"event"', "data, id, timestamp, type"),
    refused(Kind.OTHER_TYPE, "1 + 1", "INVALID_FILTER", "answers 2", "true or false"),
]
SECRET = [
    refused(Kind.EMPTY, "", "INVALID", "no secret", "begins with whsec_"),
    taken(Kind.AT_LIMIT, "whsec_" + "A" * 32),
    refused(Kind.PAST_LIMIT, "whsec_" + "A" * 28, "INVALID", "21 bytes", "24 to 64"),
    refused(Kind.TOO_LONG, "whsec_" + "A" * 88, "INVALID", "66 bytes", "24 to 64"),
    refused(Kind.CONTROL, "whsec_" + "A" * 31 + "\0", "INVALID", "What follows whsec_", "base64"),
    refused(Kind.LOOK_ALIKE, f"whsec_{CYRILLIC_O}" + "A" * 31, "INVALID", "What follows whsec_", "base64"),
    refused(Kind.OTHER_UNIT, "0123456789abcdef0123456789abcdef", "INVALID", "no secret", "begins with whsec_"),
]
_NETWORKS = [
    taken(Kind.EMPTY, []),
    refused(Kind.EMPTY, [""], "INVALID", '""', "such as 203.0.113.0/24", below=("0",)),
    taken(Kind.AT_LIMIT, [f"203.0.113.{last}" for last in range(50)], url="https://example.com/"),
    refused(Kind.PAST_LIMIT, ["203.0.113.1"] * 51, "TOO_MANY", "51", "at most 50"),
    refused(Kind.TOO_LONG, ["2" * 300], "INVALID", "222", "such as 203.0.113.0/24", below=("0",)),
    refused(Kind.CONTROL, ["203.0.113.1\0"], "INVALID", "203.0.113.1\\u0000", "such as 203", below=("0",)),
    refused(Kind.LOOK_ALIKE, [f"{FULLWIDTH_2}03.0.113.1"], "INVALID", f"{FULLWIDTH_2}03", "such as 203", below=("0",)),
    refused(Kind.OTHER_UNIT, ["203.0.113.1/255.255.255.0"], "INVALID", "203.0.113.0/24", below=("0",)),
    refused(Kind.UNKNOWN, ["example.com"], "INVALID", '"example.com"', "such as 203", below=("0",)),
]
_METADATA = [
    taken(Kind.EMPTY, {}),
    taken(Kind.AT_LIMIT, {"a": "x" * (10_240 - len('{"a":""}'))}),
    refused(Kind.TOO_LONG, {"a": "x" * 10_240}, "TOO_LONG", "10248 bytes", "at most 10240"),
    refused(Kind.OTHER_TYPE, [1, 2], "INVALID", "a list of 2", "must be a JSON object"),
    refused(Kind.OTHER_TYPE, "text", "INVALID", '"text"', "must be a JSON object"),
    refused(Kind.PAST_LIMIT, DEEP, "INVALID", "JSON cannot carry", "at most 250 levels"),
    taken(Kind.CONTROL, {"a": "\0"}),
    taken(Kind.LOOK_ALIKE, {CYRILLIC_O: INVISIBLE}),
]
_HEADERS: list[Try] = [
    taken(Kind.EMPTY, []),
    taken(Kind.AT_LIMIT, [{"name": f"X-{number}", "value": "v"} for number in range(20)]),
    refused(Kind.PAST_LIMIT, [{"name": "X", "value": "v"}] * 21, "TOO_MANY", "21", "at most 20"),
    refused(
        Kind.LOOK_ALIKE, [{"name": "X", "value": "v"}, {"name": "x", "value": "v"}], "TAKEN", "position 0", "differ by",
        below=("1", "name"),
    ),
]  # fmt: skip

SETTINGS: Table = {
    "name": ONE_LINE,
    "url": URL,
    "eventTypes": _EVENT_TYPES,
    "description": _DESCRIPTION,
    "filter": _FILTER,
    "method": [],
    "timeoutSeconds": number(1, 60, "seconds", other_unit=30_000),
    "verifySsl": [],
    "ipAllowlist": _NETWORKS,
    "headers": _HEADERS,
    "authentication": [refused(Kind.PAST_LIMIT, {"none": False}, "INVALID", _NOT_BOTH)],
    "rotateSecretEveryDays": number(1, 365, "days", other_unit=2_592_000),
    "retryPolicy": [],
    "rateLimitPerSecond": number(1, 10_000, "requests per second", other_unit=60_000),
    "maxInFlight": number(1, 100, "requests", other_unit=None),
    "metadata": _METADATA,
    "externalId": ONE_LINE,
}
WEBHOOKS: dict[str, Table] = {
    "CreateWebhookInput": {**SETTINGS, "secret": SECRET, "signatureScheme": []},
    "UpdateWebhookInput": {**SETTINGS, "id": no_such("webhook", "wh"), "ifUpdatedAt": []},
    "UpsertWebhookInput": {"externalId": ONE_LINE, "webhook": []},
    "WebhookIdInput": {"id": no_such("webhook", "wh")},
    "TestConnectionInput": {"webhook": [], "eventType": EVENT_TYPE},
    "TestWebhookInput": {
        "id": no_such("webhook", "wh"),
        "changes": [],
        "eventId": no_such("event", "evt"),
        "eventType": EVENT_TYPE,
    },
    "PreviewFilterInput": {"filter": _FILTER, "eventTypes": _EVENT_TYPES, "since": []},
    "PingWebhookInput": {"id": no_such("webhook", "wh"), "eventType": EVENT_TYPE},
    "RotateWebhookSecretInput": {
        "id": no_such("webhook", "wh"),
        "secret": SECRET,
        "overlapSeconds": number(0, 604_800, "seconds (7 days)", other_unit=86_400_000),
    },
    "RevokeWebhookSecretInput": {"id": no_such("webhook", "wh"), "secretId": no_such("secret", "sec")},
    "RetryPolicyInput": {
        "delaysSeconds": [
            taken(Kind.EMPTY, []),
            taken(Kind.AT_LIMIT, [1, 604_800] * 10),
            refused(Kind.PAST_LIMIT, [1] * 21, "TOO_MANY", "21", "at most 20"),
            refused(Kind.PAST_LIMIT, [5, 0], "INVALID", "delay 2 is 0", "1 to 604800 seconds", below=("1",)),
            refused(Kind.PAST_LIMIT, [604_801], "INVALID", "604801", "1 to 604800 seconds", below=("0",)),
            refused(Kind.OTHER_UNIT, [7_200_000], "INVALID", "7200000", "1 to 604800 seconds", below=("0",)),
        ]
    },
    "HeaderInput": {
        "name": [
            refused(Kind.EMPTY, "", "REQUIRED", "empty", "such as X-Tenant"),
            taken(Kind.AT_LIMIT, "X" * 100),
            refused(Kind.TOO_LONG, "X" * 101, "TOO_LONG", "101", "at most 100"),
            refused(Kind.CONTROL, "X-A\r\nHost", "INVALID", '"X-A\\r\\nHost"', "letters, digits and hyphens"),
            refused(Kind.LOOK_ALIKE, f"X-{CYRILLIC_O}", "INVALID", f'"X-{CYRILLIC_O}"', "letters, digits and hyphens"),
            refused(Kind.PAST_LIMIT, "Host", "INVALID", "Host is set by the server", "choose another name"),
            refused(Kind.PAST_LIMIT, "Webhook-Id", "INVALID", "Webhook-Id is set by the server", "choose another"),
        ],
        "value": [
            refused(Kind.EMPTY, "", "REQUIRED", "empty", "leave the header out"),
            taken(Kind.AT_LIMIT, "v" * 2_000),
            refused(Kind.TOO_LONG, "v" * 2_001, "TOO_LONG", "2001", "at most 2000"),
            refused(Kind.CONTROL, "a\r\nb", "INVALID", "not visible ASCII", "Base64"),
            refused(Kind.LOOK_ALIKE, CYRILLIC_O, "INVALID", "not visible ASCII", "Base64"),
            refused(Kind.PAST_LIMIT, "••••", "INVALID", "stands for a stored", "give the value itself"),
        ],
        "sensitive": [],
    },
    "AuthenticationInput": {
        "bearer": [
            refused(Kind.EMPTY, "", "REQUIRED", "empty", "give it, or none: true"),
            taken(Kind.AT_LIMIT, "t" * 4_000),
            refused(Kind.TOO_LONG, "t" * 4_001, "TOO_LONG", "4001", "at most 4000"),
            refused(Kind.CONTROL, "a\nb", "INVALID", "not visible ASCII", "the token alone"),
            refused(Kind.LOOK_ALIKE, CYRILLIC_O, "INVALID", "not visible ASCII", "the token alone"),
            refused(Kind.OTHER_UNIT, "Bearer abc", "INVALID", "a space", "the token alone"),
        ],
        "basic": [],
        "none": [],
    },
    "BasicAuthInput": {
        "username": [
            refused(Kind.EMPTY, "", "REQUIRED", "empty", "1 to 250"),
            taken(Kind.AT_LIMIT, "u" * 250),
            refused(Kind.TOO_LONG, "u" * 251, "TOO_LONG", "251", "at most 250"),
            refused(Kind.CONTROL, "a\0", "INVALID", "control character", "leave it out"),
            taken(Kind.LOOK_ALIKE, CYRILLIC_O),
            refused(Kind.PAST_LIMIT, "a:b", "INVALID", '":"', "choose one without"),
        ],
        "password": [
            taken(Kind.EMPTY, ""),
            taken(Kind.AT_LIMIT, "p" * 1_000),
            refused(Kind.TOO_LONG, "p" * 1_001, "TOO_LONG", "1001", "at most 1000"),
            refused(Kind.CONTROL, "a\0", "INVALID", "control character", "leave it out"),
            taken(Kind.LOOK_ALIKE, CYRILLIC_O),
            refused(Kind.PAST_LIMIT, "••••", "INVALID", "•••• is no password", "leave authentication out"),
        ],
    },
}
