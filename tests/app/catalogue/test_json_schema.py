"""The words that payload schemas are written with."""

import pytest

from app.catalogue.json_schema import (
    DIALECT,
    Schema,
    boolean,
    choice,
    count,
    duration,
    either,
    email,
    identifier,
    integer,
    list_of,
    mapping,
    nullable,
    number,
    record,
    self_contained,
    share,
    shared,
    string,
    timestamp,
    url,
)
from app.catalogue.validation import PayloadValidator

_OBJECT = record("A thing.", {"id": identifier("Its id.")}, required=["id"])


def _accepts(schema: Schema, value: object) -> bool:
    return not PayloadValidator(self_contained(schema, {"Thing": _OBJECT})).errors(value)


@pytest.mark.parametrize(
    ("schema", "fitting", "unfitting"),
    [
        (string("."), ["", "x"], [1, None]),
        (identifier("."), ["x"], ["", 1, None]),
        (timestamp("."), ["2026-11-23T10:00:00Z", "2026-11-23T10:00:00.123+01:00"], ["2026-11-23", "soon", 5]),
        (url("."), ["https://example.com/a?b=c"], ["example.com", "", 5]),
        (email("."), ["ada@example.com", "jörg@example.com"], ["ada", "Ada <ada@example.com>", ""]),
        (integer("."), [-1, 0, 3.0], [0.5, "1"]),
        (count("."), [0, 7], [-1, 0.5]),
        (number("."), [-1.5, 2], ["1", True]),
        (duration("."), [0, 0.25], [-0.1, "1"]),
        (share("."), [0, 0.5, 1], [-0.1, 1.1, "1"]),
        (boolean("."), [True, False], [0, "true"]),
        (choice(".", ["a", "b"]), ["a", "b"], ["c", "", 1]),
        (list_of(string("."), ".", at_most=2), [[], ["a", "b"]], [["a", "b", "c"], [1], "a"]),
        (mapping("."), [{}, {"a": 1, "b": None}], [[], "a"]),
        (mapping(".", count(".")), [{}, {"a": 1}], [{"a": -1}, {"a": "1"}]),
        (_OBJECT, [{"id": "x"}, {"id": "x", "more": 1}], [{}, {"id": ""}, [], "x"]),
        (shared("Thing", "."), [{"id": "x"}], [{}, None]),
        (either(".", string("."), count(".")), ["x", 1], [-1, [], None]),
    ],
)
def test_a_word_takes_what_it_says_and_with_nullable_null_as_well(
    schema: Schema, fitting: list[object], unfitting: list[object]
) -> None:
    assert [value for value in fitting if not _accepts(schema, value)] == []
    assert [value for value in [*unfitting, None] if _accepts(schema, value)] == []
    assert [value for value in [*fitting, None] if not _accepts(nullable(schema), value)] == []
    assert [value for value in unfitting if value is not None and _accepts(nullable(schema), value)] == []
    assert nullable(schema)["description"] == schema["description"]


def test_a_self_contained_schema_brings_what_it_uses_through_others_and_no_more() -> None:
    definitions = {
        "Outer": record("Outer.", {"inner": nullable(shared("Inner", "Inside."))}),
        "Inner": string("Inner."),
        "Unused": string("Unused."),
    }

    schema = self_contained(record("It.", {"all": list_of(shared("Outer", "One."), "All.")}), definitions)

    assert schema["$schema"] == DIALECT
    assert list(schema["$defs"]) == ["Outer", "Inner"]


def test_a_schema_that_uses_nothing_shared_has_no_definitions() -> None:
    assert "$defs" not in self_contained(string("Alone."), {"Unused": string("Unused.")})


def test_a_use_of_what_is_not_defined_is_an_error() -> None:
    with pytest.raises(KeyError, match="Thing"):
        self_contained(shared("Thing", "Missing."), {})
