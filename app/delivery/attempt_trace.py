"""The trace of one attempt: what the receiver is sent of it, and the spans that are exported.

Without a trace of the publisher and without an exporter, there is nothing to do.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from app.clock import Clock, from_micros
from app.delivery.claim import Claimed, ClaimedBatch
from app.delivery.finished_attempt import FinishedAttempt
from app.delivery.target import Headers, Target
from app.sender.answered import failure_sentence
from app.sender.outcome import Answered
from app.settings import Settings
from app.statuses import AttemptOutcome
from app.trace_context import TraceContext, unpacked
from app.tracing import open_tracing

if TYPE_CHECKING:
    from app.tracing.spans import AttemptSpans, Tracing

_NAMES = frozenset({"traceparent", "tracestate"})


class AttemptTrace(NamedTuple):
    """Where an attempt is in its trace; the headers that tell the receiver; and its spans, if they are exported."""

    context: TraceContext | None
    headers: Headers
    spans: "AttemptSpans | None"


_UNTRACED = AttemptTrace(None, (), None)


@dataclass(frozen=True, slots=True)
class Traces:
    """Traces the attempts and claims of a process.

    Attributes:
        sent_on: whether receivers get the trace of a publisher that sent one.
        tracing: makes the spans; None if none are exported.
    """

    sent_on: bool
    tracing: "Tracing | None"

    def begin(self, claimed: Claimed, target: Target, trace: str | None, started_at: datetime) -> AttemptTrace:
        """Begin the trace of an attempt of an event whose publisher's trace this is, packed."""
        if trace is None and self.tracing is None:
            return _UNTRACED
        published = None if trace is None else unpacked(trace)
        spans = None if self.tracing is None else _begun(self.tracing, published, claimed, target, started_at)
        context = published if spans is None else spans.context
        told = self.sent_on and published is not None and published.from_caller and not _has_own(target)
        return AttemptTrace(context, context.headers if told and context is not None else (), spans)

    def claimed(self, batch: ClaimedBatch, started_at: datetime, clock: Clock) -> None:
        """Export the span of a claim that took something."""
        if self.tracing is None or not batch.deliveries:
            return
        traces = [unpacked(content.trace) for content in batch.contents.values() if content.trace is not None]
        self.tracing.claimed(traces, len(batch.deliveries), started_at, clock.now())


@asynccontextmanager
async def open_traces(settings: Settings) -> AsyncIterator[Traces]:
    """What traces the attempts of this process; the last spans are exported at the end."""
    async with open_tracing(settings) as tracing:
        yield Traces(settings.send_traceparent, tracing)


def end_spans(spans: "AttemptSpans", finished: FinishedAttempt, ended_at: datetime) -> None:
    """End the spans of an attempt that was recorded."""
    from app.tracing.spans import AttemptEnd

    answer = finished.answer
    error = None if isinstance(answer, Answered) else answer.error
    succeeded = finished.outcome is AttemptOutcome.SUCCEEDED
    failure = "" if succeeded else failure_sentence(finished.outcome, error, finished.response_status)
    end = AttemptEnd(
        attempt_id=finished.attempt_id,
        outcome=finished.outcome.value,
        delivery_status=finished.decision.status.value,
        response_status=finished.response_status,
        remote_address=answer.remote_address,
        failure=failure or "",
        answered_at=from_micros(finished.finished_at),
        ended_at=ended_at,
    )
    spans.end(end)


def _has_own(target: Target) -> bool:
    """Whether the webhook has headers of its own with these names; those win, because a person set them."""
    return any(name.lower() in _NAMES for name, _ in target.headers)


def _begun(
    tracing: "Tracing", published: TraceContext | None, claimed: Claimed, target: Target, started_at: datetime
) -> "AttemptSpans":
    from app.tracing.spans import AttemptFacts

    facts = AttemptFacts(
        workspace_id=claimed.workspace_id,
        event_id=claimed.event_id,
        event_type=claimed.event_type,
        delivery_id=claimed.id,
        webhook_id=claimed.webhook_id,
        number=claimed.attempt_count + 1,
        method=target.method,
        shown_url=target.shown_url,
        started_at=started_at,
    )
    return tracing.begin_attempt(published, facts)
