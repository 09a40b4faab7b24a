"""Cost of an operation: its fields, each counted as often as the lists around it may return it.

Each field belongs to a place: the root field, connection or weighted field that it is nested in, e.g.
`webhooks.deliveries`. Computed once per document and operation; the part that depends on variables (`first: $n`) is
computed per request. Fields are merged as in execution, so spreading a fragment twice costs nothing. Introspection
costs nothing.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

from graph.cursors import DEFAULT_SIZE
from graph.errors import QUERY_TOO_COMPLEX
from graph.limits import too_complex
from graph.sizes import Search, Size

# Fields that need separate statements rather than a share of one, with their weights, by type and name.
WEIGHTS = {
    "Query.stats": 100,
    "Webhook.stats": 100,
    "Webhook.accounting": 100,
    "DeliveryStats.groups": 100,
    "DeliveryStats.withinMs": 100,
    "Webhook.health": 5,
    "Problem.affected": 5,
    "DeliveryConnection.totalCount": 20,
    "EventConnection.totalCount": 20,
}
# What a list costs besides its items if a page of it may read the bodies of 5,000 events.
SEARCH_WEIGHT = 100

Parent: TypeAlias = GraphQLObjectType | GraphQLInterfaceType
# Fields of one selection set that execution merges, by parent type and response name.
Merged: TypeAlias = dict[tuple[str, str], tuple[GraphQLField, list[FieldNode]]]


@dataclass(slots=True)
class Cost:
    """Fields of one place that are returned once, and parts: other places, and what a list repeats up to its size."""

    place: str = ""
    fields: int = 0
    parts: "list[tuple[Size | Search | None, Cost]]" = field(default_factory=list)

    def with_variables(self, variables: Mapping[str, Any]) -> int:
        """The cost of a request with these variables."""
        total = self.fields
        for size, part in self.parts:
            total += part.with_variables(variables) * (1 if size is None else size.most(variables))
        return total

    def places(self, variables: Mapping[str, Any], times: int = 1) -> Iterator[tuple[str, int]]:
        """Places with the cost of their own fields; a place may appear several times."""
        yield self.place, self.fields * times
        for size, part in self.parts:
            yield from part.places(variables, times * (1 if size is None else size.most(variables)))

    def resized(self, variables: Mapping[str, Any], place: str, size: int) -> int:
        """The cost if every list at a place returned `size` items."""
        total = self.fields
        for asked, part in self.parts:
            times = 1 if asked is None else size if asked.place == place else asked.most(variables)
            total += times and times * part.resized(variables, place, size)
        return total


def too_costly(cost: Cost, variables: Mapping[str, Any], limit: int) -> GraphQLError:
    """The error for an operation beyond the limit: the numbers, the heaviest place, and what would fit."""
    own: Counter[str] = Counter()
    for place, fields in cost.places(variables):
        own[place] += fields
    [(heaviest, fields)] = own.most_common(1)
    return _refusal(cost.with_variables(variables), limit, heaviest, fields, _fitting(cost, variables, limit, heaviest))


def _fitting(cost: Cost, variables: Mapping[str, Any], limit: int, heaviest: str) -> str:
    """What would fit: a smaller list at the heaviest place, or else at one around it."""
    place = heaviest
    while place:
        without = cost.resized(variables, place, 0)
        each = cost.resized(variables, place, 1) - without
        if each and (size := (limit - without) // each) >= 1:
            return f"With at most {size} items of {place} it would fit."
        place = place.rpartition(".")[0]
    return "Ask for fewer fields, or in several operations."


def _refusal(cost: int | str, limit: int, heaviest: str, fields: int, fitting: str) -> GraphQLError:
    beyond = too_complex("a cost of", cost, limit).message
    told = {"cost": cost if isinstance(cost, int) else limit + 1, "maximum": limit, "heaviest": heaviest}
    message = f"{beyond} The heaviest place is {heaviest}, with a cost of {fields}. {fitting}"
    return GraphQLError(message, extensions={"code": QUERY_TOO_COMPLEX, **told})


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
        self._seen: Counter[str] = Counter()
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
        return self._cost(root, [self._operation.selection_set], None, "")

    def _cost(self, parent: Parent, sets: Iterable[SelectionSetNode], around: Size | None, place: str) -> Cost:
        """The cost of selection sets on a type; `around` is the size if that type is a connection."""
        cost = Cost(place)
        for (type_name, _), (field_, nodes) in self._merged(parent, sets).items():
            inner, size = self._field_cost(type_name, field_, nodes, place)
            if size is None and around is not None and is_list_type(get_nullable_type(field_.type)):
                size = around
            if size is not None or inner.place != place:
                cost.parts.append((size, inner))
            else:
                cost.fields += inner.fields
                cost.parts += inner.parts
        return cost

    def _field_cost(
        self, type_name: str, field_: GraphQLField, nodes: list[FieldNode], around: str
    ) -> tuple[Cost, Size | None]:
        """The cost of a field of a type with its selections, and its size if it is a list of requested objects."""
        name = nodes[0].name.value
        weight = WEIGHTS.get(f"{type_name}.{name}", 1)
        size = self._size(field_, nodes[0], place := f"{around}.{name}" if around else name)
        if around and size is None and weight == 1:
            place = around
        self._spend(place)
        type_ = get_named_type(field_.type)
        inner = Cost(place)
        repeats = size is not None and is_list_type(get_nullable_type(field_.type))
        if isinstance(type_, (GraphQLObjectType, GraphQLInterfaceType)):
            sets = [node.selection_set for node in nodes if node.selection_set]
            inner = self._cost(type_, sets, None if repeats else size, place)
        if repeats and weight > 1:  # the field itself is not repeated
            inner.fields += 1
            return Cost(place, weight, [(size, inner)]), None
        inner.fields += weight
        if (search := self._search(nodes[0])) is not None:
            inner.parts.append((search, Cost(place, SEARCH_WEIGHT)))
        return inner, size if repeats else None

    def _search(self, node: FieldNode) -> Search | None:
        given = next((argument.value for argument in node.arguments or () if argument.name.value == "filter"), None)
        return None if given is None else Search(given, self._defaults)

    def _size(self, field_: GraphQLField, node: FieldNode, place: str) -> Size | None:
        if {"first", "last"} <= field_.args.keys():
            sizes, default = {"first", "last"}, DEFAULT_SIZE
        elif "ids" in field_.args:
            sizes, default = {"ids"}, 1
        elif "first" in field_.args:  # a page of a feed, by numbers instead of cursors
            sizes, default = {"first"}, int(field_.args["first"].default_value)
        else:
            return None
        given = (argument.value for argument in node.arguments or () if argument.name.value in sizes)
        return Size(place, tuple(given), self._defaults, default)

    def _spend(self, place: str) -> None:
        self._seen[place] += 1
        self._left -= 1
        if self._left < 0:
            [(heaviest, fields)] = self._seen.most_common(1)
            fitting = "Ask for fewer fields, or in several operations."
            raise _refusal(f"more than {self._limit}", self._limit, heaviest, fields, fitting)

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
        if field_ is not None:  # __typename, __schema and __type belong to no type
            name = (node.alias or node.name).value
            merged.setdefault((parent.name, name), (field_, []))[1].append(node)
