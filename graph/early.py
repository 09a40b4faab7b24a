"""A response that is prepared during the commit of its transaction, and sent after it.

This gives the server work while all publishers wait for the same commit (ADR 18 in docs/adr).
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from graphql import DocumentNode, FieldNode, GraphQLError, OperationType, get_operation_ast, located_error

from app.group_commit import EarlyResult

Value = TypeVar("Value")


class EarlyAnswer:
    """The early result that the response of one operation is made of, if any.

    Reads of the operation wait for its commit (`graph.loaders`), and so does the response (`graph.schema`).
    """

    __slots__ = ("_committed", "_field")

    def __init__(self) -> None:
        self._field: FieldNode | None = None
        self._committed: Callable[[], Awaitable[object]] | None = None

    def allow(self, document: DocumentNode, operation_name: str | None) -> None:
        """Let the operation continue before its commit, if it is a mutation of one field. In one of several, each field
        begins when the one before it is committed. The caller must call `failure` before it sends the response.
        """
        operation = get_operation_ast(document, operation_name)
        if operation is not None and operation.operation is OperationType.MUTATION:
            selections = operation.selection_set.selections
            if len(selections) == 1 and isinstance(selections[0], FieldNode):
                self._field = selections[0]

    async def of(self, result: EarlyResult[Value]) -> Value:
        """The value to continue with: at once if that is allowed, otherwise after the commit."""
        if self._field is None:
            return await result.committed()
        self._committed = result.committed
        return result.value

    async def committed(self) -> None:
        """Wait until the operation's writes can be read; raise the error of its commit if it failed."""
        if self._committed is not None:
            await self._committed()

    async def failure(self) -> GraphQLError | None:
        """Wait for the commit. If it failed, the answer is void: return the field's error, to be sent instead."""
        try:
            await self.committed()
        except Exception as error:  # noqa: BLE001 - reported like errors of resolvers
            assert self._field is not None
            key = self._field.alias or self._field.name
            return located_error(error, [self._field], [key.value])
        return None
