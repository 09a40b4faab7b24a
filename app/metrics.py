"""Metrics of the program, for Prometheus.

Each process has its own registry, created when its resources are opened. Callers report what happened in terms of the
domain; names and buckets are defined here, and docs/metrics.md is generated from them. No label names a webhook, and
only the workspaces that wait longest are named, because there may be thousands of each.
"""

from collections import Counter as Counted
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.process_collector import ProcessCollector

from app.statuses import AttemptOutcome, DeliveryStatus
from app.trace_context import TraceContext

_BATCH_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000)
_DURATION_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
# From "at once" to "deferred for an hour".
_DELAY_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3_600)
_AFTER_AN_ATTEMPT = (DeliveryStatus.SUCCEEDED, DeliveryStatus.RETRYING, DeliveryStatus.FAILED)

MAX_WORKSPACES_NAMED = 20
# A shorter wait is normal, and a series that comes and goes with every event is expensive for Prometheus.
NAMED_FROM_SECONDS = 1.0

SocketRefusal = Literal["busy", "evicted"]
# Of an attempt to send a message to a contact: it was taken, is tried again, or was given up.
MessageResult = Literal["sent", "retried", "failed"]

PRUNED_TABLES = ("event", "delivery", "attempt", "problem", "operation", "audit_entry", "stats_period")


@dataclass(frozen=True, slots=True)
class Level:
    """Gauges at the moment of a scrape.

    Attributes:
        oldest_due_seconds: ages of the queues by workspace, the oldest first; None if the database does not answer.
        messages_waiting: messages to contacts that are due or being retried; None likewise.
    """

    in_flight: int
    followers: int
    oldest_due_seconds: Mapping[str, float] | None
    broker_ok: bool
    updates_ok: bool
    log_lines_dropped: int = 0
    clock_skew_seconds: float = 0.0
    messages_waiting: int | None = 0


class MeasuredAttempt(NamedTuple):
    """One attempt as it is counted. `first_delay_seconds`: from the publishing of the event to the beginning of the
    delivery's first attempt; None for later ones. `trace`: the trace it belongs to, if any."""

    outcome: AttemptOutcome
    status: DeliveryStatus
    duration_seconds: float
    first_delay_seconds: float | None
    trace: TraceContext | None = None


