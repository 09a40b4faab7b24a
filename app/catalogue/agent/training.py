"""agent.training."""

from app.catalogue.cast import ARIA
from app.catalogue.json_schema import (
    choice,
    count,
    duration,
    list_of,
    nullable,
    record,
    share,
    shared,
    string,
    timestamp,
)
from app.catalogue.shared import built_in

_DATASET = record(
    "What it was trained on.",
    {
        "sources": nullable(count("How many sources.")),
        "documents": nullable(count("How many documents in all.")),
        "addedDocuments": nullable(count("How many of them are new since the last training.")),
        "removedDocuments": nullable(count("How many are gone since the last training.")),
        "tokens": nullable(count("How many tokens in all.")),
    },
)

_MODEL_VERSION = record(
    "The version of the agent's model.",
    {
        "from": nullable(string("The version before; null for the first training.")),
        "to": nullable(string("The version now; null where the training failed.")),
    },
)

_METRICS = record(
    "How well it did when it was evaluated.",
    {
        "accuracy": nullable(share("The share of right answers.")),
        "coverage": nullable(share("The share of questions that it answered at all.")),
        "hallucinationRate": nullable(share("The share of answers that rest on nothing.")),
        "evaluationSetSize": nullable(count("How many questions it was asked.")),
    },
)

_TRAINING = record(
    "The training itself.",
    {
        "jobId": nullable(string("The id of the training job.")),
        "status": nullable(choice("How it ended.", ["completed", "failed", "partial"])),
        "trigger": nullable(choice("What set it off.", ["manual", "scheduled", "feedback"])),
        "startedAt": nullable(timestamp("When it began.")),
        "completedAt": nullable(timestamp("When it ended.")),
        "durationSeconds": nullable(duration("How long it took, in seconds.")),
        "dataset": nullable(_DATASET),
        "modelVersion": nullable(_MODEL_VERSION),
        "metrics": nullable(_METRICS),
        "errors": list_of(string("An error in a sentence."), "What went wrong; empty where nothing did."),
    },
)

AGENT_TRAINING = built_in(
    "agent.training",
    "The training of an AI agent ended.",
    subject="agent",
    fields={"agent": shared("Agent", "The AI agent."), "training": _TRAINING},
    example={
        "agent": ARIA,
        "training": {
            "jobId": "job_2n6v8c",
            "status": "completed",
            "trigger": "feedback",
            "startedAt": "2026-11-24T02:00:00Z",
            "completedAt": "2026-11-24T02:18:34Z",
            "durationSeconds": 1114,
            "dataset": {
                "sources": 4,
                "documents": 1289,
                "addedDocuments": 17,
                "removedDocuments": 3,
                "tokens": 2481330,
            },
            "modelVersion": {"from": "support-large-2.14", "to": "support-large-2.15"},
            "metrics": {
                "accuracy": 0.931,
                "coverage": 0.872,
                "hallucinationRate": 0.008,
                "evaluationSetSize": 600,
            },
            "errors": [],
        },
    },
)
