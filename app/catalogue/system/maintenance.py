"""system.maintenance."""

from app.catalogue.json_schema import choice, identifier, list_of, nullable, record, string, timestamp, url
from app.catalogue.shared import affected_services, built_in

_MAINTENANCE = record(
    "The maintenance.",
    {
        "id": identifier("The maintenance's id, the same in each of its events."),
        "status": nullable(choice("How far it has come.", ["scheduled", "started", "completed", "cancelled"])),
        "title": nullable(string("What it is, in a line.")),
        "description": nullable(string("What it is, in full.")),
        "startsAt": nullable(timestamp("When it begins.")),
        "endsAt": nullable(timestamp("When it should end.")),
        "affectedServices": affected_services(),
        "expectedImpact": nullable(choice("What will be felt of it.", ["none", "degraded", "outage"])),
        "regions": list_of(string("A region."), "The regions that it takes place in."),
        "statusPageUrl": nullable(url("Where to follow it.")),
    },
    required=["id"],
)

SYSTEM_MAINTENANCE = built_in(
    "system.maintenance",
    "Maintenance of the platform was announced, began, ended or was called off.",
    subject="maintenance",
    fields={"maintenance": _MAINTENANCE},
    example={
        "maintenance": {
            "id": "mnt_3f6t1k",
            "status": "scheduled",
            "title": "Database upgrade",
            "description": "Search and reports are slower than usual while the indexes are rebuilt.",
            "startsAt": "2026-11-29T02:00:00Z",
            "endsAt": "2026-11-29T03:30:00Z",
            "affectedServices": ["search", "reports"],
            "expectedImpact": "degraded",
            "regions": ["eu-west"],
            "statusPageUrl": "https://status.example.com/maintenances/mnt_3f6t1k",
        }
    },
)
