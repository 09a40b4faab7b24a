"""Attempts that have been made, as values: what came of each, and what recording it came to."""

from typing import NamedTuple

from app.clock import Micros
from app.delivery.claim import Claimed
from app.delivery.decide import Decision
from app.delivery.target import Headers, Target
from app.delivery.webhook_state import WebhookState
from app.sender.outcome import Answered, Unreachable
from app.statuses import AttemptOutcome, DeliveryStatus


class FinishedAttempt(NamedTuple):
    """One finished attempt and what was decided about it. `webhook` is the webhook as the claim read it."""

    attempt_id: str
    claimed: Claimed
    target: Target
    webhook: WebhookState
    shown_headers: Headers
    started_at: Micros
    finished_at: Micros
    answer: Answered | Unreachable
    outcome: AttemptOutcome
    decision: Decision

    @property
    def response_status(self) -> int | None:
        """The status of the answer, if that was read, whatever became of the rest."""
        return self.answer.status

    @property
    def ends_failures(self) -> bool:
        """Whether this attempt ends its webhook's run of failures."""
        return self.webhook.is_failing and self.decision.status is DeliveryStatus.SUCCEEDED

    @property
    def concerns_webhook(self) -> bool:
        """Whether this attempt changes anything about its webhook."""
        decision = self.decision
        return decision.webhook_failed or decision.disable_reason is not None or self.ends_failures


class RecordResult(NamedTuple):
    """What recording an attempt came to: whether the delivery moved on by it, the delivery's status now, and whether
    the webhook was disabled by it."""

    moved: bool
    status: DeliveryStatus
    disabled: bool
