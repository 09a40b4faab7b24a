"""Cost of an operation: its fields, each counted as often as the connections around it may return it.

Computed once per document and operation; the part that depends on variables (`first: $n`) is computed per request.
Fields are merged as in execution, so spreading a fragment twice costs nothing. Introspection costs nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

from graph.limits import too_complex
from graph.pagination import DEFAULT_SIZE, MAX_SIZE

# Fields that need statements of their own rather than a share of one, with their weights.
WEIGHTS = {"stats": 100}

Parent: TypeAlias = GraphQLObjectType | GraphQLInterfaceType
# Fields of one selection set that execution merges, by parent type and response name.
Merged: TypeAlias = dict[tuple[str, str], tuple[GraphQLField, list[FieldNode]]]


@dataclass(slots=True)
class Cost:
    """Fields that are returned once, and parts that a connection repeats up to its page size."""

    fields: int = 0
    repeated: "list[tuple[PageSize, Cost]]" = field(default_factory=list)

    def with_variables(self, variables: Mapping[str, Any]) -> int:
        """The cost of a request with these variables."""
        return self.fields + sum(size.most(variables) * part.with_variables(variables) for size, part in self.repeated)


@dataclass(frozen=True, slots=True)
class PageSize:
    """Number of items a connection may return: the values of `first` and `last`, and the defaults of variables."""

    given: tuple[ValueNode, ...]
    defaults: Mapping[str, ValueNode | None]

    def most(self, variables: Mapping[str, Any]) -> int:
        """Maximum page size of a request with these variables; an invalid size is refused later."""
        sizes = [size for node in self.given if (size := self._value(node, variables)) is not None]
        return max(sizes, default=DEFAULT_SIZE)

    def _value(self, node: ValueNode | None, variables: Mapping[str, Any]) -> int | None:
        if isinstance(node, VariableNode):
            name = node.name.value
            if name not in variables:
                return self._value(self.defaults.get(name), {})
            value = variables[name]
        else:
            value = int(node.value) if isinstance(node, IntValueNode) else None
        return max(0, min(int(value), MAX_SIZE)) if isinstance(value, (int, float)) else None


def weigh(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, limit: int) -> Cost:
    """The cost of a valid operation.

    Raises:
        GraphQLError: it asks for more than `limit` fields even if every connection returned one row.
    """
    return _Weighing(schema, document, operation, limit).weigh()


class _Weighing:
    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, limit: int
    ) -> None:
        self._schema = schema
        self._operation = operation
        self._limit = limit
        self._left = limit
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._defaults = {
            variable.variable.name.value: variable.default_value for variable in operation.variable_definitions or ()
        }

    def weigh(self) -> Cost:
        root = self._schema.get_root_type(self._operation.operation)
        assert root is not None
        return self._cost(root, [self._operation.selection_set], None)

    def _cost(self, parent: Parent, sets: Iterable[SelectionSetNode], around: PageSize | None) -> Cost:
        """The cost of selection sets on a type; `around` is the page size if that type is a connection."""
        cost = Cost()
        for field_, nodes in self._merged(parent, sets).values():
            self._left -= 1
            if self._left < 0:
                raise too_complex("a cost of", f"more than {self._limit}", self._limit)
            inner = self._field_cost(field_, nodes)
            inner.fields += WEIGHTS.get(nodes[0].name.value, 1)
            if around is not None and is_list_type(get_nullable_type(field_.type)):
                cost.repeated.append((around, inner))
            else:
                cost.fields += inner.fields
                cost.repeated += inner.repeated
        return cost

    def _field_cost(self, field_: GraphQLField, nodes: list[FieldNode]) -> Cost:
        """The cost of what is selected in a field."""
        type_ = get_named_type(field_.type)
        if not isinstance(type_, (GraphQLObjectType, GraphQLInterfaceType)):
            return Cost()
        size = None
        if "first" in field_.args and "last" in field_.args:
            given = (argument for argument in nodes[0].arguments or () if argument.name.value in {"first", "last"})
            size = PageSize(tuple(argument.value for argument in given), self._defaults)
        return self._cost(type_, [node.selection_set for node in nodes if node.selection_set], size)

    def _merged(self, parent: Parent, sets: Iterable[SelectionSetNode]) -> Merged:
        merged: Merged = {}
        spread: set[str] = set()
        waiting = [(parent, set_) for set_ in sets]
        while waiting:
            type_, set_ = waiting.pop()
            for selection in set_.selections:
                if isinstance(selection, FieldNode):
                    self._add(merged, type_, selection)
                elif (fragment := self._fragment(selection, spread)) is not None:
                    condition = fragment.type_condition
                    narrowed = self._schema.get_type(condition.name.value) if condition else type_
                    assert isinstance(narrowed, (GraphQLObjectType, GraphQLInterfaceType))
                    waiting.append((narrowed, fragment.selection_set))
        return merged

    def _fragment(
        self, selection: SelectionNode, spread: set[str]
    ) -> InlineFragmentNode | FragmentDefinitionNode | None:
        """The selected fragment, unless it was already spread here."""
        if isinstance(selection, InlineFragmentNode):
            return selection
        assert isinstance(selection, FragmentSpreadNode)
        name = selection.name.value
        if name in spread:
            return None
        spread.add(name)
        return self._fragments[name]

    def _add(self, merged: Merged, parent: Parent, node: FieldNode) -> None:
        field_ = parent.fields.get(node.name.value)
        if field_ is not None:  # __typename, __schema and __type are on no type
            name = (node.alias or node.name).value
            merged.setdefault((parent.name, name), (field_, []))[1].append(node)
