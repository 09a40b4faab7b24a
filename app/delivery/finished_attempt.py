"""Finished attempts and the results of recording them, as values."""

from datetime import timedelta
from typing import NamedTuple

from app.clock import STEP, Micros
from app.delivery.claim import Claimed
from app.delivery.decide import Decision
from app.delivery.target import Headers, Target
from app.delivery.webhook_state import WebhookState
from app.keeping import Keeping
from app.problems.cause import Cause, cause_of
from app.sender.outcome import Answered, Unreachable
from app.statuses import AttemptOutcome, DeliveryStatus
from app.trace_context import TraceContext


class FinishedAttempt(NamedTuple):
    """One finished attempt and what was decided about it. `webhook` is the webhook as the claim read it; `trace` is the
    trace that the attempt belongs to, if any. `answer` is what may be stored of it.
    """

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
    trace: TraceContext | None = None
    # What its event type keeps; None if everything.
    keeping: Keeping | None = None

    def recorded_at(self, now: Micros) -> "FinishedAttempt":
        """The attempt as it is recorded at `now`. An attempt that finished later than that finished by a clock that was
        set back since; what was decided moves with the clock, or the delivery would wait for the time in between.
        """
        ahead = timedelta(microseconds=self.finished_at - now)
        if ahead < STEP:
            return self
        next_at, hold = self.decision.next_attempt_at, self.decision.hold_webhook_until
        decision = self.decision._replace(
            next_attempt_at=None if next_at is None else next_at - ahead,
            hold_webhook_until=None if hold is None else hold - ahead,
        )
        return self._replace(decision=decision, finished_at=now)

    @property
    def response_status(self) -> int | None:
        """Status of the answer if it was read, even if the rest of the answer was not."""
        return self.answer.status

    @property
    def cause(self) -> Cause | None:
        """Why it failed; None if it succeeded or its failure does not count against the webhook."""
        if not self.decision.webhook_failed:
            return None
        error = self.answer.error if isinstance(self.answer, Unreachable) else None
        return cause_of(self.claimed.webhook_id, self.outcome, self.response_status, error)

    @property
    def resolves_problems(self) -> bool:
        """Whether this attempt ends its webhook's run of failures and resolves its problems, which last longer than the
        run if somebody resumed the webhook.
        """
        webhook = self.webhook
        return (webhook.has_problems or webhook.is_failing) and self.decision.status is DeliveryStatus.SUCCEEDED

    @property
    def may_empty_event(self) -> bool:
        """Whether the event's type keeps its body until success, and this attempt may be the last that it takes."""
        keeping = self.keeping
        return keeping is not None and keeping.until_success and self.decision.status is DeliveryStatus.SUCCEEDED

    @property
    def concerns_webhook(self) -> bool:
        """Whether this attempt changes anything about its webhook."""
        decision = self.decision
        return decision.webhook_failed or decision.disable_reason is not None or self.resolves_problems


class RecordResult(NamedTuple):
    """Result of recording an attempt: whether the delivery moved on, the delivery's status now, and whether the webhook
    was disabled.
    """

    moved: bool
    status: DeliveryStatus
    disabled: bool
