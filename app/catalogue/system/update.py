"""system.update."""

from app.catalogue.json_schema import boolean, choice, identifier, list_of, nullable, record, string, timestamp, url
from app.catalogue.shared import built_in

_RELEASE = record(
    "The release.",
    {
        "id": identifier("ID of the release."),
        "version": nullable(string("New version.")),
        "previousVersion": nullable(string("Previous version.")),
        "channel": nullable(choice("Release channel.", ["stable", "beta"])),
        "deployedAt": nullable(timestamp("Time of the deployment.")),
        "components": list_of(string("A component."), "Components of the platform that changed."),
        "changelogUrl": nullable(url("URL of the changelog.")),
        "breakingChanges": list_of(string("A change, as a sentence."), "Changes that may break an integration."),
        "requiresAction": nullable(boolean("Whether you must take action.")),
        "actionDeadline": nullable(timestamp("Deadline for your action; null if none is needed.")),
        "rollbackOf": nullable(string("ID of the release that this one rolls back, if any.")),
    },
    required=["id"],
)

SYSTEM_UPDATE = built_in(
    "system.update",
    "An update of the platform went live.",
    subject="release",
    fields={"release": _RELEASE},
    example={
        "release": {
            "id": "rel_2026_47",
            "version": "2026.47.0",
            "previousVersion": "2026.46.2",
            "channel": "stable",
            "deployedAt": "2026-11-23T06:00:00Z",
            "components": ["api", "inbox"],
            "changelogUrl": "https://docs.example.com/changelog/2026.47.0",
            "breakingChanges": ["The API no longer accepts TLS 1.1."],
            "requiresAction": True,
            "actionDeadline": "2027-01-31T00:00:00Z",
            "rollbackOf": None,
        }
    },
)