class Metrics:
    """The instruments of one process."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._published = Counter(
            "eev_webhooks_events_published", "Events committed, including duplicates.", registry=registry
        )
        self._unmatched = Counter(
            "eev_webhooks_events_unmatched",
            "Events that could not be matched with a webhook, because its event types or filter cannot be read: once"
            " for each such webhook. The webhook's statusReason says since when.",
            registry=registry,
        )
        self._publish_batches = Histogram(
            "eev_webhooks_publish_batch_events",
            "Number of events per commit of the publisher.",
            buckets=_BATCH_SIZES,
            registry=registry,
        )
        self._record_batches = Histogram(
            "eev_webhooks_record_batch_attempts",
            "Number of attempts per commit of the recorder.",
            buckets=_BATCH_SIZES,
            registry=registry,
        )
        self._claims = Histogram(
            "eev_webhooks_claim_batch_deliveries",
            "Number of deliveries per claim.",
            buckets=_BATCH_SIZES,
            registry=registry,
        )
        self._attempts = Counter("eev_webhooks_attempts", "Attempts made, by outcome.", ["outcome"], registry=registry)
        self._deliveries = Counter(
            "eev_webhooks_deliveries", "Deliveries after an attempt, by status.", ["status"], registry=registry
        )
        self._duration = Histogram(
            "eev_webhooks_attempt_duration_seconds",
            "Duration of attempts, from name resolution to the end of the response.",
            buckets=_DURATION_SECONDS,
            registry=registry,
        )
        self._delay = Histogram(
            "eev_webhooks_first_attempt_delay_seconds",
            "Time from the publication of an event to its first attempt at a webhook.",
            buckets=_DELAY_SECONDS,
            registry=registry,
        )
        self._in_flight = Gauge(
            "eev_webhooks_in_flight_requests", "Requests to receivers in flight in this process.", registry=registry
        )
        self._followers = Gauge("eev_webhooks_followers", "Subscriptions that this process serves.", registry=registry)
        self._queue_age = Gauge(
            "eev_webhooks_queue_age_seconds",
            "Age of the oldest delivery that is due and unclaimed, over all processes. Deliveries of webhooks that are"
            " paused or backing off are not due. NaN while the database does not answer.",
            registry=registry,
        )
        self._workspace_queue_age = Gauge(
            "eev_webhooks_workspace_queue_age_seconds",
            f"The same by workspace, for the {MAX_WORKSPACES_NAMED} workspaces that wait longest and for at least"
            f" {NAMED_FROM_SECONDS:g} s.",
            ["workspace"],
            registry=registry,
        )
        self._broker_up = Gauge(
            "eev_webhooks_broker_up", "1 if the last wake-up reached the broker, else 0.", registry=registry
        )
        self._updates_up = Gauge("eev_webhooks_updates_up", "1 if live updates get through, else 0.", registry=registry)
        self._clock_skew = Gauge(
            "eev_webhooks_clock_skew_seconds",
            "How far this machine's clock is ahead of PostgreSQL's, in seconds; negative if it is behind, and 0 on"
            " SQLite. Leases and due times go by PostgreSQL's.",
            registry=registry,
        )
        self._sweep = Gauge(
            "eev_webhooks_sweep_last_run_timestamp_seconds",
            "Time of the last sweep of this process, in seconds since the epoch; 0 if it does not deliver.",
            registry=registry,
        )
        self._pruned = Counter(
            "eev_webhooks_pruned_rows", "Rows deleted because of their age, by table.", ["table"], registry=registry
        )
        self._rate_limited = Counter(
            "eev_webhooks_rate_limited_requests",
            "Requests refused by the rate limit of their API key.",
            registry=registry,
        )
        self._messages = _ContactMessages(registry)
        self._sockets_refused = _sockets_refused(registry)
        self._log_lines_dropped = Counter(
            "eev_webhooks_log_lines_dropped", "Lines of the log that could not be written to stderr.", registry=registry
        )
        self._log_lines_counted = 0
        self.last_sweep_at: datetime | None = None
        # Followers that share another one's execution, so that the bus does not know them.
        self.told_along = 0
        # Every label exists from the start: a rate over a series that appears later misses its first increase.
        self._by_outcome = {outcome: self._attempts.labels(outcome) for outcome in AttemptOutcome}
        self._by_status = {status: self._deliveries.labels(status) for status in _AFTER_AN_ATTEMPT}
        self._by_table = {table: self._pruned.labels(table) for table in PRUNED_TABLES}
        _measure_process(registry)

    def published(self, events: int) -> None:
        """Count a commit of the publisher and its events."""
        self._published.inc(events)
        self._publish_batches.observe(events)

    def unmatched(self, events: int) -> None:
        """Count events that could not be matched with a webhook."""
        self._unmatched.inc(events)

    def claimed(self, deliveries: int) -> None:
        """Count a claim and its deliveries."""
        self._claims.observe(deliveries)

    def attempted(self, batch: Sequence[MeasuredAttempt]) -> None:
        """Count the attempts of one commit of the recorder."""
        self._record_batches.observe(len(batch))
        for outcome, count in Counted(attempt.outcome for attempt in batch).items():
            self._by_outcome[outcome].inc(count)
        for status, count in Counted(attempt.status for attempt in batch).items():
            self._by_status[status].inc(count)
        for attempt in batch:
            exemplar = _exemplar(attempt.trace)
            self._duration.observe(attempt.duration_seconds, exemplar)
            if attempt.first_delay_seconds is not None:
                self._delay.observe(attempt.first_delay_seconds, exemplar)

    def swept(self, at: datetime) -> None:
        """Note the time at which a sweep ended."""
        self.last_sweep_at = at
        self._sweep.set(at.timestamp())

    def pruned(self, table: str, rows: int) -> None:
        """Count rows of a table deleted because of their age."""
        self._by_table[table].inc(rows)

    def rate_limited(self) -> None:
        """Count a request refused by its key's rate limit."""
        self._rate_limited.inc()

    def told_contact(self, result: MessageResult) -> None:
        """Count an attempt to send a message to a contact."""
        self._messages.by_result[result].inc()

    def socket_refused(self, reason: SocketRefusal) -> None:
        """Count a WebSocket that got or kept no place before it said who it is."""
        self._sockets_refused[reason].inc()

    def exposition(self, level: Level, *, openmetrics: bool = False) -> bytes:
        """All metrics with the gauges at `level`, in Prometheus's text format 0.0.4 or, with exemplars, as
        OpenMetrics 1.0.
        """
        self._in_flight.set(level.in_flight)
        self._followers.set(level.followers)
        self._set_queue_ages(level.oldest_due_seconds)
        self._broker_up.set(level.broker_ok)
        self._updates_up.set(level.updates_ok)
        self._clock_skew.set(level.clock_skew_seconds)
        self._messages.waiting.set(float("nan") if level.messages_waiting is None else level.messages_waiting)
        self._log_lines_dropped.inc(max(0, level.log_lines_dropped - self._log_lines_counted))
        self._log_lines_counted = level.log_lines_dropped
        if openmetrics:
            content: bytes = generate_openmetrics(self.registry)  # type: ignore[no-untyped-call]
            return content
        return generate_latest(self.registry)

    def _set_queue_ages(self, ages: Mapping[str, float] | None) -> None:
        self._queue_age.set(float("nan") if ages is None else max(ages.values(), default=0.0))
        self._workspace_queue_age.clear()
        for workspace, age in list((ages or {}).items())[:MAX_WORKSPACES_NAMED]:
            if age >= NAMED_FROM_SECONDS:
                self._workspace_queue_age.labels(workspace).set(age)


def _exemplar(trace: TraceContext | None) -> dict[str, str] | None:
    """What leads from a measurement to its trace; None if nobody records that."""
    return {"trace_id": trace.trace_id, "span_id": trace.span_id} if trace is not None and trace.sampled else None


class _ContactMessages:
    """The instruments of messages to contacts."""

    def __init__(self, registry: CollectorRegistry) -> None:
        attempts = Counter(
            "eev_webhooks_contact_messages",
            "Attempts to send a message to a contact: sent, retried later, or failed for good.",
            ["result"],
            registry=registry,
        )
        self.by_result: Mapping[MessageResult, Counter] = {
            result: attempts.labels(result) for result in get_args(MessageResult)
        }
        self.waiting = Gauge(
            "eev_webhooks_contact_messages_waiting",
            "Messages to contacts that are due or being retried, over all processes. Those that wait until an hour"
            " after the last one are not due. NaN while the database does not answer.",
            registry=registry,
        )


def _measure_process(registry: CollectorRegistry) -> None:
    ProcessCollector(registry=registry)
    GCCollector(registry=registry)


def _sockets_refused(registry: CollectorRegistry) -> Mapping[SocketRefusal, Counter]:
    counter = Counter(
        "eev_webhooks_sockets_refused",
        "WebSockets without connection_init that were answered with 503 (busy) or closed with 4408 for another one"
        " (evicted), because too many were waiting.",
        ["reason"],
        registry=registry,
    )
    return {reason: counter.labels(reason) for reason in get_args(SocketRefusal)}
