"""The spans of the server, by OpenTelemetry's conventions for messaging and for HTTP clients.

`publish` is the producer's, `deliver` the consumer's of one attempt, with its HTTP request below it. All of an event
are in the trace of its publisher, and each `deliver` links to the `publish`. `claim` is a trace of its own, because it
is for many events; it links to theirs. Times are explicit, so no context variable is read or set.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
    set_span_in_context,
)
from opentelemetry.util.types import AttributeValue

from app.clock import to_micros
from app.trace_context import TraceContext

_SYSTEM = "eev_webhooks"
# More links than OpenTelemetry's default limit of a span would be dropped.
MAX_LINKS = 128


class AttemptFacts(NamedTuple):
    """What the spans of an attempt say of it from its beginning."""

    workspace_id: str
    event_id: str
    event_type: str
    delivery_id: str
    webhook_id: str
    number: int
    method: str
    shown_url: str
    started_at: datetime


class AttemptEnd(NamedTuple):
    """What the spans of an attempt say of it at its end. `failure` is empty if it succeeded."""

    attempt_id: str
    outcome: str
    delivery_status: str
    response_status: int | None
    remote_address: str | None
    failure: str
    answered_at: datetime
    ended_at: datetime


class AttemptSpans(NamedTuple):
    """The two spans of an attempt, begun; `context` is that of its request, for the receiver."""

    deliver: Span
    request: Span
    context: TraceContext

    def end(self, end: AttemptEnd) -> None:
        """End both."""
        request = self.request
        if end.response_status is not None:
            request.set_attribute("http.response.status_code", end.response_status)
        if end.remote_address is not None:
            request.set_attribute("network.peer.address", end.remote_address)
        self.deliver.set_attributes(
            {"eev.attempt.id": end.attempt_id, "eev.outcome": end.outcome, "eev.delivery.status": end.delivery_status}
        )
        if end.failure:
            error_type = end.outcome if end.response_status is None else str(end.response_status)
            for span in (request, self.deliver):
                span.set_attribute("error.type", error_type)
                span.set_status(Status(StatusCode.ERROR, end.failure))
        request.end(_nanoseconds(end.answered_at))
        self.deliver.end(_nanoseconds(end.ended_at))


class Tracing:
    """Makes spans with a provider of OpenTelemetry's SDK."""

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer("eev-webhooks")

    def begin_publish(
        self, trace: TraceContext | None, workspace_id: str, types: Sequence[str], at: datetime
    ) -> tuple[Span, TraceContext]:
        """Begin the span of publishing events of these types; return it with the context to store with the events.

        Args:
            trace: that of the caller, if it sent one.
        """
        [only, *others] = dict.fromkeys(types)
        attributes = _messaging("publish", "send", only if not others else None)
        attributes["eev.workspace.id"] = workspace_id
        if len(types) > 1:
            attributes["messaging.batch.message_count"] = len(types)
        span = self._begin("publish" if others else f"publish {only}", SpanKind.PRODUCER, trace, attributes, at)
        return span, _context_of(span, from_caller=trace is not None)

    def begin_attempt(self, trace: TraceContext | None, facts: AttemptFacts) -> AttemptSpans:
        """Begin the spans of an attempt of an event that was published in this trace."""
        attributes = _messaging("deliver", "process", facts.event_type)
        attributes |= {
            "messaging.message.id": facts.event_id,
            "messaging.destination.subscription.name": facts.webhook_id,
            "eev.workspace.id": facts.workspace_id,
            "eev.delivery.id": facts.delivery_id,
            "eev.attempt.number": facts.number,
        }
        deliver = self._begin(
            f"deliver {facts.event_type}", SpanKind.CONSUMER, trace, attributes, facts.started_at, _links([trace])
        )
        below = _context_of(deliver, from_caller=trace is not None and trace.from_caller)
        request = self._begin(facts.method, SpanKind.CLIENT, below, _http(facts), facts.started_at)
        return AttemptSpans(deliver, request, _context_of(request, from_caller=below.from_caller))

    def claimed(
        self, traces: Iterable[TraceContext | None], deliveries: int, started_at: datetime, ended_at: datetime
    ) -> None:
        """Make the span of a claim that took deliveries of events published in these traces."""
        attributes = _messaging("claim", "receive", None) | {"messaging.batch.message_count": deliveries}
        span = self._begin("claim", SpanKind.CONSUMER, None, attributes, started_at, _links(traces))
        span.end(_nanoseconds(ended_at))

    def _begin(
        self,
        name: str,
        kind: SpanKind,
        parent: TraceContext | None,
        attributes: Mapping[str, AttributeValue],
        at: datetime,
        links: Sequence[Link] = (),
    ) -> Span:
        # An empty context, because without one the SDK would take the parent from a context variable.
        context = Context() if parent is None else set_span_in_context(NonRecordingSpan(_remote(parent)), Context())
        return self._tracer.start_span(name, context, kind, attributes, links, _nanoseconds(at))


def end_publish(span: Span, at: datetime, message_id: str | None, failure: str = "") -> None:
    """End the span of a publish, if it has not ended yet.

    Args:
        message_id: the event's ID, if it is one.
        failure: why nothing was published, as a word; "" if it was.
    """
    if not span.is_recording():
        return
    if message_id is not None:
        span.set_attribute("messaging.message.id", message_id)
    if failure:
        span.set_attribute("error.type", failure)
        span.set_status(Status(StatusCode.ERROR))
    span.end(_nanoseconds(at))


def _messaging(name: str, type_: str, destination: str | None) -> dict[str, AttributeValue]:
    attributes: dict[str, AttributeValue] = {
        "messaging.system": _SYSTEM,
        "messaging.operation.name": name,
        "messaging.operation.type": type_,
    }
    if destination is not None:
        attributes["messaging.destination.name"] = destination
    return attributes


def _http(facts: AttemptFacts) -> dict[str, AttributeValue]:
    url = urlsplit(facts.shown_url)
    attributes: dict[str, AttributeValue] = {
        "http.request.method": facts.method,
        "url.full": facts.shown_url,
        "server.address": url.hostname or "",
        "server.port": url.port or (443 if url.scheme == "https" else 80),
    }
    if facts.number > 1:
        attributes["http.request.resend_count"] = facts.number - 1
    return attributes


def _links(traces: Iterable[TraceContext | None]) -> list[Link]:
    distinct = dict.fromkeys(trace for trace in traces if trace is not None)
    return [Link(_remote(trace)) for trace in list(distinct)[:MAX_LINKS]]


def _remote(trace: TraceContext) -> SpanContext:
    return SpanContext(
        trace_id=int(trace.trace_id, 16),
        span_id=int(trace.span_id, 16),
        is_remote=True,
        trace_flags=TraceFlags(trace.flags),
        trace_state=TraceState.from_header([trace.tracestate]) if trace.tracestate else None,
    )


def _context_of(span: Span, *, from_caller: bool) -> TraceContext:
    context = span.get_span_context()
    traceparent = f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags & 0x03:02x}"
    return TraceContext(traceparent, context.trace_state.to_header(), from_caller)


def _nanoseconds(at: datetime) -> int:
    return to_micros(at) * 1_000
