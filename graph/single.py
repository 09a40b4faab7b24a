"""Runs a mutation of one field with a plain payload, as publishers send it, without graphql-core's executor.

The executor prepares for many fields, for lists of awaitables and for what is deferred; that is two fifths of the CPU
of publishEvent. Here, variables and arguments are still coerced by graphql-core and the resolver is the same, but there
is one call between them and the payload. Documents of any other shape, variables that are wrong, and payloads that do
not fit their types go the ordinary way, which gives the result or the error.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias, cast

from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLInputType,
    GraphQLResolveInfo,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    Undefined,
    VariableNode,
    coerce_input_value,
    get_operation_ast,
    is_input_object_type,
    is_leaf_type,
    is_non_null_type,
    is_object_type,
    located_error,
)
from graphql.pyutils import Path
from strawberry.execution import optimized_is_awaitable

from graph.context import Context
from graph.plain import NotPlain, plain_object
from graph.waiting import to_the_end

# Runs the operation in graphql-core's executor, with a middleware around its resolvers.
Ordinary: TypeAlias = Callable[[Callable[..., Any]], Awaitable[ExecutionResult]]


class SingleMutation:
    """One operation of a valid document.

    Raises:
        NotPlain: it is for the ordinary way.
    """

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, operation_name: str | None) -> None:
        self._schema = schema
        self._operation = _mutation(document, operation_name)
        self._node = _only_field(self._operation)
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        assert schema.mutation_type is not None
        field = schema.mutation_type.fields.get(self._node.name.value)
        if field is None or field.resolve is None or not is_non_null_type(field.type):
            raise NotPlain
        payload = field.type.of_type
        if not is_object_type(payload) or payload.is_type_of is not None or self._node.selection_set is None:
            raise NotPlain
        self._field, self._resolve = field, field.resolve
        self._complete = plain_object(payload, self._node.selection_set, self._fragments)
        self._variable = _only_variable(self._operation, self._node)
        self._input_type = field.args["input"].type
        if not _is_flat(self._input_type):
            raise NotPlain
        self._key = (self._node.alias or self._node.name).value

    async def execute(
        self, values: Mapping[str, Any] | None, context: Context, ordinary: Ordinary
    ) -> ExecutionResult | None:
        """The result; None, and nothing has happened, if the variables are wrong."""
        given = coerce_input_value((values or {}).get(self._variable), self._input_type)
        if given is Undefined:
            return None
        return await to_the_end(self._result(self._info(context, given), given, ordinary))

    async def _result(self, info: GraphQLResolveInfo[Context], given: Any, ordinary: Ordinary) -> ExecutionResult:
        try:
            value = await self._resolve(None, info, input=given)
        except Exception as error:  # noqa: BLE001 - as graphql-core reports the errors of resolvers
            return ExecutionResult(None, [located_error(error, [self._node], [self._key])])
        try:
            return ExecutionResult({self._key: self._complete(value)})
        except Exception:  # noqa: BLE001 - a fault of ours, which the ordinary way reports where it is
            return await ordinary(
                lambda next_, source, about, **given: (
                    value if about.path.prev is None else next_(source, about, **given)
                )
            )

    def _info(self, context: Context, given: Any) -> GraphQLResolveInfo[Context]:
        assert self._schema.mutation_type is not None
        return GraphQLResolveInfo(
            field_name=self._node.name.value,
            field_nodes=[self._node],
            return_type=self._field.type,
            parent_type=self._schema.mutation_type,
            path=Path(None, self._key, self._schema.mutation_type.name),
            schema=self._schema,
            fragments=self._fragments,
            root_value=None,
            operation=self._operation,
            variable_values=cast("Any", {self._variable: given}),  # as Strawberry passes them on
            context=context,
            is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]
            abort_signal=None,
            async_helpers=cast("Any", None),
        )


def _mutation(document: DocumentNode, operation_name: str | None) -> OperationDefinitionNode:
    operation = get_operation_ast(document, operation_name)
    if operation is None or operation.operation is not OperationType.MUTATION or operation.directives:
        raise NotPlain
    return operation


def _only_field(operation: OperationDefinitionNode) -> FieldNode:
    selections = operation.selection_set.selections
    if len(selections) != 1 or not isinstance(selections[0], FieldNode) or selections[0].directives:
        raise NotPlain
    return selections[0]


def _only_variable(operation: OperationDefinitionNode, node: FieldNode) -> str:
    """The name of the only variable, which is the only argument as well."""
    variables, arguments = operation.variable_definitions or (), node.arguments or ()
    if len(variables) != 1 or len(arguments) != 1 or not isinstance(arguments[0].value, VariableNode):
        raise NotPlain
    if variables[0].directives or variables[0].default_value is not None:
        raise NotPlain
    return arguments[0].value.name.value


def _is_flat(type_: GraphQLInputType) -> bool:
    """Whether a type is a required input of leaves, the coercion of which does not recurse with the value."""
    inner = type_.of_type if is_non_null_type(type_) else None
    return is_input_object_type(inner) and all(
        is_leaf_type(field.type.of_type if is_non_null_type(field.type) else field.type)
        for field in inner.fields.values()
    )
