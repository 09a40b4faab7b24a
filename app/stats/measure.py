"""Measures the deliveries of a workspace, or of one of its webhooks.

A delivery belongs to the moment it was created, an attempt to the moment it ended. A delivery counts by its present
status. Tests do not count.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.access.caller import Caller
from app.database.database import Database, Statements
from app.errors import UserErrorCode, not_found, rejected
from app.ids import WEBHOOK, is_id
from app.services import Services
from app.stats.counts import Part, Subjects, count_parts
from app.stats.groups import Group, StatsDimension, measure_groups
from app.stats.in_time import count_in_time
from app.stats.latency import percentile_ms
from app.stats.window import Window, choose_window
from app.stats.within import share_within
from app.statuses import Scope

# Counted from the rows, because periods are counted over all event types. A week, fitted to whole periods.
MAX_TYPED_SPAN = timedelta(days=8)


@dataclass(frozen=True, slots=True)
class Percentiles:
    """How long attempts took, in milliseconds to within 2.5 %: at least that percentage of them took no longer (nearest
    rank). None without attempts.
    """

    p50: float | None
    p95: float | None
    p99: float | None


@dataclass(frozen=True, slots=True)
class Bucket:
    """One of the equal parts of a window, from `since` on."""

    since: datetime
    succeeded: int
    failed: int
    attempts: int
    latency_ms: Percentiles


@dataclass(frozen=True, slots=True)
class DeliveryStats:
    """Statistics of the deliveries created from `since` until `until`. Those in none of the numbers were canceled.

    `success_rate` is the share (0 to 1) of finished ones that succeeded, None if none is finished. Statistics that are
    not `complete` have only what closed periods tell (`app.stats.in_time`).
    """

    since: datetime
    until: datetime
    deliveries: int
    succeeded: int
    failed: int
    pending: int
    attempts: int
    success_rate: float | None
    latency_ms: Percentiles
    series: tuple[Bucket, ...]
    complete: bool = True
    counted: "Counted | None" = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Counted:
    """The basis of statistics: subject, window and parts. Groups and shares are counted from it on demand."""

    subject: Subjects
    window: Window
    parts: tuple[Part, ...]

    async def groups(self, database: Statements, by: StatsDimension, first: int) -> list[Group]:
        """The groups with the most deliveries, those first."""
        return await measure_groups(database, self.subject, self.window, self.parts, by, first)

    async def share_within(self, database: Statements, ms: int) -> float | None:
        """The share of deliveries that succeeded within a time of those that succeeded at all; None if none did."""
        return await share_within(database, self.subject, self.parts, ms)


async def measure(
    services: Services,
    caller: Caller,
    webhook_id: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    buckets: int | None = None,
) -> DeliveryStats:
    """Measure a window, by default the last 24 hours in 24 buckets.

    A long window is fitted to whole periods (`app.stats.window`); the result says what was measured.

    Args:
        webhook_id: only the deliveries of this webhook, which may be deleted; by default those of the workspace.
        since, until: aware times.
        buckets: maximum number of equal parts in the series.

    Raises:
        Forbidden: the caller lacks READ.
        Rejected: NOT_FOUND, or all problems of the window at once; paths name the arguments of the API.
    """
    caller.require(Scope.READ)
    window = _window(services, caller, since, until, buckets)
    subjects = await _subjects(services.database, caller, webhook_id)
    each = await count_parts(services.database, subjects, window)
    parts = each[0] if len(each) == 1 else [_total(same) for same in zip(*each, strict=True)]
    return _summed(Counted(subjects, window, tuple(parts)))


async def measure_webhooks(
    services: Services,
    caller: Caller,
    webhook_ids: Sequence[str],
    since: datetime | None,
    until: datetime | None,
    buckets: int | None,
    *,
    attempts: bool = True,
) -> list[DeliveryStats]:
    """Measure the same window for webhooks that are known to belong to the workspace, each by itself, in as many
    statements as a single one takes. Those that cannot be counted in time are not `complete`.

    Args:
        attempts: whether attempts and their latencies are counted.

    Raises:
        Forbidden, Rejected: as `measure`.
    """
    caller.require(Scope.READ)
    window = _window(services, caller, since, until, buckets)
    types = caller.narrowing.event_types
    each = await count_in_time(services.database, Subjects("webhook_id", tuple(webhook_ids), types, attempts), window)
    return [
        _summed(Counted(Subjects("webhook_id", (id_,), types), window, tuple(parts)), complete=complete)
        for id_, (parts, complete) in zip(webhook_ids, each, strict=True)
    ]


def _window(
    services: Services, caller: Caller, since: datetime | None, until: datetime | None, buckets: int | None
) -> Window:
    window = choose_window(since, until, buckets, services.clock.now())
    if caller.narrowing.event_types is not None and window.until - window.since > MAX_TYPED_SPAN:
        message = (
            f"The window is longer than {MAX_TYPED_SPAN.days} days, which is the most that a token for certain event"
            " types can measure at once."
        )
        raise rejected(UserErrorCode.INVALID, message, "since")
    return window


async def _subjects(database: Database, caller: Caller, webhook_id: str | None) -> Subjects:
    """The webhook, or the workspace, as far as the caller sees it."""
    narrowing = caller.narrowing
    if webhook_id is None and narrowing.webhook_ids is not None:
        return Subjects("webhook_id", narrowing.webhook_ids, narrowing.event_types)
    if webhook_id is None:
        return Subjects("workspace_id", (caller.workspace_id,), narrowing.event_types)
    known = "SELECT id FROM webhook WHERE id = $1 AND workspace_id = $2"
    seen = is_id(WEBHOOK, webhook_id) and narrowing.sees_webhook(webhook_id)
    if not seen or not await database.fetch(known, webhook_id, caller.workspace_id):
        raise not_found("webhook", webhook_id, "webhookId")
    return Subjects("webhook_id", (webhook_id,), narrowing.event_types)


def _total(parts: Sequence[Part]) -> Part:
    """The same part of a window for several subjects together."""
    return Part(
        parts[0].since,
        parts[0].until,
        made=sum(part.made for part in parts),
        failed=sum(part.failed for part in parts),
        canceled=sum(part.canceled for part in parts),
        pending=sum(part.pending for part in parts),
        took=sum((part.took for part in parts), Counter[int]()),
    )


def _summed(counted: Counted, *, complete: bool = True) -> DeliveryStats:
    parts = counted.parts
    took = sum((part.took for part in parts), Counter[int]())
    succeeded, failed = sum(part.succeeded for part in parts), sum(part.failed for part in parts)
    finished = succeeded + failed
    return DeliveryStats(
        since=counted.window.since,
        until=counted.window.until,
        deliveries=sum(part.made for part in parts),
        succeeded=succeeded,
        failed=failed,
        pending=sum(part.pending for part in parts),
        attempts=took.total(),
        success_rate=succeeded / finished if finished else None,
        latency_ms=percentiles(took),
        series=tuple(
            Bucket(part.since, part.succeeded, part.failed, part.took.total(), percentiles(part.took)) for part in parts
        ),
        complete=complete,
        counted=counted,
    )


def percentiles(took: Counter[int]) -> Percentiles:
    """Percentiles of attempts by rounded duration in microseconds."""
    return Percentiles(*(percentile_ms(took, percent) for percent in (50, 95, 99)))
