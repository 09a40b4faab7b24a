"""Announces recorded attempts: to followers, to the log and to the metrics."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from structlog.typing import EventDict

from app.delivery.finished_attempt import FinishedAttempt, RecordResult
from app.logs import log_many
from app.metrics import MeasuredAttempt, Metrics
from app.updates.bus import Updates
from app.updates.update import DeliveryRef, Topic, Update, delivery_changed, webhook_changed

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Announcer:
    """Announces recorded attempts, a whole commit at a time, because most of the cost is the same for one and for a
    hundred.
    """

    updates: Updates
    metrics: Metrics

    def recorded(self, batch: Sequence[tuple[FinishedAttempt, RecordResult]]) -> None:
        """Announce attempts that are now in the database."""
        self.metrics.attempted([_measured(finished) for finished, _ in batch])
        log_many("delivery.attempted", [_line(finished, result) for finished, result in batch])
        self.updates.announce(Topic.DELIVERIES, [_changed(finished, result) for finished, result in batch])
        for finished, result in batch:
            if result.disabled:
                self._disabled(finished)

    def _disabled(self, finished: FinishedAttempt) -> None:
        webhook_id = finished.claimed.webhook_id
        log.warning("webhook.disabled", webhook_id=webhook_id, reason=finished.decision.disable_reason)
        change = webhook_changed(finished.claimed.workspace_id, webhook_id, finished.finished_at)
        self.updates.announce(Topic.WEBHOOKS, [change])


def _measured(finished: FinishedAttempt) -> MeasuredAttempt:
    claimed = finished.claimed
    delay = (finished.started_at - claimed.created_at) / 1_000_000 if claimed.attempt_count == 0 else None
    duration = finished.answer.duration_ms / 1_000
    return MeasuredAttempt(finished.outcome, finished.decision.status, duration, delay, finished.trace)


def _changed(finished: FinishedAttempt, result: RecordResult) -> Update:
    claimed = finished.claimed
    ref = DeliveryRef(claimed.id, claimed.workspace_id, claimed.event_id, claimed.webhook_id, claimed.event_type)
    return delivery_changed(ref, finished.finished_at, result.status, finished.attempt_id)


def _line(finished: FinishedAttempt, result: RecordResult) -> EventDict:
    """The fields of an attempt's one wide log line."""
    claimed, answer, trace = finished.claimed, finished.answer, finished.trace
    line = {
        "delivery_id": claimed.id,
        "event_id": claimed.event_id,
        "webhook_id": claimed.webhook_id,
        "workspace_id": claimed.workspace_id,
        "event_type": claimed.event_type,
        "attempt_id": finished.attempt_id,
        "number": claimed.attempt_count + 1,
        "trigger": claimed.trigger,
        "outcome": finished.outcome,
        "response_status": answer.status,
        "duration_ms": round(answer.duration_ms, 1),
        "status": result.status if result.moved else "left to others",
        "next_attempt_at": finished.decision.next_attempt_at,
    }
    return line if trace is None else line | {"trace_id": trace.trace_id, "span_id": trace.span_id}
