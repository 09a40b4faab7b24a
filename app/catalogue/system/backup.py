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
    "Storage location of the backup.",
    {
        "provider": nullable(string("Storage provider.")),
        "region": nullable(string("Region of the storage.")),
    },
)

_CHECKSUM = record(
    "Checksum of the whole backup.",
    {
        "algorithm": nullable(string("Algorithm, for example `sha256`.")),
        "value": nullable(string("Checksum in hexadecimal.")),
    },
)

_BACKUP = record(
    "The backup.",
    {
        "id": identifier("ID of the backup."),
        "status": nullable(choice("Result of the backup.", ["completed", "failed", "partial"])),
        "type": nullable(choice("Whether the backup is full or incremental.", ["full", "incremental"])),
        "startedAt": nullable(timestamp("Time at which the backup started.")),
        "completedAt": nullable(timestamp("Time at which the backup ended.")),
        "durationSeconds": nullable(duration("Duration in seconds.")),
        "sizeBytes": nullable(count("Size in bytes.")),
        "location": nullable(_LOCATION),
        "encrypted": nullable(boolean("Whether the backup is encrypted.")),
        "checksum": nullable(_CHECKSUM),
        "retentionUntil": nullable(timestamp("Time until which the backup is kept.")),
        "itemCounts": nullable(mapping("Number of items in the backup, by kind.", count("Number of items."))),
        "error": nullable(string("Error message; null if the backup succeeded.")),
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
