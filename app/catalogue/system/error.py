"""system.error."""

from app.catalogue.json_schema import choice, count, identifier, nullable, record, share, string, timestamp, url
from app.catalogue.shared import affected_services, built_in

_INCIDENT = record(
    "The incident.",
    {
        "id": identifier("ID of the incident, the same in all of its events."),
        "severity": nullable(choice("Severity.", ["info", "warning", "critical"])),
        "code": nullable(string("Error code, for example `queue_backlog`.")),
        "component": nullable(string("Component of the platform that failed.")),
        "message": nullable(string("Error message for people.")),
        "startedAt": nullable(timestamp("Time at which the incident started.")),
        "resolvedAt": nullable(timestamp("Time at which the incident was resolved; null while it is ongoing.")),
        "affectedServices": affected_services(),
        "affectedOrganizations": nullable(count("Number of affected organisations.")),
        "errorRate": nullable(share("Share of requests that fail.")),
        "statusPageUrl": nullable(url("URL of the status page.")),
    },
    required=["id"],
)

SYSTEM_ERROR = built_in(
    "system.error",
    "An error of the platform occurred, or was resolved.",
    subject="incident",
    fields={
        "incident": _INCIDENT,
        "traceId": nullable(string("Trace ID to quote to support.")),
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
