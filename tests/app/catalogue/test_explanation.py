"""The sentences that say what is wrong with a payload."""

from typing import Any

import pytest

from app.catalogue.explanation import quoted
from app.catalogue.validation import PayloadValidator


@pytest.mark.parametrize(
    ("rule", "value", "sentence"),
    [
        ({"type": "string"}, 5, '"it" must be a string but is 5.'),
        ({"type": ["null", "object"]}, [1], '"it" must be an object or null but is a list of 1.'),
        ({"enum": ["a", None]}, "b", '"it" must be one of "a", null but is "b".'),
        ({"const": 1}, {}, '"it" must be 1 but is an object.'),
        ({"minimum": 1}, 0, '"it" must be at least 1 but is 0.'),
        ({"maximum": 1}, 1.5, '"it" must be at most 1 but is 1.5.'),
        ({"exclusiveMinimum": 1}, 1, '"it" must be greater than 1 but is 1.'),
        ({"exclusiveMaximum": 1}, 1, '"it" must be less than 1 but is 1.'),
        ({"multipleOf": 5}, 7, '"it" must be a multiple of 5 but is 7.'),
        ({"minLength": 2}, "a", '"it" must be 2 or more characters long but is "a".'),
        ({"maxLength": 2}, "abc", '"it" must be 2 or fewer characters long but is "abc".'),
        ({"minItems": 2}, [1], '"it" must have 2 or more items but is a list of 1.'),
        ({"maxItems": 2}, [1, 2, 3], '"it" must have 2 or fewer items but is a list of 3.'),
        ({"uniqueItems": True}, [1, 1], '"it" must have no item twice but is a list of 2.'),
        ({"contains": {"const": 1}}, [], '"it" must hold the items that the schema asks for but is a list of 0.'),
        ({"minProperties": 1}, {}, '"it" must have 1 or more fields but is an object.'),
        ({"maxProperties": 0}, {"a": 1}, '"it" must have 0 or fewer fields but is an object.'),
        ({"pattern": "^a"}, "b", '"it" must match the regular expression "^a" but is "b".'),
        ({"format": "uri"}, "x", '"it" must be an absolute URI such as "https://example.com/help" but is "x".'),
        ({"format": "uuid"}, "x", '"it" must be in the format "uuid" but is "x".'),
        ({"not": {"const": 1}}, 1, '"it" must be something other than the schema rules out but is 1.'),
        ({"required": ["a"]}, {}, '"a" is required in "it" but is missing.'),
        ({"dependentRequired": {"a": ["b"]}}, {"a": 1}, '"b" is required in "it" but is missing.'),
        (
            {"additionalProperties": False, "properties": {"a": True}},
            {"a": 1, "b": 2, "c": 3},
            '"it" must not have the fields "b", "c": the schema does not know them.',
        ),
        (
            {"unevaluatedProperties": False},
            {"a": 1},
            '"it" must not have the fields "a": the schema does not know them.',
        ),
        ({"propertyNames": {"maxLength": 1}}, {"ab": 1}, '"it" must not have a field with the name "ab".'),
        ({"additionalProperties": False}, {"a": 1}, '"it" must not have fields that the schema does not know.'),
        (False, 1, '"it" must be left out: the schema allows no value here.'),
        (
            {"prefixItems": [{}], "unevaluatedItems": False},
            [1, 2],
            '"it" must fit the rule "unevaluatedItems" of the schema but is a list of 2.',
        ),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, 5, '"it" must be a string or null but is 5.'),
        (
            {"anyOf": [{"minimum": 5}, {"multipleOf": 3}]},
            4,
            '"it" must fit one of the alternatives in the schema but is 4.',
        ),
        ({"oneOf": [{}, {"minimum": 1}]}, 4, '"it" must fit exactly one of the alternatives in the schema but is 4.'),
    ],
)
def test_a_sentence_names_the_field_what_would_be_right_and_what_was_found(
    rule: Any, value: object, sentence: str
) -> None:
    (error,) = PayloadValidator({"properties": {"it": rule}}).errors({"it": value})

    assert error.message == sentence
    assert error.path[0] == "it"


def test_a_missing_field_is_reported_where_it_would_be() -> None:
    (error,) = PayloadValidator({"properties": {"a": {"items": {"required": ["b"]}}}}).errors({"a": [{"b": 1}, {}]})

    assert error.path == ("a", "1", "b")
    assert error.message == '"b" is required in item 1 of "a" but is missing.'


def test_an_item_of_a_list_is_named_by_its_place() -> None:
    (error,) = PayloadValidator({"items": {"items": {"type": "string"}}}).errors([[], ["x", 5]])

    assert error.path == ("1", "1")
    assert error.message == "Item 1 of item 1 of the data must be a string but is 5."


def test_items_are_ordered_as_numbers() -> None:
    errors = PayloadValidator({"items": {"type": "string"}}).errors(["x"] * 9 + [1, 2, 3])

    assert [error.path for error in errors] == [("9",), ("10",), ("11",)]


def test_where_one_alternative_was_meant_its_own_errors_are_reported() -> None:
    person = {"type": "object", "required": ["id"], "properties": {"name": {"type": "string"}}}
    validator = PayloadValidator({"properties": {"by": {"anyOf": [person, {"type": "null"}]}}})

    errors = validator.errors({"by": {"name": 5}})

    assert [error.path for error in errors] == [("by", "id"), ("by", "name")]


def test_of_several_alternatives_the_one_with_the_fewest_errors_was_meant() -> None:
    either = [{"required": ["a", "b"]}, {"required": ["a", "b", "c"]}]

    errors = PayloadValidator({"anyOf": either}).errors({})

    assert [error.path for error in errors] == [("a",), ("b",)]


def test_alternatives_with_the_same_errors_are_reported_once() -> None:
    (error,) = PayloadValidator({"anyOf": [{"required": ["a"]}, {"required": ["a"]}]}).errors({})

    assert error.path == ("a",)


def test_a_value_of_the_wrong_type_has_one_error_only() -> None:
    (error,) = PayloadValidator({"type": "string", "enum": ["a"], "const": "a"}).errors(5)

    assert error.message == "The data must be a string but is 5."


def test_no_more_than_twenty_choices_are_listed() -> None:
    (error,) = PayloadValidator({"enum": list(range(1, 1_000))}).errors("x")

    assert error.message.endswith('19, 20, … but is "x".')


def test_a_long_name_is_cut_in_the_path_and_in_the_sentence() -> None:
    (error,) = PayloadValidator({"additionalProperties": {"type": "string"}}).errors({"k" * 5_000: 5})

    assert error.path == ("k" * 100 + "…",)
    assert len(error.message) < 150


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (1.5, "1.5"),
        ("a", '"a"'),
        ('say "hi"\n', r'"say \"hi\"\n"'),
        ("ü", '"ü"'),
        ("x" * 100, '"' + "x" * 100 + '"'),
        ("x" * 101, '"' + "x" * 99 + '…"'),
        ("\0" * 50, '"' + (r"\u0000" * 17)[:99] + '…"'),
        (10**200, "1" + "0" * 99 + "…"),
        ({"a": 1}, "an object"),
        ([1, 2], "a list of 2"),
    ],
)
def test_a_value_is_quoted_as_json_and_cut_at_a_hundred_characters(value: object, text: str) -> None:
    assert quoted(value) == text
