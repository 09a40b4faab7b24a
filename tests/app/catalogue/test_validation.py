"""Payloads against schemas, and schemas against the rules for schemas."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalogue import BUILT_IN
from app.catalogue.explanation import PayloadError
from app.catalogue.json_schema import DIALECT
from app.catalogue.validation import MAX_EXPLAINED_VALUES, MAX_SCHEMA_BYTES, PayloadValidator, check_schema

ESCALATED = BUILT_IN["conversation.escalated"]
VALIDATOR = PayloadValidator(ESCALATED.json_schema)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def _ways(data: Any, way: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield way
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _ways(value, (*way, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _ways(value, (*way, index))


def _replaced(data: Any, way: tuple[str | int, ...], value: object) -> Any:
    if not way:
        return value
    first, *rest = way
    if isinstance(data, list):
        return [_replaced(item, tuple(rest), value) if index == first else item for index, item in enumerate(data)]
    return {**data, first: _replaced(data[first], tuple(rest), value)}


@given(st.sampled_from(list(_ways(ESCALATED.example))), json_values)
def test_an_error_is_reported_where_the_payload_was_changed(way: tuple[str | int, ...], value: object) -> None:
    path = tuple(str(step) for step in way)

    errors = VALIDATOR.errors(_replaced(ESCALATED.example, way, value))

    assert [error for error in errors if error.path[: len(path)] != path] == []


@given(json_values)
def test_whatever_is_sent_gets_at_most_ten_short_sentences(data: object) -> None:
    errors = VALIDATOR.errors(data)

    assert bool(errors) is not jsonschema_rs.Draft202012Validator(dict(ESCALATED.json_schema)).is_valid(data)
    assert len(errors) <= 10
    assert all(error.message.endswith(".") and len(error.message) < 400 for error in errors)


def test_only_the_first_ten_errors_are_reported_in_the_order_of_their_paths() -> None:
    validator = PayloadValidator(BUILT_IN["ticket.created"].json_schema)

    errors = validator.errors({"ticket": {"id": 5, "tags": [1] * 40, "category": 5}})

    assert [error.path for error in errors] == [
        ("ticket", "category"),
        ("ticket", "id"),
        *(("ticket", "tags", str(index)) for index in range(8)),
    ]


def test_of_a_payload_with_more_values_than_can_be_explained_it_is_only_said_that_it_does_not_fit() -> None:
    validator = PayloadValidator(BUILT_IN["ticket.created"].json_schema)

    (error,) = validator.errors({"ticket": {"id": "tkt_1", "tags": [1] * MAX_EXPLAINED_VALUES}})

    assert error.path == ()
    assert error.message.startswith("The data must fit the schema of its event type but does not.")


def test_a_payload_with_many_values_that_fit_is_valid() -> None:
    validator = PayloadValidator(BUILT_IN["ticket.created"].json_schema)

    assert validator.errors({"ticket": {"id": "tkt_1", "tags": ["a"] * MAX_EXPLAINED_VALUES * 2}}) == []


def test_text_that_is_not_unicode_is_an_error_and_not_a_crash() -> None:
    (error,) = PayloadValidator({"type": "object"}).errors("\ud800")

    assert error.path == ()
    assert error.message.startswith("The data must be JSON but cannot be read as such: ")


def test_a_payload_nested_hundreds_of_levels_deep_is_an_error_and_not_a_crash() -> None:
    data: list[Any] = []
    for _ in range(1_000):
        data = [data]

    (error,) = PayloadValidator({"type": "object"}).errors(data)

    assert error.message == "The data must be JSON but cannot be read as such: Recursion limit reached."


@pytest.mark.parametrize(
    ("format_name", "value"),
    [
        ("date-time", "2026-02-30T10:00:00Z"),
        ("date-time", "2026-11-23T10:00:00"),
        ("email", "ada"),
        ("email", "Ada <ada@example.com>"),
        ("uri", "not a uri"),
    ],
)
def test_formats_are_asserted(format_name: str, value: str) -> None:
    validator = PayloadValidator({"properties": {"field": {"format": format_name}}})

    (error,) = validator.errors({"field": value})

    assert error.path == ("field",)
    assert error.message.endswith(f'but is "{value}".')


def test_an_international_email_address_is_an_email_address() -> None:
    validator = PayloadValidator(BUILT_IN["ticket.created"].json_schema)

    assert validator.errors({"ticket": {"id": "tkt_1", "requester": {"email": "jörg@exämple.com"}}}) == []


def test_a_pattern_that_backtracking_engines_choke_on_is_matched_in_linear_time() -> None:
    validator = PayloadValidator({"pattern": "^(a+)+$"})

    (error,) = validator.errors("a" * 100_000 + "b")

    assert error.message.startswith('The data must match the regular expression "^(a+)+$" but is "aaaa')


@pytest.mark.parametrize("event_type", BUILT_IN.values(), ids=BUILT_IN.keys())
def test_a_validator_does_not_change_the_payload(event_type: Any) -> None:
    before = repr(event_type.example)

    PayloadValidator(event_type.json_schema).errors(event_type.example)

    assert repr(event_type.example) == before


def test_a_schema_that_does_not_compile_raises_value_error() -> None:
    with pytest.raises(ValueError, match="strng"):
        PayloadValidator({"type": "strng"})


def test_no_schema_makes_the_server_connect_anywhere() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        schema = {"$ref": f"http://127.0.0.1:{listener.getsockname()[1]}/schema.json"}

        errors = check_schema(schema)
        with pytest.raises(ValueError, match="Retrieval is disabled"):
            PayloadValidator(schema)

        with pytest.raises(BlockingIOError):
            listener.accept()
    assert [error.path for error in errors] == [("$ref",)]


def test_no_schema_makes_the_server_read_a_file(tmp_path: Path) -> None:
    file = tmp_path / "schema.json"
    file.write_text('{"type": "string"}', encoding="utf-8")

    (error,) = check_schema({"properties": {"a": {"$ref": file.as_uri()}}})
    with pytest.raises(ValueError, match="Retrieval is disabled"):
        PayloadValidator({"$ref": file.as_uri()})

    assert error.path == ("properties", "a", "$ref")


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"$schema": DIALECT, "$id": "https://example.com/order", "type": "object"},
        {"properties": {"to": {"$ref": "#/$defs/address"}}, "$defs": {"address": {"type": "string"}}},
        {"properties": {"$ref": {"type": "string"}, "$id": {"type": "string"}}},
        {"example": {"$ref": "https://example.com/x"}, "const": {"$ref": 5}},
    ],
)
def test_a_schema_that_keeps_the_rules_is_accepted(schema: dict[str, Any]) -> None:
    assert check_schema(schema) == []


@pytest.mark.parametrize("schema", [None, True, 5, "object", [{}]])
def test_a_schema_is_an_object(schema: object) -> None:
    [error] = check_schema(schema)

    assert error.path == ()
    assert error.message.startswith("The schema must be an object but is ")


def test_a_schema_has_a_size_limit() -> None:
    fitting = {"description": "x" * (MAX_SCHEMA_BYTES - len('{"description":""}'))}

    (error,) = check_schema({"description": fitting["description"] + "x"})

    assert check_schema(fitting) == []
    assert error.message == f"The schema must have at most {MAX_SCHEMA_BYTES} bytes as JSON but has 65537."


def test_a_schema_that_is_not_json_is_an_error_and_not_a_crash() -> None:
    deep: dict[str, Any] = {}
    for _ in range(1_000):
        deep = {"not": deep}

    messages = [error.message for schema in (deep, {"x": "\ud800"}) for error in check_schema(schema)]

    assert len(messages) == 2
    assert all(message.startswith("The schema must be JSON but cannot be written as such: ") for message in messages)


def test_what_the_meta_schema_forbids_is_reported_with_its_path() -> None:
    errors = check_schema({"properties": {"a": {"type": "strng"}, "b": {"minLength": -1}}, "required": "a"})

    assert errors == [
        PayloadError(
            ("properties", "a", "type"),
            '"type" must be one of "array", "boolean", "integer", "null", "number", "object", "string" but is "strng".',
        ),
        PayloadError(("properties", "b", "minLength"), '"minLength" must be at least 0 but is -1.'),
        PayloadError(("required",), '"required" must be a list but is "a".'),
    ]


@pytest.mark.parametrize("pattern", ["(", "(?=a)b", r"(a)\1", "(a{1000}){1000}"])
def test_a_pattern_must_be_one_that_matches_in_linear_time_and_little_memory(pattern: str) -> None:
    (error,) = check_schema({"properties": {"a": {"pattern": pattern}}})

    assert error.path == ("properties", "a", "pattern")
    assert error.message.startswith('"pattern" must be a regular expression without look-around and back-references')


@given(json_values)
def test_no_schema_makes_the_check_fail_and_an_accepted_one_compiles(schema: object) -> None:
    if not check_schema(schema):
        assert isinstance(schema, dict)
        PayloadValidator(schema)
