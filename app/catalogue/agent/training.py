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
    "Training data.",
    {
        "sources": nullable(count("Number of sources.")),
        "documents": nullable(count("Total number of documents.")),
        "addedDocuments": nullable(count("Number of documents added since the last training.")),
        "removedDocuments": nullable(count("Number of documents removed since the last training.")),
        "tokens": nullable(count("Total number of tokens.")),
    },
)

_MODEL_VERSION = record(
    "Version of the agent's model.",
    {
        "from": nullable(string("Previous version; null for the first training.")),
        "to": nullable(string("New version; null if the training failed.")),
    },
)

_METRICS = record(
    "Results of the evaluation.",
    {
        "accuracy": nullable(share("Share of correct answers.")),
        "coverage": nullable(share("Share of questions that were answered.")),
        "hallucinationRate": nullable(share("Share of answers without a source.")),
        "evaluationSetSize": nullable(count("Number of questions in the evaluation.")),
    },
)

_TRAINING = record(
    "The training job.",
    {
        "jobId": nullable(string("ID of the training job.")),
        "status": nullable(choice("Result of the training.", ["completed", "failed", "partial"])),
        "trigger": nullable(choice("Trigger of the training.", ["manual", "scheduled", "feedback"])),
        "startedAt": nullable(timestamp("Time at which the training started.")),
        "completedAt": nullable(timestamp("Time at which the training ended.")),
        "durationSeconds": nullable(duration("Duration in seconds.")),
        "dataset": nullable(_DATASET),
        "modelVersion": nullable(_MODEL_VERSION),
        "metrics": nullable(_METRICS),
        "errors": list_of(string("Error message."), "Errors; empty if there were none."),
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
