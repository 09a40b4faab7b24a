"""The alerts: event types that the server itself publishes about webhooks and deliveries.

Nobody else can publish them. `*` does not select them; a webhook names them, or a family such as `webhook.*`.
"""

from collections.abc import Mapping
from typing import Any

from app.catalogue.event_type import EventCategory, EventType
from app.catalogue.json_schema import Schema, choice, count, identifier, integer, nullable, record, string, timestamp
from app.catalogue.shared import built_in

_WEBHOOK = record(
    "The webhook.",
    {"id": identifier("ID of the webhook."), "name": string("Name of the webhook.")},
    required=["id"],
)
_WEBHOOK_EXAMPLE = {"id": "wh_01jd7k3m9pegxv0t5c8h2n4w6z", "name": "Billing"}
_SINCE = "2026-11-23T10:00:00Z"


def _alert(
    name: str, description: str, subject: str, fields: Mapping[str, Schema], example: Mapping[str, Any]
) -> EventType:
    return built_in(
        name,
        description,
        subject=subject,
        fields={**fields, "webhook": _WEBHOOK},
        example={**example, "webhook": _WEBHOOK_EXAMPLE},
        category=EventCategory.OPERATIONAL,
    )


FAILING = _alert(
    "webhook.failing",
    "All attempts of a webhook have failed for half, three quarters or nine tenths of the time after which it is"
    " disabled.",
    "failure",
    {
        "failure": record(
            "The run of failures.",
            {
                "since": timestamp("Time of the first failure of the run."),
                "attempts": count("Number of failed attempts in the run."),
                "percent": integer("Part of the way to being disabled that has passed: 50, 75 or 90."),
                "disablesAt": timestamp("Time at which the webhook is disabled if no attempt succeeds until then."),
            },
            required=["since", "disablesAt"],
        )
    },
    {"failure": {"since": _SINCE, "attempts": 311, "percent": 50, "disablesAt": "2026-11-28T10:00:00Z"}},
)

DISABLED = _alert(
    "webhook.disabled",
    "A webhook was disabled by the server: nothing is sent to it until somebody resumes it.",
    "disabling",
    {
        "disabling": record(
            "Why the webhook was disabled.",
            {
                "at": timestamp("Time at which the webhook was disabled."),
                "reasonCode": choice("Cause.", ["FAILING", "GONE"]),
                "reason": string("Cause, as a sentence."),
            },
            required=["at", "reasonCode"],
        )
    },
    {
        "disabling": {
            "at": "2026-11-28T10:00:00Z",
            "reasonCode": "FAILING",
            "reason": "All attempts since 2026-11-23T10:00:00Z have failed.",
        }
    },
)

RECOVERED = _alert(
    "webhook.recovered",
    "A webhook about which an alert was sent works again: an attempt succeeded.",
    "recovery",
    {
        "recovery": record(
            "The success that ended the failures.",
            {
                "at": timestamp("Time of the success."),
                "failingSince": nullable(timestamp("Time of the first failure; null if a person resumed the webhook.")),
            },
            required=["at"],
        )
    },
    {"recovery": {"at": "2026-11-24T08:12:31Z", "failingSince": _SINCE}},
)

EXHAUSTED = _alert(
    "delivery.exhausted",
    "A delivery failed for good: no retry is left, or the receiver answered 410 Gone.",
    "delivery",
    {
        "delivery": record(
            "The delivery.",
            {
                "id": identifier("ID of the delivery."),
                "createdAt": timestamp("Time at which the delivery was created."),
                "attempts": count("Number of attempts."),
                "outcome": string("Outcome of the last attempt, for example `HTTP_ERROR` or `TIMEOUT`."),
                "responseStatus": nullable(count("Status of the last response; null if there was none.")),
            },
            required=["id"],
        ),
        "event": record(
            "The event that was not delivered.",
            {"id": identifier("ID of the event."), "type": string("Type of the event.")},
            required=["id"],
        ),
    },
    {
        "delivery": {
            "id": "dlv_01jd7k3m9pegxv0t5c8h2n4w6z",
            "createdAt": _SINCE,
            "attempts": 10,
            "outcome": "HTTP_ERROR",
            "responseStatus": 503,
        },
        "event": {"id": "evt_01jd7k3m9pegxv0t5c8h2n4w6z", "type": "ticket.created"},
    },
)

BACKLOG = _alert(
    "backlog.growing",
    "The oldest open delivery of an active webhook has waited longer than the server's setting allows.",
    "backlog",
    {
        "backlog": record(
            "What waits.",
            {"oldestWaitingAt": timestamp("Time at which the oldest open delivery was created.")},
            required=["oldestWaitingAt"],
        )
    },
    {"backlog": {"oldestWaitingAt": _SINCE}},
)

EXPIRING = _alert(
    "secret.expiring",
    "A secret of a webhook stops signing within a day. Its receiver must know the current secret by then.",
    "secret",
    {
        "secret": record(
            "The secret that expires.",
            {
                "id": identifier("ID of the secret."),
                "expiresAt": timestamp("Time from which the secret no longer signs."),
            },
            required=["id", "expiresAt"],
        )
    },
    {"secret": {"id": "sec_01jd7k3m9pegxv0t5c8h2n4w6z", "expiresAt": "2026-11-24T10:00:00Z"}},
)

OPERATIONAL_EVENT_TYPES = (FAILING, DISABLED, RECOVERED, EXHAUSTED, BACKLOG, EXPIRING)
