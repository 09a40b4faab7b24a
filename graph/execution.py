"""Runs what has begun to its end: a client that leaves cuts off what it waits for, not what is being done."""

from collections.abc import Awaitable
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
        # These helpers of resolvers hold the execution that holds them. Unbroken, the circle keeps all that a request
        # has made until garbage is collected, which then has to look at each piece of it.
        del self.async_helpers
