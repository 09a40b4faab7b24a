"""Runs operations to their end: if a client disconnects, its request is abandoned but the operation completes."""

from collections.abc import Awaitable
from contextlib import suppress
from typing import Any

from graphql import GraphQLObjectType
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from graph.plain import Completed, NotPlain, PlainSelections, plain_object
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

    def collect_and_execute_subfields(
        self, return_type: GraphQLObjectType, field_details_list: Any, path: Any, result: Any, position_context: Any
    ) -> Any:
        """The completed selections of an object; at once if they are plain (`graph.plain`)."""
        if (complete := self._plain(return_type, field_details_list)) is not None:
            with suppress(Exception):  # the ordinary way meets the same error, and reports it
                return complete(result)
        return super().collect_and_execute_subfields(return_type, field_details_list, path, result, position_context)

    def _plain(self, type_: GraphQLObjectType, field_details_list: Any) -> Completed | None:
        known: PlainSelections | None = self.context_value.plain
        if known is None or len(field_details_list) != 1:
            return None
        node = field_details_list[0].node
        key = (type_.name, id(node))  # the document keeps its nodes
        if key not in known:
            known[key] = None
            with suppress(NotPlain):
                known[key] = plain_object(type_, node.selection_set, self.fragment_definitions)
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
