import math
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import Problem, UserErrorCode
from app.webhooks.validation.texts_and_numbers import description, metadata, retry_delays, whole_number


@pytest.mark.parametrize("value", [1, 30, 60])
def test_a_number_within_its_limits_is_taken(value: int) -> None:
    problems: list[Problem] = []

    assert whole_number(problems, value, "The timeout", 1, 60, "seconds", "timeoutSeconds") == value
    assert problems == []


@pytest.mark.parametrize("value", [-(2**31), -1, 0, 61, 30_000])
def test_a_number_beyond_its_limits_is_explained_with_unit(value: int) -> None:
    problems: list[Problem] = []

    whole_number(problems, value, "The timeout", 1, 60, "seconds", "timeoutSeconds")

    message = f"The timeout is {value}; it must be 1 to 60 seconds."
    assert problems == [Problem(message, ("timeoutSeconds",), UserErrorCode.INVALID)]


def test_a_description_has_lines_and_an_empty_one_is_null() -> None:
    problems: list[Problem] = []

    assert description(problems, " first\n\tsecond \r\n", "description") == "first\n\tsecond"
    assert description(problems, " \n ", "description") is None
    assert problems == []


@pytest.mark.parametrize(
    ("text", "message", "code"),
    [
        ("a\0b", "The description has the control character U+0000; leave it out.", UserErrorCode.INVALID),
        ("a\x1b[31m", "The description has the control character U+001B; leave it out.", UserErrorCode.INVALID),
        ("\ud800", "The description has the control character U+D800; leave it out.", UserErrorCode.INVALID),
        ("d" * 2001, "The description has 2001 characters; at most 2000 are allowed.", UserErrorCode.TOO_LONG),
    ],
)
def test_a_description_that_cannot_be_kept_is_explained(text: str, message: str, code: UserErrorCode) -> None:
    problems: list[Problem] = []

    description(problems, text, "description")

    assert problems == [Problem(message, ("description",), code)]


def test_no_delays_mean_no_retries() -> None:
    problems: list[Problem] = []

    assert retry_delays(problems, [], "retryPolicy", "delaysSeconds") == ()
    assert problems == []


def test_each_delay_that_is_wrong_is_reported_with_its_place() -> None:
    problems: list[Problem] = []

    retry_delays(problems, [5, 0, 604_800, 604_801], "retryPolicy", "delaysSeconds")

    assert problems == [
        Problem(
            f"Retry delay {number} is {value}; it must be 1 to 604800 seconds (at most 7 days).",
            ("retryPolicy", "delaysSeconds", index),
            UserErrorCode.INVALID,
        )
        for number, value, index in ((2, 0, "1"), (4, 604_801, "3"))
    ]


def test_too_many_delays_are_counted() -> None:
    problems: list[Problem] = []

    retry_delays(problems, [5] * 21, "retryPolicy", "delaysSeconds")

    message = "The retry policy has 21 delays; at most 20 are allowed."
    assert problems == [Problem(message, ("retryPolicy", "delaysSeconds"), UserErrorCode.TOO_MANY)]


def test_metadata_comes_out_as_it_went_in() -> None:
    problems: list[Problem] = []
    value = {"team": "billing", "nested": {"b": [1, 2.5, None, True], "ä": "\0"}}

    assert metadata(problems, value, "metadata") == value
    assert problems == []


_UNCARRIED = (
    "The metadata has a value that JSON cannot carry; use text without lone surrogates, finite numbers, whole numbers"
    " of at most 64 bits, and at most 250 levels."
)


def _nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    ("value", "message", "code"),
    [
        (
            ["a"],
            'The metadata is a list of 1; it must be a JSON object such as {"team": "billing"}.',
            UserErrorCode.INVALID,
        ),
        ("a", 'The metadata is "a"; it must be a JSON object such as {"team": "billing"}.', UserErrorCode.INVALID),
        ({"a": "\ud800"}, _UNCARRIED, UserErrorCode.INVALID),
        ({"a": math.nan}, _UNCARRIED, UserErrorCode.INVALID),
        ({"a": [math.inf]}, _UNCARRIED, UserErrorCode.INVALID),
        ({"a": 2**64}, _UNCARRIED, UserErrorCode.INVALID),
        ({1: "a"}, _UNCARRIED, UserErrorCode.INVALID),
        (_nested(300), _UNCARRIED, UserErrorCode.INVALID),
        (
            {"a": "b" * 10_240},
            "The metadata has 10248 bytes as JSON; at most 10240 are allowed.",
            UserErrorCode.TOO_LONG,
        ),
        (
            {"a": "ä" * 5_120},
            "The metadata has 10248 bytes as JSON; at most 10240 are allowed.",
            UserErrorCode.TOO_LONG,
        ),
    ],
)
def test_metadata_that_cannot_be_kept_is_explained(value: Any, message: str, code: UserErrorCode) -> None:
    problems: list[Problem] = []

    metadata(problems, value, "metadata")

    assert problems == [Problem(message, ("metadata",), code)]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(_JSON)
def test_any_metadata_survives_the_database_or_is_a_problem(value: Any) -> None:
    problems: list[Problem] = []

    kept = metadata(problems, value, "metadata")

    if not problems:
        assert orjson.loads(orjson.dumps(kept)) == value
