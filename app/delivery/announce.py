"""Tells of what changed: followers, whoever reads the log, and the metrics."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from structlog.typing import EventDict

from app.delivery.record import Outcome, Recorded
from app.logs import log_many
from app.metrics import Metrics
from app.sender.outcome import Answered
from app.updates.bus import Updates
from app.updates.update import Topic, Update

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Announcer:
    """Tells of attempts that were recorded, a whole commit at a time: most of what that costs is the same for one and
    for a hundred."""

    updates: Updates
    metrics: Metrics

    def recorded(self, batch: Sequence[tuple[Recorded, Outcome]]) -> None:
        """These attempts are in the database."""
        self.metrics.attempted([recorded for recorded, _ in batch])
        log_many("delivery.attempted", [_line(recorded, outcome) for recorded, outcome in batch])
        self.updates.announce(Topic.DELIVERIES, [attempt_recorded(recorded, outcome) for recorded, outcome in batch])
        for recorded, outcome in batch:
            if outcome.disabled:
                self._disabled(recorded)

    def _disabled(self, recorded: Recorded) -> None:
        webhook_id = recorded.claimed.webhook_id
        log.warning("webhook.disabled", webhook_id=webhook_id, reason=recorded.decision.disable_reason)
        change = webhook_changed(recorded.claimed.workspace_id, webhook_id, recorded.finished_at)
        self.updates.announce(Topic.WEBHOOKS, [change])


def attempt_recorded(recorded: Recorded, outcome: Outcome) -> Update:
    """A delivery as an attempt left it."""
    claimed = recorded.claimed
    return Update(
        workspace_id=claimed.workspace_id,
        subject_id=claimed.id,
        at=recorded.finished_at,
        event_id=claimed.event_id,
        webhook_id=claimed.webhook_id,
        event_type=claimed.event_type,
        status=outcome.status,
        attempt_id=recorded.attempt_id,
    )


def webhook_changed(workspace_id: str, webhook_id: str, at: int) -> Update:
    """A change of a webhook at `at` (µs); who follows reads the webhook itself."""
    return Update(
        workspace_id=workspace_id,
        subject_id=webhook_id,
        at=at,
        event_id=None,
        webhook_id=webhook_id,
        event_type=None,
        status=None,
        attempt_id=None,
    )


def _line(recorded: Recorded, outcome: Outcome) -> EventDict:
    """What the one wide line of an attempt says."""
    claimed, answer = recorded.claimed, recorded.answer
    return {
        "delivery_id": claimed.id,
        "event_id": claimed.event_id,
        "webhook_id": claimed.webhook_id,
        "workspace_id": claimed.workspace_id,
        "event_type": claimed.event_type,
        "attempt_id": recorded.attempt_id,
        "number": claimed.attempt_count + 1,
        "trigger": claimed.trigger,
        "outcome": recorded.outcome,
        "response_status": answer.status if isinstance(answer, Answered) else None,
        "duration_ms": round(answer.duration_ms, 1),
        "status": outcome.status if outcome.moved else "left to others",
        "next_attempt_at": recorded.decision.next_attempt_at,
    }
