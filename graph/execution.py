"""Runs operations to their end: if a client disconnects, its request is abandoned but the operation completes."""

from collections.abc import Awaitable
from typing import Any

from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from graph.waiting import to_the_end


class Execution(StrawberryGraphQLCoreExecutionContext):
    """One query or mutation, or one message of a subscription.

    If cancelled, graphql-core 3.3 drops resolvers that have not started, with a warning for each.
    """

    def execute_operation(self, serially: bool | None = None) -> Any:
        """The result, or an awaitable of it that is not cancelled halfway."""
        result = super().execute_operation(serially)
        if self.is_awaitable(result):
            return to_the_end(self._ended(result))
        self._let_go()
        return result

    async def _ended(self, result: Awaitable[Any]) -> Any:
        try:
            return await result
        finally:
            self._let_go()

    def _let_go(self) -> None:
        # The helpers and the execution refer to each other. Without breaking the cycle, all objects of a request would
        # wait for the garbage collector.
        del self.async_helpers
