"""Problems: failures of one webhook with one cause."""

from datetime import datetime

import strawberry

from app.clock import from_micros
from app.ids import DELIVERY
from app.problems.affected import MAX_AFFECTED
from graph.arguments import After, Before, First, Last, OfDeliveries, given
from graph.context import Info
from graph.cursors import window
from graph.enums import AttemptOutcome, ProblemStatus, Scope
from graph.pagination import Page
from graph.rows import StoredProblem, if_found
from graph.types.connection import Connection
from graph.types.node import Node
from graph.types.records import Attempt, DeliveryConnection, Webhook, deliveries_of
from graph.types.searched import BoundedCount


@strawberry.type(
    description="Failures of one webhook with one cause: outcome, HTTP status and kind of error. The first failure"
    " opens it, and any success of the webhook resolves it. Failed pings are not counted."
)
class Problem(Node):
    cause: str = strawberry.field(
        description="What went wrong, as a sentence: the response status, or the error of the attempt that opened the"
        " problem. Addresses, numbers and other details may differ in later failures."
    )
    outcome: AttemptOutcome = strawberry.field(description="Outcome of the failed attempts.")
    response_status: int | None = strawberry.field(
        description="HTTP status of their responses; null if there were none."
    )
    status: ProblemStatus = strawberry.field(description="Status of the problem.")
    failures: int = strawberry.field(
        description="Number of attempts that failed with the cause since the problem was last opened."
    )
    opened_at: datetime = strawberry.field(description="Time of the failure that last opened the problem.")
    last_seen_at: datetime = strawberry.field(description="Time of the last failure with the cause.")
    resolved_at: datetime | None = strawberry.field(
        description="Time of the success that resolved the problem; null if it is not resolved."
    )
    row: strawberry.Private[StoredProblem]

    @classmethod
    def from_row(cls, row: StoredProblem) -> "Problem":
        return cls(
            id=strawberry.ID(row.id),
            cause=row.cause,
            outcome=AttemptOutcome(row.outcome),
            response_status=row.response_status,
            status=ProblemStatus(row.status),
            failures=row.failures,
            opened_at=from_micros(row.opened_at),
            last_seen_at=from_micros(row.last_seen_at),
            resolved_at=if_found(from_micros, row.resolved_at),
            row=row,
        )

    @strawberry.field(description="The webhook whose attempts failed.")
    async def webhook(self, info: Info) -> Webhook:
        model = await info.context.loaders.webhooks.load(self.row.webhook_id)
        assert model is not None  # rows of webhooks stay
        return Webhook.from_model(model)

    @strawberry.field(
        description="Number of deliveries that the problem affects: their last attempt failed with its cause. A"
        f" delivery that succeeds later is no longer affected. Counted up to {MAX_AFFECTED:,}."
    )
    async def affected(self, info: Info) -> BoundedCount:
        count = await info.context.loaders.affected.load(self.row.key)
        return BoundedCount(count=min(count, MAX_AFFECTED), exact=count <= MAX_AFFECTED)

    @strawberry.field(
        description="The last attempt that failed with the cause; null if it is no longer kept. Needs READ."
    )
    async def example(self, info: Info) -> Attempt | None:
        info.context.caller.require(Scope.READ)
        return if_found(Attempt.from_row, await info.context.loaders.attempts.load(self.row.example_id))

    @strawberry.field(
        description="Deliveries that the problem affects, newest first: those whose last attempt failed with its cause."
        " Needs READ."
    )
    async def deliveries(
        self,
        info: Info,
        filter: OfDeliveries = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> DeliveryConnection:
        info.context.caller.require(Scope.READ)
        asked = window(DELIVERY, given(first), given(after), given(last), given(before))
        return await deliveries_of(info, "problem_key", self.row.key, given(filter), asked)


@strawberry.type(description="A page of problems, newest first.")
class ProblemConnection(Connection[Problem]):
    @classmethod
    def from_page(cls, page: Page[StoredProblem]) -> "ProblemConnection":
        return cls(nodes=[Problem.from_row(row) for row in page.rows], page=page)
