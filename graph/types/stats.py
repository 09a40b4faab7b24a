"""How deliveries have been doing, over a time and its parts."""

from datetime import datetime
from typing import Annotated, TypeAlias

import strawberry

from app.stats import measure

Since: TypeAlias = Annotated[
    datetime | None, strawberry.argument(description="From when on; 24 hours before `until`, where left out.")
]
Until: TypeAlias = Annotated[datetime | None, strawberry.argument(description="Until when; now, where left out.")]
Buckets: TypeAlias = Annotated[
    int | None,
    strawberry.argument(description="How many equal parts the series has at most: 1 to 200; 24, where left out."),
]


@strawberry.type(
    description="How long attempts took, in milliseconds to within 2.5 %: so many percent of them no longer than this."
    " Null without attempts."
)
class LatencyPercentiles:
    p50: float | None = strawberry.field(description="Half of them.")
    p95: float | None = strawberry.field(description="All but one in twenty.")
    p99: float | None = strawberry.field(description="All but one in a hundred.")


@strawberry.type(description="One of the equal parts of a time.")
class DeliveryStatsBucket:
    since: datetime = strawberry.field(description="When it begins; it ends where the next one begins.")
    succeeded: int = strawberry.field(description="Deliveries made in it that have succeeded.")
    failed: int = strawberry.field(description="Deliveries made in it that have failed.")
    attempts: int = strawberry.field(description="Attempts that ended in it.")
    p95_latency_ms: float | None = strawberry.field(description="How long all but one in twenty of them took at most.")


@strawberry.type(
    description="What became of the deliveries made in a time. Those in none of the three numbers were canceled. Pings"
    " count for nothing."
)
class DeliveryStats:
    since: datetime = strawberry.field(description="From when on; a long time is fitted to whole five minutes.")
    until: datetime = strawberry.field(description="Until when.")
    deliveries: int = strawberry.field(description="How many were made.")
    succeeded: int = strawberry.field(description="How many of them have succeeded.")
    failed: int = strawberry.field(description="How many of them have failed.")
    pending: int = strawberry.field(description="How many of them wait for an attempt.")
    attempts: int = strawberry.field(description="How many attempts ended in this time.")
    success_rate: float | None = strawberry.field(
        description="The share, from 0 to 1, of those finished that succeeded; null where none is finished."
    )
    latency_ms: LatencyPercentiles = strawberry.field(description="How long the attempts took.")
    series: list[DeliveryStatsBucket] = strawberry.field(description="The parts of the time, in order.")

    @classmethod
    def of(cls, stats: measure.DeliveryStats) -> "DeliveryStats":
        latency = stats.latency_ms
        return cls(
            since=stats.since,
            until=stats.until,
            deliveries=stats.deliveries,
            succeeded=stats.succeeded,
            failed=stats.failed,
            pending=stats.pending,
            attempts=stats.attempts,
            success_rate=stats.success_rate,
            latency_ms=LatencyPercentiles(p50=latency.p50, p95=latency.p95, p99=latency.p99),
            series=[
                DeliveryStatsBucket(
                    since=bucket.since,
                    succeeded=bucket.succeeded,
                    failed=bucket.failed,
                    attempts=bucket.attempts,
                    p95_latency_ms=bucket.p95_latency_ms,
                )
                for bucket in stats.series
            ],
        )
