"""Selects all that an answer can show: every field of a type, and of the types below it."""

from collections.abc import Iterator

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_required_argument,
)

from tests.exported_schema import SCHEMA

# Far enough to come from any list to its items' lists, and from those to what they belong to.
LEVELS = 6


def node_types() -> list[GraphQLObjectType]:
    """The types that `node` returns."""
    node = SCHEMA.type_map["Node"]
    assert isinstance(node, GraphQLInterfaceType)
    return list(SCHEMA.get_possible_types(node))


def everything(type_: GraphQLNamedType, levels: int = LEVELS, above: frozenset[str] = frozenset()) -> str:
    """A selection of all fields of a type, with its braces; "" for scalars. A type is not selected below itself."""
    if isinstance(type_, GraphQLInterfaceType):
        parts = (f"... on {one.name} {everything(one, levels, above)}" for one in SCHEMA.get_possible_types(type_))
        return f"{{ __typename {' '.join(parts)} }}"
    if not isinstance(type_, GraphQLObjectType):
        return ""
    fields = " ".join(_fields(type_, levels, above | {type_.name}))
    return f"{{ __typename {fields} }}"


def _fields(type_: GraphQLObjectType, levels: int, above: frozenset[str]) -> Iterator[str]:
    for name, field in type_.fields.items():
        below = get_named_type(field.type)
        is_leaf = not isinstance(below, (GraphQLObjectType, GraphQLInterfaceType))
        if not is_leaf and (below.name in above or levels == 0):
            continue
        selection = "" if is_leaf else everything(below, levels - 1, above)
        # Fields of several types in one selection may differ in nullability, which only aliases allow.
        yield f"{type_.name}_{name}: {name}{_arguments(field)} {selection}"


def _arguments(field: GraphQLField) -> str:
    given = {name: _some(argument) for name, argument in field.args.items() if is_required_argument(argument)}
    if "first" in field.args:
        given["first"] = "5"
    return f"({', '.join(f'{name}: {value}' for name, value in given.items())})" if given else ""


def _some(argument: GraphQLArgument) -> str:
    type_ = get_nullable_type(argument.type)
    return next(iter(type_.values)) if isinstance(type_, GraphQLEnumType) else "0"
