"""Runs what has begun to its end: a client that leaves cuts off what it waits for, not what is being done."""

from typing import Any

from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from graph.waiting import to_the_end


class Execution(StrawberryGraphQLCoreExecutionContext):
    """One query or mutation, or one message of a subscription.

    graphql-core 3.3 drops resolvers that it has made but not yet begun when it is cancelled, with a warning for each.
    """

    def execute_operation(self, serially: bool | None = None) -> Any:
        """The result, or an awaitable of it that cannot be cancelled halfway."""
        result = super().execute_operation(serially)
        return to_the_end(result) if self.is_awaitable(result) else result
