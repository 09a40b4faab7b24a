"""Accounts of the events that webhooks selected."""

from datetime import datetime
from typing import Annotated

import strawberry

from app.clock import rfc3339
from app.stats.accounting import Accounting as Counted
from graph.errors import BadUserInput

AccountingSince = Annotated[
    datetime | None, strawberry.argument(description="Start of the time range; from the beginning by default.")
]
AccountingUntil = Annotated[datetime | None, strawberry.argument(description="End of the range; none by default.")]


@strawberry.type(
    description="Events that a webhook selected, counted by outcome. The other"
    " numbers always add up to `matched`. Tests are not counted, nor what retention has deleted."
)
class Accounting:
    matched: int = strawberry.field(description="Number of events that the webhook selected.")
    pending: int = strawberry.field(description="Number of those with a delivery that is pending or being retried.")
    succeeded: int = strawberry.field(description="Number of those with a delivery that succeeded.")
    failed: int = strawberry.field(description="Number of those with a delivery that failed.")
    canceled: int = strawberry.field(description="Number of those with a delivery that was canceled.")
    missed_while_disabled: int = strawberry.field(
        description="Number of those without a delivery, because the webhook was DISABLED. `replayEvents` sends them."
    )

    @classmethod
    def of(cls, counted: Counted) -> "Accounting":
        return cls(matched=counted.matched, **counted._asdict())


def require_range(since: datetime | None, until: datetime | None) -> None:
    """Refuse a time range that ends before it begins.

    Raises:
        BadUserInput: it does.
    """
    if since is not None and until is not None and since >= until:
        raise BadUserInput(
            f"The argument until is {rfc3339(until)}, which is not after since, {rfc3339(since)}; give a later time."
        )
