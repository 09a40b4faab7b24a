"""The schema contains everything promised to clients, is described throughout, and equals schema.graphql."""

from pathlib import Path

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
    build_schema,
    is_non_null_type,
    is_specified_scalar_type,
)

from tests.exported_schema import SCHEMA, SDL

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
# Parts of the second contract that are comments, because GraphQL cannot extend an argument list.
IN_COMMENTS = frozenset(
    {
        "EventCategory.OPERATIONAL",
        "EventType implements Node",
        "Query.auditLog(filter:): AuditFilter",
        "Query.webhooks(orderBy:): WebhookOrder",
        "Scope.FEED",
        "Scope.INSTALLATION",
    }
)
# Required in the first contract; the second one makes it optional in prose, which GraphQL cannot extend either.
NO_LONGER_REQUIRED = frozenset({"RetryDeliveriesInput.filter: DeliveryFilter!"})


@pytest.fixture(scope="module")
def promised() -> GraphQLSchema:
    return build_schema("".join((HERE / name).read_text() for name in ("contract.graphql", "contract-2.graphql")))


@pytest.fixture(scope="module")
def offered() -> GraphQLSchema:
    return SCHEMA


def test_the_schema_holds_every_type_of_the_contract_with_equal_members(
    promised: GraphQLSchema, offered: GraphQLSchema
) -> None:
    missing = {*_lines(promised), *IN_COMMENTS} - set(_lines(offered))

    assert sorted(missing - _to_come() - NO_LONGER_REQUIRED) == []


def test_what_has_come_is_not_listed_as_still_to_come(offered: GraphQLSchema) -> None:
    come = _to_come() & set(_lines(offered))

    assert sorted(come) == [], "take these lines out of contract-2-to-come.txt"


def test_what_is_no_longer_required_is_optional_of_the_same_type(offered: GraphQLSchema) -> None:
    lines = set(_lines(offered))

    assert {line.removesuffix("!") for line in NO_LONGER_REQUIRED} <= {line.partition(" = ")[0] for line in lines}


def test_nothing_beyond_the_contract_is_required_of_a_client(promised: GraphQLSchema, offered: GraphQLSchema) -> None:
    known = {place for name, type_ in promised.type_map.items() for place, _ in _places(name, type_)}

    required = [
        place
        for name, type_ in offered.type_map.items()
        for place, value in _places(name, type_)
        if name in promised.type_map and is_non_null_type(value.type) and value.default_value is Undefined
    ]

    assert sorted(set(required) - known) == []


def test_every_type_field_argument_and_value_is_described(offered: GraphQLSchema) -> None:
    undescribed = [name for name, description in _descriptions(offered) if not description]

    assert undescribed == []


def test_the_exported_file_is_the_schema_of_the_code() -> None:
    exported = (ROOT / "schema.graphql").read_text()

    assert exported == SDL, "schema.graphql is stale; write it anew with `make schema`"


def _to_come() -> set[str]:
    """Parts of the second contract that other work will bring. This list only shrinks."""
    return set((HERE / "contract-2-to-come.txt").read_text().splitlines())


def _lines(schema: GraphQLSchema) -> list[str]:
    """Every member of every type as a line of text that is equal if the members are."""
    lines: list[str] = []
    for name, type_ in schema.type_map.items():
        if name.startswith("__") or is_specified_scalar_type(type_):
            continue
        lines.append(f"{name} is a {type(type_).__name__}")
        if isinstance(type_, GraphQLEnumType):
            lines += [f"{name}.{value}" for value in type_.values]
        elif isinstance(type_, (GraphQLObjectType, GraphQLInterfaceType)):
            lines += [f"{name} implements {interface.name}" for interface in type_.interfaces]
            lines += [f"{name}.{field}: {described.type}" for field, described in type_.fields.items()]
        elif isinstance(type_, GraphQLInputObjectType) and type_.is_one_of:
            lines.append(f"{name} is @oneOf")
        lines += [f"{place}{_value(value)}" for place, value in _places(name, type_)]
    return lines


def _places(name: str, type_: GraphQLNamedType) -> list[tuple[str, GraphQLArgument | GraphQLInputField]]:
    """Where clients may pass values: the fields of inputs, and the arguments of fields."""
    if isinstance(type_, GraphQLInputObjectType):
        return [(f"{name}.{field}", place) for field, place in type_.fields.items()]
    if isinstance(type_, (GraphQLObjectType, GraphQLInterfaceType)):
        return [
            (f"{name}.{field}({argument}:)", place)
            for field, described in type_.fields.items()
            for argument, place in described.args.items()
        ]
    return []


def _value(place: GraphQLArgument | GraphQLInputField) -> str:
    default = "" if place.default_value is Undefined else f" = {place.default_value!r}"
    return f": {place.type}{default}"


def _descriptions(schema: GraphQLSchema) -> list[tuple[str, str | None]]:
    found: list[tuple[str, str | None]] = []
    for name, type_ in schema.type_map.items():
        if name.startswith("__"):
            continue
        found.append((name, type_.description))
        found += [(place, value.description) for place, value in _places(name, type_)]
        if isinstance(type_, GraphQLEnumType):
            found += [(f"{name}.{value}", described.description) for value, described in type_.values.items()]
        if isinstance(type_, (GraphQLObjectType, GraphQLInterfaceType)):
            found += [(f"{name}.{field}", described.description) for field, described in type_.fields.items()]
    return found
