"""Puts the schema together, runs operations on it, and exports it as text."""

from collections.abc import Iterable
from typing import Any, cast

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.schema import StreamResult
from strawberry.types.execution import ExecutionContext
from strawberry.types.graphql import OperationType

from app.settings import Settings
from graph.audience import Results
from graph.context import Context
from graph.documents import Documents, Preparation
from graph.errors import explain
from graph.execution import Execution
from graph.limits import say_limits
from graph.manifest import read_manifest
from graph.mutations.root import Mutation
from graph.persisted import Persisted, Remembered, Trusted
from graph.queries import Query
from graph.scalars import SCALARS
from graph.sharing import Sharing, key_of
from graph.subscriptions import Subscription


class Schema(strawberry.Schema):
    """The API's schema under the limits of some settings.

    Raises:
        SettingsError: the manifest of trusted documents cannot be used.
    """

    def __init__(self, settings: Settings) -> None:
        config = StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=not settings.introspection)
        super().__init__(
            Query,
            Mutation,
            Subscription,
            extensions=[self._preparation],
            execution_context_class=Execution,
            config=config,
        )
        self.documents = Documents(self._schema, settings)
        self.persisted = self._persisted(settings)
        self._sharing = Sharing()

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:  # noqa: ARG002
        """Give every error its code. Strawberry calls this for queries, mutations and subscriptions alike."""
        for error in errors:
            say_limits(error, self.documents.max_depth)
        explain(errors)

    async def stream(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Context | None = None,
        root_value: Any | None = None,
        operation_name: str | None = None,
        operation_extensions: dict[str, Any] | None = None,
        allowed_operation_types: Iterable[OperationType] | None = None,
    ) -> StreamResult:
        """Run an operation of a socket or stream in a context of its own: a socket's lives as long as the socket.

        Subscriptions of the same are run once (`graph.sharing`).
        """
        begin = super().stream

        async def open_(context: Context | None) -> Results:
            results = await begin(
                query,
                variable_values=variable_values,
                context_value=context,
                root_value=root_value,
                operation_name=operation_name,
                operation_extensions=operation_extensions,
                allowed_operation_types=allowed_operation_types,
            )
            return cast("Results", results)  # nothing is deferred

        context = context_value and context_value.for_operation()
        if context is None or query is None or not self.documents.is_subscription(query, operation_name):
            return await open_(context)
        document = self.documents.prepare(query).document
        return self._sharing.follow(
            key_of(context.caller, document, query, operation_name, variable_values), context, open_
        )

    def _persisted(self, settings: Settings) -> Persisted:
        if settings.trusted_documents is None:
            return Remembered(settings.persisted_queries_bytes)
        return Trusted(read_manifest(settings.trusted_documents, self.documents))

    def _preparation(self) -> Preparation:
        return Preparation(self.documents)


def export() -> str:
    """The schema in GraphQL's own language, with all descriptions."""
    return Schema(Settings.model_construct()).as_str() + "\n"
