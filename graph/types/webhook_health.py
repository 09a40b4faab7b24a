"""The present health of a webhook; `graph.types.records` has the fields that lead from it to an attempt."""

from datetime import datetime
from typing import Self

import strawberry

from app.webhooks.health.fetch import MAX_BACKLOG, Health
from graph.enums import HealthState


@strawberry.type
class WebhookHealthFields:
    state: HealthState = strawberry.field(description="State of the webhook.")
    reason: str = strawberry.field(description="What is wrong and what would mend it, in sentences for people.")
    failures_in_a_row: int = strawberry.field(
        description="Number of attempts that have failed since one last succeeded. Pings are not counted."
    )
    failing_since: datetime | None = strawberry.field(
        description="Time at which the first of those attempts failed; null if there are none."
    )
    disables_at: datetime | None = strawberry.field(
        description="Time at which the webhook is disabled unless an attempt succeeds before; null if it is not failing"
        " or not active."
    )
    next_probe_at: datetime | None = strawberry.field(
        description="Time of the next attempt while the circuit breaker is open; null if it is closed or nothing waits."
    )
    backlog: int = strawberry.field(
        description="Number of open deliveries, which wait or are being sent; exact up to"
        f" {MAX_BACKLOG:,}, which stands for that many or more."
    )
    oldest_waiting_at: datetime | None = strawberry.field(
        description="Time at which the oldest open delivery was created; null if there is none."
    )
    last_success_at: datetime | None = strawberry.field(
        description="Time at which an attempt last succeeded; null if none is known."
    )
    last_failure_at: datetime | None = strawberry.field(
        description="Time at which an attempt last failed; null if none is known. Pings are not counted."
    )
    last_failure_id: strawberry.Private[str | None]

    @classmethod
    def of(cls, health: Health) -> Self:
        return cls(
            state=health.state,
            reason=health.reason,
            failures_in_a_row=health.failures_in_a_row,
            failing_since=health.failing_since,
            disables_at=health.disables_at,
            next_probe_at=health.next_probe_at,
            backlog=health.backlog,
            oldest_waiting_at=health.oldest_waiting_at,
            last_success_at=health.last_success_at,
            last_failure_at=health.last_failure_at,
            last_failure_id=health.last_failure_id,
        )
