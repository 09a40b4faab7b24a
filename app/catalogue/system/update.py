"""system.update."""

from app.catalogue.json_schema import boolean, choice, identifier, list_of, nullable, record, string, timestamp, url
from app.catalogue.shared import built_in

_RELEASE = record(
    "The release.",
    {
        "id": identifier("The release's id."),
        "version": nullable(string("The version that is live now.")),
        "previousVersion": nullable(string("The version that was live before.")),
        "channel": nullable(choice("Whom it is for.", ["stable", "beta"])),
        "deployedAt": nullable(timestamp("When it went live.")),
        "components": list_of(string("A component."), "The parts of the platform that changed."),
        "changelogUrl": nullable(url("Where to read what changed.")),
        "breakingChanges": list_of(string("A change in a sentence."), "What may break an integration."),
        "requiresAction": nullable(boolean("Whether you have to do something.")),
        "actionDeadline": nullable(timestamp("Until when; null where you have not.")),
        "rollbackOf": nullable(string("The id of the release that this one takes back, where it does.")),
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
