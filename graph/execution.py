"""Runs operations to their end: if a client disconnects, its request is abandoned but the operation completes."""

from collections.abc import Awaitable
from contextlib import suppress
from typing import Any

from graphql import GraphQLObjectType
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from graph.plain import Completed, NotPlain, PlainFields, plain_field
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

    def execute_field(
        self, parent_type: GraphQLObjectType, source: Any, field_details_list: Any, path: Any, position_context: Any
    ) -> Any:
        """The completed field; at once if it is plain (`graph.plain`)."""
        if (complete := self._plain(parent_type, field_details_list)) is not None:
            with suppress(Exception):  # the ordinary way meets the same error, and reports it
                return complete(source)
        return super().execute_field(parent_type, source, field_details_list, path, position_context)

    def _plain(self, parent_type: GraphQLObjectType, field_details_list: Any) -> Completed | None:
        known: PlainFields | None = self.context_value.plain
        if known is None or len(field_details_list) != 1:
            return None
        node = field_details_list[0].node
        key = (parent_type.name, id(node))  # the document keeps its nodes
        if key not in known:
            known[key] = None
            with suppress(NotPlain):
                known[key] = plain_field(parent_type, node, self.fragment_definitions)
        return known[key]

    async def _ended(self, result: Awaitable[Any]) -> Any:
        try:
            return await result
        finally:
            self._let_go()

    def _let_go(self) -> None:
        # The helpers and the execution refer to each other. Without breaking the cycle, all objects of a request would
        # wait for the garbage collector.
        del self.async_helpers
