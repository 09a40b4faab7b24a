"""Asks the public API in the name of the caller, within the process.

Tools know nothing else of the server, so scopes, workspaces, narrowed tokens and costs hold for them as for everybody.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from strawberry.types.graphql import OperationType

from graph.context import Context
from graph.schema import Schema

_EITHER = (OperationType.QUERY, OperationType.MUTATION)


class Refused(Exception):
    """The API refused; the text is for the agent and says what to change."""


class Asking:
    """The API as one caller uses it."""

    def __init__(self, schema: Schema, context: Context) -> None:
        self._schema = schema
        self._context = context

    def now(self) -> datetime:
        """The time by the server's clock."""
        return self._context.resources.clock.now()

    async def data(self, document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The data of an operation.

        Raises:
            Refused: there are errors, or a payload has userErrors.
        """
        self._context.forget()
        result = await self._schema.execute(
            document,
            variable_values=dict(variables),
            context_value=self._context,
            allowed_operation_types=_EITHER,
        )
        if result.errors:
            raise Refused(" ".join(dict.fromkeys(error.message for error in result.errors)))
        data: dict[str, Any] = result.data or {}
        problems = [
            problem["message"]
            for payload in data.values()
            if isinstance(payload, dict)
            for problem in payload.get("userErrors") or ()
        ]
        if problems:
            raise Refused(" ".join(dict.fromkeys(problems)))
        return data
