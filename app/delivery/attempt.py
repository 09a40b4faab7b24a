"""Makes one attempt: sign, send, decide, record.

This module knows nothing of claims. Its caller holds the delivery and passes everything that sending needs.
"""

import asyncio
import random
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import structlog

from app.clock import Clock, to_micros
from app.database.errors import DatabaseError, StatementRefused
from app.delivery.attempt_trace import Traces, end_spans
from app.delivery.claim import Claimed, EventContent
from app.delivery.decide import Attempted, Facts, decide
from app.delivery.finished_attempt import FinishedAttempt
from app.delivery.policy import DeliveryPolicy
from app.delivery.record import Recorder
from app.delivery.redaction import without_credentials
from app.delivery.stored_answer import kept
from app.delivery.target import SignedRequest, Target, sign_request
from app.delivery.webhook_state import WebhookState
from app.errors import Unavailable
from app.ids import ATTEMPT, new_id
from app.keeping import by_type
from app.sender.outcome import Answered, Unreachable
from app.sender.sender import Sender
from app.statuses import AttemptOutcome
from app.trace_context import TraceContext

log = structlog.get_logger()

# How long a deployment may have tables that do not fit the code: during a migration, or after one was rolled back.
REFUSED_SECONDS = 300.0


class Sending(NamedTuple):
    """Everything that one attempt needs, loaded."""

    claimed: Claimed
    target: Target
    content: EventContent
    webhook: WebhookState


class NotAttempted(Exception):
    """A fault of the server itself kept a request from leaving. The text is a sentence."""


@dataclass(frozen=True, slots=True)
class Attempts:
    """Makes attempts with the sender, the clock and the recorder of this process."""

    clock: Clock
    sender: Sender
    recorder: Recorder
    policy: DeliveryPolicy
    traces: Traces

    async def make(self, sending: Sending) -> str:
        """Make one attempt and record its result; return the attempt's ID.

        Raises:
            NotAttempted: a fault of the server itself kept the request from leaving.
        """
        if sending.claimed.start_at:
            await self._wait_for_slot(sending.claimed)
        started_at = self.clock.now()
        claimed, number = sending.claimed, sending.claimed.attempt_count + 1
        content, trace = sending.content, self.traces.begin(claimed, sending.target, sending.content.trace, started_at)
        signed = sign_request(
            *(sending.target, claimed.event_id, number, content.body, started_at),
            sequence=claimed.sequence,
            trace_headers=trace.headers,
        )
        answer = await self.sender.send(signed.request)
        if isinstance(answer, Unreachable) and answer.not_asked:
            raise NotAttempted(answer.error)
        finished = _finished(sending, signed, answer, started_at, self.clock.now(), self.policy, trace.context)
        await self._record(finished)
        if trace.spans is not None:
            end_spans(trace.spans, finished, self.clock.now())
        return finished.attempt_id

    async def _wait_for_slot(self, claimed: Claimed) -> None:
        wait = claimed.start_at - to_micros(self.clock.now())
        if wait > 0:
            await asyncio.sleep(wait / 1_000_000)

    async def _record(self, finished: FinishedAttempt) -> None:
        """Record, and wait for as long as the database is unavailable, because the attempt was made and must be
        written.

        An error that the database repeats for minutes is a bug, and waiting does not help against it.
        """
        clock = asyncio.get_running_loop().time
        pause, refused_until = 0.05, clock() + REFUSED_SECONDS
        while True:
            try:
                await self.recorder.record(finished)
                return
            except (DatabaseError, Unavailable) as error:
                if isinstance(error, StatementRefused) and clock() >= refused_until:
                    raise
                log.warning("record.waiting", delivery_id=finished.claimed.id, error=str(error))
                await asyncio.sleep(pause)
                pause = min(pause * 2, 2.0)


def _finished(
    sending: Sending,
    signed: SignedRequest,
    answer: Answered | Unreachable,
    started_at: datetime,
    finished_at: datetime,
    policy: DeliveryPolicy,
    trace: TraceContext | None,
) -> FinishedAttempt:
    claimed, webhook = sending.claimed, sending.webhook
    facts = Facts(
        retry_delays_seconds=sending.target.retry_delays_seconds,
        retries_used=claimed.retries_used,
        trigger=claimed.trigger,
        failing_since=webhook.failing_since_time,
        consecutive_failures=webhook.consecutive_failures,
        disable_after=policy.disable_after,
        single_try=claimed.single_try,
    )
    attempted = _attempted(answer, finished_at)
    stored = without_credentials(answer, sending.target.credentials)
    keeping = None if webhook.keeping is None else by_type(webhook.keeping).get(claimed.event_type)
    if keeping is not None:
        stored = kept(stored, keeping, sending.content.body)
    return FinishedAttempt(
        attempt_id=new_id(ATTEMPT, finished_at),
        claimed=claimed,
        target=sending.target,
        webhook=webhook,
        shown_headers=signed.shown_headers,
        started_at=to_micros(started_at),
        finished_at=to_micros(finished_at),
        answer=stored,
        outcome=attempted.outcome,
        decision=decide(facts, attempted, random.random(), policy.breaker),
        trace=trace,
        keeping=keeping,
    )


def _attempted(answer: Answered | Unreachable, finished_at: datetime) -> Attempted:
    if isinstance(answer, Unreachable):
        return Attempted(answer.outcome, None, None, finished_at)
    if answer.succeeded:
        return Attempted(AttemptOutcome.SUCCEEDED, answer.status, None, finished_at)
    return Attempted(AttemptOutcome.HTTP_ERROR, answer.status, answer.retry_after, finished_at)
