"""Statistics of deliveries over a time range and its parts."""

from datetime import datetime
from typing import Annotated, TypeAlias

import strawberry

from app.stats import measure
from app.stats.groups import MAX_ROWS, Group
from graph.context import Info
from graph.enums import StatsDimension
from graph.errors import BadUserInput
from graph.selection import selects

# Fields of statistics and their parts that need attempts.
_OF_ATTEMPTS = frozenset({"attempts", "latencyMs", "p95LatencyMs"})
DEFAULT_GROUPS = 20
MAX_GROUPS = 100

Since: TypeAlias = Annotated[
    datetime | None, strawberry.argument(description="Start of the time range; 24 hours before `until` by default.")
]
Until: TypeAlias = Annotated[datetime | None, strawberry.argument(description="End of the time range; now by default.")]
Buckets: TypeAlias = Annotated[
    int | None,
    strawberry.argument(description="Maximum number of equal parts in `series`: 1 to 200, 24 by default."),
]
By: TypeAlias = Annotated[StatsDimension, strawberry.argument(description="What deliveries are grouped by.")]
FirstGroups: TypeAlias = Annotated[
    int | None, strawberry.argument(description=f"Returns at most this many groups: 1 to {MAX_GROUPS}.")
]
Milliseconds: TypeAlias = Annotated[int, strawberry.argument(description="The time, in milliseconds.")]


@strawberry.type(
    description="Percentiles of the duration of attempts, in milliseconds, accurate to 2.5 %. Null if there were"
    " no attempts."
)
class LatencyPercentiles:
    p50: float | None = strawberry.field(description="50th percentile (median).")
    p95: float | None = strawberry.field(description="95th percentile.")
    p99: float | None = strawberry.field(description="99th percentile.")

    @classmethod
    def of(cls, percentiles: measure.Percentiles) -> "LatencyPercentiles":
        return cls(p50=percentiles.p50, p95=percentiles.p95, p99=percentiles.p99)


@strawberry.type(description="Statistics of one part of a time range. All parts are equally long.")
class DeliveryStatsBucket:
    since: datetime = strawberry.field(description="Start of this part; it ends where the next one starts.")
    succeeded: int = strawberry.field(description="Number of deliveries created in this part that have succeeded.")
    failed: int = strawberry.field(description="Number of deliveries created in this part that have failed.")
    attempts: int = strawberry.field(description="Number of attempts that ended in this part.")
    p95_latency_ms: float | None = strawberry.field(
        description="95th percentile of the duration of those attempts, in milliseconds."
    )
    latency_ms: LatencyPercentiles = strawberry.field(description="Duration of those attempts.")


@strawberry.type(description="Statistics of deliveries with the same key.")
class StatsGroup:
    key: str = strawberry.field(
        description="Event type, outcome of the last attempt, class of the last HTTP status (such as 5xx), or ID of the"
        " webhook. NONE if there was no attempt or no response."
    )
    deliveries: int = strawberry.field(description="Number of deliveries created in the time range.")
    succeeded: int = strawberry.field(description="Number of those deliveries that have succeeded.")
    failed: int = strawberry.field(description="Number of those deliveries that have failed.")
    attempts: int = strawberry.field(
        description="Number of attempts of those deliveries; by WEBHOOK, of attempts that ended in the time range."
    )
    latency_ms: LatencyPercentiles = strawberry.field(description="Duration of those attempts.")

    @classmethod
    def of(cls, group: Group) -> "StatsGroup":
        return cls(
            key=group.key,
            deliveries=group.deliveries,
            succeeded=group.succeeded,
            failed=group.failed,
            attempts=group.took.total(),
            latency_ms=LatencyPercentiles.of(measure.percentiles(group.took)),
        )


@strawberry.type(
    description="Statistics of the deliveries created in a time range. Deliveries that are neither succeeded,"
    " failed nor pending were canceled. Pings are not counted."
)
class DeliveryStats:
    counted: strawberry.Private[measure.Counted]
    since: datetime = strawberry.field(
        description="Start of the time range; long ranges are rounded to whole five minutes."
    )
    until: datetime = strawberry.field(description="End of the time range.")
    deliveries: int = strawberry.field(description="Number of deliveries created.")
    succeeded: int = strawberry.field(description="Number of those deliveries that have succeeded.")
    failed: int = strawberry.field(description="Number of those deliveries that have failed.")
    pending: int = strawberry.field(description="Number of those deliveries that are waiting for an attempt.")
    attempts: int = strawberry.field(description="Number of attempts that ended in the time range.")
    success_rate: float | None = strawberry.field(
        description="Share of the finished deliveries that succeeded, from 0 to 1; null if none has finished."
    )
    latency_ms: LatencyPercentiles = strawberry.field(description="Duration of the attempts.")
    series: list[DeliveryStatsBucket] = strawberry.field(description="The parts of the time range, in order.")
    complete: bool = strawberry.field(
        description="Whether everything was counted. False if a webhook has more than could be counted in time:"
        " `deliveries`, `attempts` and latencies are then those of periods of five minutes that were counted before,"
        " `succeeded`, `failed` and `pending` are 0, and `successRate` is null. A shorter time range may be complete."
    )

    @classmethod
    def of(cls, stats: measure.DeliveryStats) -> "DeliveryStats":
        assert stats.counted is not None
        return cls(
            counted=stats.counted,
            since=stats.since,
            until=stats.until,
            deliveries=stats.deliveries,
            succeeded=stats.succeeded,
            failed=stats.failed,
            pending=stats.pending,
            attempts=stats.attempts,
            success_rate=stats.success_rate,
            latency_ms=LatencyPercentiles.of(stats.latency_ms),
            complete=stats.complete,
            series=[
                DeliveryStatsBucket(
                    since=bucket.since,
                    succeeded=bucket.succeeded,
                    failed=bucket.failed,
                    attempts=bucket.attempts,
                    p95_latency_ms=bucket.latency_ms.p95,
                    latency_ms=LatencyPercentiles.of(bucket.latency_ms),
                )
                for bucket in stats.series
            ],
        )

    @strawberry.field(
        description="The groups with the most deliveries. By WEBHOOK, numbers are exact. Otherwise they are counted"
        f" from the newest {MAX_ROWS:,} deliveries, spread evenly over the parts of `series`, and estimated for parts"
        " with more."
    )
    async def groups(self, info: Info, by: By, first: FirstGroups = DEFAULT_GROUPS) -> list[StatsGroup]:
        most = DEFAULT_GROUPS if first is None else first
        if not 1 <= most <= MAX_GROUPS:
            raise BadUserInput(f"The argument first is {most}; it must be between 1 and {MAX_GROUPS}.")
        return [StatsGroup.of(group) for group in await self.counted.groups(info.context.resources.database, by, most)]

    @strawberry.field(
        description="Share of the succeeded deliveries that succeeded within this time from their creation, from 0 to"
        " 1; null if none has succeeded. Of very many deliveries, it is estimated in the same way as `groups`."
    )
    async def within_ms(self, info: Info, ms: Milliseconds) -> float | None:
        if ms < 0:
            raise BadUserInput(f"The argument ms is {ms}; it must be 0 or more.")
        return await self.counted.share_within(info.context.resources.database, ms)


def attempts_selected(info: Info) -> bool:
    """Whether the operation asks for attempts or their latencies in the statistics that are being resolved."""
    return selects(info, _OF_ATTEMPTS)
