"""What a workspace's own schema may not do although JSON Schema allows it."""

from typing import Any

import pytest

from app.catalogue import BUILT_IN
from app.catalogue.explanation import PayloadError
from app.catalogue.json_schema import DIALECT
from app.catalogue.schema_rules import MAX_EXPANDED_DEPTH, MAX_EXPANDED_SIZE, broken_rules

TOO_BIG = PayloadError(
    (),
    f'With every "$ref" written out, the schema must have at most {MAX_EXPANDED_SIZE} schemas in it, '
    f"nested at most {MAX_EXPANDED_DEPTH} deep.",
)


def _doubling(levels: int) -> dict[str, Any]:
    """A schema of `levels` definitions that each apply the next one twice."""
    definitions: dict[str, Any] = {
        f"level{level}": {"allOf": [{"$ref": f"#/$defs/level{level + 1}"}] * 2} for level in range(levels)
    }
    return {"$ref": "#/$defs/level0", "$defs": {**definitions, f"level{levels}": {"type": "object"}}}


def _chain(length: int) -> dict[str, Any]:
    definitions: dict[str, Any] = {f"link{link}": {"$ref": f"#/$defs/link{link + 1}"} for link in range(length)}
    return {"$ref": "#/$defs/link0", "$defs": {**definitions, f"link{length}": {}}}


@pytest.mark.parametrize("event_type", BUILT_IN.values(), ids=BUILT_IN.keys())
def test_the_built_in_schemas_keep_the_rules(event_type: Any) -> None:
    assert broken_rules(event_type.json_schema) == []


@pytest.mark.parametrize(
    "reference",
    [
        "https://example.com/schema",
        "//example.com/schema",
        "file:///etc/hostname",
        "other.json#/$defs/a",
        "#anchor",
        "#/$defs/missing",
        "#/properties",
        "#/examples/0",
        "",
    ],
)
def test_a_reference_leads_to_a_schema_in_the_same_document(reference: str) -> None:
    schema = {"properties": {"a": {"$ref": reference}}, "examples": [{"type": "string"}]}

    assert broken_rules(schema) == [
        PayloadError(
            ("properties", "a", "$ref"),
            f'"$ref" must lead to a schema in this document, such as "#/$defs/address", but is "{reference}".',
        )
    ]


@pytest.mark.parametrize(
    "reference", ["#/$defs/a~1b%20c", "#/definitions/old", "#/properties/x", "#/properties/list/items", "#/anyOf/1"]
)
def test_a_reference_may_lead_to_any_schema_by_its_json_pointer(reference: str) -> None:
    schema = {
        "$defs": {"a/b c": {"type": "string"}},
        "definitions": {"old": True},
        "properties": {"x": {}, "list": {"items": {"type": "string"}}, "it": {"$ref": reference}},
        "anyOf": [{}, {"type": "object"}],
    }

    assert broken_rules(schema) == []


@pytest.mark.parametrize(
    "place",
    [
        {"items": {"$ref": "x"}},
        {"additionalProperties": {"$ref": "x"}},
        {"if": {"$ref": "x"}},
        {"allOf": [True, {"$ref": "x"}]},
        {"prefixItems": [{"$ref": "x"}]},
        {"patternProperties": {"^a": {"$ref": "x"}}},
        {"dependentSchemas": {"a": {"$ref": "x"}}},
        {"$defs": {"unused": {"not": {"contains": {"$ref": "x"}}}}},
    ],
)
def test_references_are_found_wherever_a_schema_may_stand(place: dict[str, Any]) -> None:
    (error,) = broken_rules(place)

    assert error.path[-1] == "$ref"


def test_what_only_looks_like_a_reference_is_left_alone() -> None:
    assert broken_rules({"const": {"$ref": "x"}, "properties": {"$ref": {"enum": [{"$id": "x"}]}}}) == []


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ({"properties": {"reply": {"$ref": "#/$defs/comment"}}, "$defs": {"comment": {"$ref": "#/$defs/comment"}}}, 2),
        (
            {
                "$ref": "#/$defs/comment",
                "$defs": {"comment": {"properties": {"replies": {"items": {"$ref": "#/$defs/comment"}}}}},
            },
            2,
        ),
        ({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}, 2),
    ],
)
def test_a_schema_does_not_refer_to_itself(schema: dict[str, Any], path: int) -> None:
    (error,) = broken_rules(schema)

    assert error.message == "A schema must not refer to itself, directly or through others."
    assert error.path[0] == "$defs"
    assert len(error.path) == path


def test_references_that_multiply_are_refused_long_before_they_cost_anything() -> None:
    assert broken_rules(_doubling(8)) == []
    assert broken_rules(_doubling(20)) == [TOO_BIG]
    assert broken_rules(_doubling(45)) == [TOO_BIG]


def test_references_that_go_deep_are_refused() -> None:
    assert broken_rules(_chain(MAX_EXPANDED_DEPTH - 3)) == []
    assert broken_rules(_chain(2_000)) == [TOO_BIG]


def test_another_dialect_is_refused() -> None:
    (error,) = broken_rules({"$schema": "http://json-schema.org/draft-07/schema#"})

    assert error == PayloadError(
        ("$schema",), f'"$schema" must be "{DIALECT}" but is "http://json-schema.org/draft-07/schema#".'
    )


def test_an_id_stands_only_at_the_top() -> None:
    assert broken_rules({"$id": "https://example.com/order"}) == []
    assert [error.path for error in broken_rules({"$defs": {"a": {"$id": "https://example.com/a"}}})] == [
        ("$defs", "a", "$id")
    ]


def test_a_dynamic_reference_is_refused() -> None:
    assert [error.path for error in broken_rules({"items": {"$dynamicRef": "#node"}})] == [("items", "$dynamicRef")]


def test_no_more_than_ten_broken_rules_are_reported() -> None:
    assert len(broken_rules({"allOf": [{"$ref": "x"}] * 30})) == 10
