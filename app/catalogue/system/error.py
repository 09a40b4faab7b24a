"""system.error."""

from app.catalogue.json_schema import choice, count, identifier, nullable, record, share, string, timestamp, url
from app.catalogue.shared import affected_services, built_in

_INCIDENT = record(
    "The incident.",
    {
        "id": identifier("The incident's id, the same in each of its events."),
        "severity": nullable(choice("How bad it is.", ["info", "warning", "critical"])),
        "code": nullable(string("The error in a word, for example `queue_backlog`.")),
        "component": nullable(string("The part of the platform that failed.")),
        "message": nullable(string("The error in a sentence, for people.")),
        "startedAt": nullable(timestamp("When it began.")),
        "resolvedAt": nullable(timestamp("When it was over; null while it is not.")),
        "affectedServices": affected_services(),
        "affectedOrganizations": nullable(count("How many organisations it touches.")),
        "errorRate": nullable(share("The share of requests that fail.")),
        "statusPageUrl": nullable(url("Where to follow it.")),
    },
    required=["id"],
)

SYSTEM_ERROR = built_in(
    "system.error",
    "An error of the platform occurred, or was resolved.",
    subject="incident",
    fields={
        "incident": _INCIDENT,
        "traceId": nullable(string("The id to quote to support: it finds the error in the platform's traces.")),
    },
    example={
        "incident": {
            "id": "inc_7d4w9p",
            "severity": "warning",
            "code": "queue_backlog",
            "component": "email-ingest",
            "message": "Incoming e-mail becomes conversations with up to ten minutes of delay.",
            "startedAt": "2026-11-23T14:02:11Z",
            "resolvedAt": None,
            "affectedServices": ["email"],
            "affectedOrganizations": 212,
            "errorRate": 0.037,
            "statusPageUrl": "https://status.example.com/incidents/inc_7d4w9p",
        },
        "traceId": "9c1f0e7a5b2d4836a1e4f7708d3b6c52",
    },
)
