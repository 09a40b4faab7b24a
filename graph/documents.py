"""Parses and validates each document once, and enforces the limits of operations.

Replaces Strawberry's ParserCache and ValidationCache: one look-up instead of two, and syntax errors reach clients over
sockets and SSE too.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import InitVar, dataclass, field
from typing import Any

from graphql import (
    ASTValidationRule,
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    OperationType,
    get_operation_ast,
    parse,
    specified_rules,
)
from strawberry.extensions import SchemaExtension
from strawberry.schema.schema import validate_document

from app.errors import RateLimited
from app.settings import Settings
from graph.context import Context
from graph.cost import Cost, too_costly, weigh
from graph.limits import repetition_errors, shape_errors
from graph.plain import NotPlain, PlainFields
from graph.single import SingleMutation

# About a thousand operations of usual size.
MAX_BYTES_KEPT = 64_000_000
# Measured memory of a parsed document, of each token, and of each validation error.
_DOCUMENT_BYTES, _TOKEN_BYTES, _ERROR_BYTES = 5_000, 650, 2_000


def bytes_of(text: str) -> int:
    """Upper bound of a text's memory: one character beyond ASCII can make all of them wide."""
    return len(text) if text.isascii() else 4 * len(text)


@dataclass(slots=True)
class Prepared:
    """A parsed document, its validation errors, and the costs of its operations that were run."""

    text: InitVar[str]
    document: DocumentNode
    errors: Sequence[GraphQLError]
    costs: dict[str | None, Cost] = field(default_factory=dict)
    # Of the operations that were run, those that are a mutation of one field with a plain payload.
    single: dict[str | None, SingleMutation | None] = field(default_factory=dict)
    # What completes its plain fields: see `graph.execution`.
    plain: PlainFields = field(default_factory=dict)

    # Whether a request must name an operation. Strawberry would run the first.
    is_ambiguous: bool = field(init=False)
    # Approximate memory including the text, which comments and errors may repeat.
    bytes: int = field(init=False)

    def __post_init__(self, text: str) -> None:
        operations = [node for node in self.document.definitions if isinstance(node, OperationDefinitionNode)]
        self.is_ambiguous = len(operations) > 1
        errors = sum(_ERROR_BYTES + bytes_of(error.message) for error in self.errors)
        self.bytes = _DOCUMENT_BYTES + _TOKEN_BYTES * self.document.token_count + 2 * bytes_of(text) + errors


class Documents:
    """Cache of recently used documents."""

    def __init__(self, schema: GraphQLSchema, settings: Settings) -> None:
        self._schema = schema
        self._settings = settings
        # Built once, because a new rule class per request would defeat the cache.
        self._rules: tuple[type[ASTValidationRule], ...] = tuple(specified_rules)
        if not settings.introspection:
            self._rules += (NoSchemaIntrospectionCustomRule,)
        self._kept: OrderedDict[str, Prepared] = OrderedDict()
        self._bytes = 0
        self.misses = 0
        self.max_tokens = settings.max_query_tokens
        self.max_depth = settings.max_query_depth

    def prepare(self, text: str) -> Prepared:
        """The parsed and validated text.

        Raises:
            GraphQLError: it cannot be parsed, or has too many tokens.
        """
        prepared = self._kept.get(text)
        if prepared is not None:
            self._kept.move_to_end(text)
            return prepared
        self.misses += 1
        document = parse(text, max_tokens=self.max_tokens)
        prepared = Prepared(text, document, self._errors(document))
        self._keep(text, prepared)
        return prepared

    def check(
        self, prepared: Prepared, operation_name: str | None, variables: dict[str, Any] | None
    ) -> tuple[list[GraphQLError], int | None]:
        """The errors that prevent an operation, or else its cost. One of several operations must be named."""
        if prepared.errors:
            return list(prepared.errors), None
        if operation_name is None and prepared.is_ambiguous:
            message = "The document has several operations; say which one to run in operationName."
            return [GraphQLError(message)], None
        try:
            return [], self.cost(prepared, operation_name, variables)
        except GraphQLError as error:
            return [error], None

    def cost(self, prepared: Prepared, operation_name: str | None, variables: dict[str, Any] | None) -> int:
        """The cost of one operation of a valid document with its variables.

        Raises:
            GraphQLError: it is beyond the limit.
        """
        limit = self._settings.max_query_cost
        known = prepared.costs.get(operation_name)
        if known is None:
            operation = get_operation_ast(prepared.document, operation_name)
            assert isinstance(operation, OperationDefinitionNode)
            known = prepared.costs[operation_name] = weigh(self._schema, prepared.document, operation, limit)
        cost = known.with_variables(variables or {})
        if cost > limit:
            raise too_costly(known, variables or {}, limit)
        return cost

    def single(self, prepared: Prepared, operation_name: str | None) -> SingleMutation | None:
        """One operation of a valid document, if it is a mutation of one field with a plain payload."""
        if operation_name not in prepared.single:
            prepared.single[operation_name] = None
            with suppress(NotPlain):
                prepared.single[operation_name] = SingleMutation(self._schema, prepared.document, operation_name)
        return prepared.single[operation_name]

    def is_subscription(self, text: str, operation_name: str | None) -> bool:
        """Whether the operation of this name, or the only one, is a subscription."""
        try:
            operation = get_operation_ast(self.prepare(text).document, operation_name)
        except GraphQLError:
            return False
        return operation is not None and operation.operation is OperationType.SUBSCRIPTION

    def _errors(self, document: DocumentNode) -> Sequence[GraphQLError]:
        settings = self._settings
        errors = shape_errors(document, max_depth=settings.max_query_depth, max_aliases=settings.max_query_aliases)
        return errors or repetition_errors(document) or validate_document(self._schema, document, self._rules)

    def _keep(self, text: str, prepared: Prepared) -> None:
        self._kept[text] = prepared
        self._bytes += prepared.bytes
        while self._bytes > MAX_BYTES_KEPT:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= oldest.bytes


class Preparation(SchemaExtension):
    """Replaces Strawberry's parsing and validation for streams, and reports the cost in `extensions`."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._prepared: Prepared | None = None
        self._cost: int | None = None

    def on_parse(self) -> Iterator[None]:
        """Give Strawberry the document. It parses invalid text again, because raising here would break sockets."""
        context = self.execution_context
        try:
            self._prepared = self._documents.prepare(context.query or "")
            context.graphql_document = self._prepared.document
        except GraphQLError:
            context.parse_options["max_tokens"] = self._documents.max_tokens
        yield

    def on_validate(self) -> Iterator[None]:
        """Give Strawberry the errors of the document or of its cost."""
        context = self.execution_context
        assert self._prepared is not None
        errors, cost = self._documents.check(self._prepared, context._provided_operation_name, context.variables)
        if cost is not None and (refusal := charged(context.context, cost)):
            errors, cost = [refusal], None
        context.pre_execution_errors, self._cost = errors, cost
        yield

    def get_results(self) -> dict[str, Any]:
        """The `extensions` of the response."""
        return {} if self._cost is None else self.execution_context.context.cost_told(self._cost)


def charged(context: Context, cost: int) -> GraphQLError | None:
    """Take the cost of an operation from the budget of the caller's key; the error if too little is left."""
    try:
        context.charge(cost)
    except RateLimited as error:
        return GraphQLError(str(error), original_error=error)
    return None
