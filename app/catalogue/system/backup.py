"""system.backup."""

from app.catalogue.json_schema import (
    boolean,
    choice,
    count,
    duration,
    identifier,
    mapping,
    nullable,
    record,
    string,
    timestamp,
)
from app.catalogue.shared import built_in

_LOCATION = record(
    "Where it is kept.",
    {
        "provider": nullable(string("Whose storage it is.")),
        "region": nullable(string("The region of that storage.")),
    },
)

_CHECKSUM = record(
    "The checksum of the whole backup.",
    {
        "algorithm": nullable(string("How it was computed, for example `sha256`.")),
        "value": nullable(string("The checksum, in hexadecimal.")),
    },
)

_BACKUP = record(
    "The backup.",
    {
        "id": identifier("The backup's id."),
        "status": nullable(choice("How it ended.", ["completed", "failed", "partial"])),
        "type": nullable(choice("Whether it holds everything or what changed.", ["full", "incremental"])),
        "startedAt": nullable(timestamp("When it began.")),
        "completedAt": nullable(timestamp("When it ended.")),
        "durationSeconds": nullable(duration("How long it took, in seconds.")),
        "sizeBytes": nullable(count("The size in bytes.")),
        "location": nullable(_LOCATION),
        "encrypted": nullable(boolean("Whether it is encrypted.")),
        "checksum": nullable(_CHECKSUM),
        "retentionUntil": nullable(timestamp("Until when it is kept.")),
        "itemCounts": nullable(mapping("How many of each kind it holds, by kind.", count("How many."))),
        "error": nullable(string("What went wrong, in a sentence; null where nothing did.")),
    },
    required=["id"],
)

SYSTEM_BACKUP = built_in(
    "system.backup",
    "A backup of your data ended.",
    subject="backup",
    fields={"backup": _BACKUP},
    example={
        "backup": {
            "id": "bkp_20261123",
            "status": "completed",
            "type": "full",
            "startedAt": "2026-11-23T01:00:00Z",
            "completedAt": "2026-11-23T01:11:48Z",
            "durationSeconds": 708,
            "sizeBytes": 48318382080,
            "location": {"provider": "example-storage", "region": "eu-central"},
            "encrypted": True,
            "checksum": {
                "algorithm": "sha256",
                "value": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            },
            "retentionUntil": "2027-02-21T01:11:48Z",
            "itemCounts": {"conversations": 48212, "tickets": 10576, "customers": 20931},
            "error": None,
        }
    },
)
