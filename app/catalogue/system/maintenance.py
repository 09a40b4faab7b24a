"""system.maintenance."""

from app.catalogue.json_schema import choice, identifier, list_of, nullable, record, string, timestamp, url
from app.catalogue.shared import affected_services, built_in

_MAINTENANCE = record(
    "The maintenance.",
    {
        "id": identifier("ID of the maintenance, the same in all of its events."),
        "status": nullable(choice("Status of the maintenance.", ["scheduled", "started", "completed", "cancelled"])),
        "title": nullable(string("Title, in one line.")),
        "description": nullable(string("Full description.")),
        "startsAt": nullable(timestamp("Start time.")),
        "endsAt": nullable(timestamp("Expected end time.")),
        "affectedServices": affected_services(),
        "expectedImpact": nullable(choice("Expected impact.", ["none", "degraded", "outage"])),
        "regions": list_of(string("A region."), "Affected regions."),
        "statusPageUrl": nullable(url("URL of the status page.")),
    },
    required=["id"],
)

SYSTEM_MAINTENANCE = built_in(
    "system.maintenance",
    "Maintenance of the platform was scheduled, started, completed or cancelled.",
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
