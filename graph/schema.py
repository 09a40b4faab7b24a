"""Assembles the schema, runs operations on it, and exports it as text."""

from collections.abc import Callable, Iterable
from typing import Any, cast

import strawberry
from graphql import ExecutionResult as GraphQLResult
from graphql import GraphQLError, execute
from strawberry.exceptions import MissingQueryError
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.schema.schema import DEFAULT_ALLOWED_OPERATION_TYPES, StreamResult
from strawberry.types.execution import ExecutionContext, ExecutionResult, PreExecutionError
from strawberry.types.graphql import OperationType
from strawberry.utils.operation import get_operation_type

from app.settings import Settings
from graph.audience import Results
from graph.context import Context
from graph.documents import Documents, Preparation, Prepared, charged
from graph.errors import explain
from graph.execution import Execution
from graph.http import Asked
from graph.limits import say_limits, too_long
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
        self._persisted = _persisted(settings, self.documents)
        self._max_characters = settings.max_query_characters
        self._sharing = Sharing()

    def resolve(self, asked: Asked) -> Asked:
        """The same request with the text of its document, which was sent along or is known by its ID.

        Raises:
            GraphQLError: the text is too long, it is not known, or it may not run.
        """
        if len(asked.query) > self._max_characters:
            raise too_long(len(asked.query), self._max_characters)
        return self._persisted.resolve(asked)

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:  # noqa: ARG002
        """Set the code of every error. Strawberry calls this for queries, mutations and subscriptions."""
        for error in errors:
            say_limits(error, self.documents.max_depth)
        explain(errors)

    async def execute(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Context | None = None,
        root_value: Any | None = None,
        operation_name: str | None = None,
        allowed_operation_types: Iterable[OperationType] | None = None,
        operation_extensions: dict[str, Any] | None = None,
    ) -> ExecutionResult:
        """Run a query or mutation as Strawberry does, without its extension hooks.

        Raises:
            MissingQueryError: there is no text.
            CannotGetOperationTypeError: the document has no operation of that name.
            InvalidOperationTypeError: the operation is of a type that is not allowed.
        """
        if not query:
            raise MissingQueryError
        try:
            prepared = self.documents.prepare(query)
        except GraphQLError as error:
            return self._refused([error])
        self._require_type(prepared, operation_name, allowed_operation_types or DEFAULT_ALLOWED_OPERATION_TYPES)
        errors, cost = self.documents.check(prepared, operation_name, variable_values)
        if cost is None:
            return self._refused(errors)
        assert context_value is not None
        if (refusal := charged(context_value, cost)) is not None:
            return self._refused([refusal])
        context_value.plain = prepared.plain
        early = context_value.early
        early.allow(prepared.document, operation_name)
        result = await self._run(
            prepared, variable_values, context_value, root_value, operation_name, operation_extensions
        )
        if (failure := await early.failure()) is not None:
            result = GraphQLResult(data=None, errors=[failure])
        if result.errors:
            self._process_errors(result.errors)
        return ExecutionResult(data=result.data, errors=result.errors, extensions=context_value.cost_told(cost))

    async def _run(
        self,
        prepared: Prepared,
        variables: dict[str, Any] | None,
        context: Context,
        root_value: Any | None,
        operation_name: str | None,
        operation_extensions: dict[str, Any] | None,
    ) -> GraphQLResult:
        async def ordinary(*middleware: Callable[..., Any]) -> GraphQLResult:
            result = execute(
                self._schema,
                prepared.document,
                root_value=root_value,
                context_value=context,
                variable_values=variables,
                operation_name=operation_name,
                middleware=middleware or None,
                is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]
                executor_class=Execution,
                operation_extensions=operation_extensions,
            )
            return result if isinstance(result, GraphQLResult) else await result

        single = self.documents.single(prepared, operation_name)
        result = None if single is None else await single.execute(variables, context, ordinary)
        return await ordinary() if result is None else result

    def _require_type(self, prepared: Prepared, operation_name: str | None, allowed: Iterable[OperationType]) -> None:
        try:
            type_ = get_operation_type(prepared.document, operation_name)
        except RuntimeError as error:
            raise CannotGetOperationTypeError(operation_name) from error
        if type_ not in allowed:
            raise InvalidOperationTypeError(type_)

    def _refused(self, errors: list[GraphQLError]) -> ExecutionResult:
        self._process_errors(errors)
        return PreExecutionError(data=None, errors=errors)

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
        """Run an operation of a socket or stream in its own context, because a socket's lives as long as the socket.

        Equal subscriptions are run once (`graph.sharing`).
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

    def _preparation(self) -> Preparation:
        return Preparation(self.documents)


def _persisted(settings: Settings, documents: Documents) -> Persisted:
    if settings.trusted_documents is None:
        return Remembered(settings.persisted_queries_bytes)
    return Trusted(read_manifest(settings.trusted_documents, documents))


def export() -> str:
    """The schema in GraphQL's own language, with all descriptions."""
    return Schema(Settings.model_construct()).as_str() + "\n"
