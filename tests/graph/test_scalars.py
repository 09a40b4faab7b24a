"""Times and JSON, as input and as output."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from graphql import GraphQLError
from hypothesis import given
from hypothesis import strategies as st

from app.clock import rfc3339
from graph.scalars import parse_json, parse_time

zones = st.integers(min_value=-1439, max_value=1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
times = st.datetimes(datetime(1000, 1, 2), datetime(9999, 12, 30), timezones=zones)  # noqa: DTZ001 - zones are drawn


@given(times)
def test_a_time_is_read_as_it_was_meant_whatever_its_offset(time: datetime) -> None:
    read = parse_time(time.isoformat())

    assert read == time
    assert read.tzinfo is UTC


@given(times)
def test_what_the_api_writes_it_reads(time: datetime) -> None:
    assert rfc3339(parse_time(rfc3339(time))) == rfc3339(time)


@pytest.mark.parametrize(
    "text",
    ["2026-11-23T10:00:00Z", "2026-11-23t10:00:00z", "2026-11-23T10:00:00.000000000Z", "2026-11-23T11:00:00+01:00"],
)
def test_the_spellings_of_rfc_3339_are_taken(text: str) -> None:
    assert parse_time(text) == datetime(2026, 11, 23, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-11-23",
        "2026-11-23T10:00:00",
        "2026-11-23 10:00:00Z",
        "20261123T100000Z",
        "2026-11-23T10:00Z",
        "2026-11-23T25:00:00Z",
        "2026-02-29T10:00:00Z",
        "9999-12-31T23:59:59-01:00",
        "\uff12026-11-23T10:00:00Z",
    ],
)
def test_whatever_else_is_written_is_no_time(text: str) -> None:
    with pytest.raises(GraphQLError, match="is not a time; write RFC 3339 with an offset"):
        parse_time(text)


@pytest.mark.parametrize("value", [0, 1.5, True, None, [], {}])
def test_only_text_is_a_time(value: object) -> None:
    with pytest.raises(GraphQLError, match="is not a time; write RFC 3339 with an offset"):
        parse_time(value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(json_values)
def test_json_passes_as_it_is(value: object) -> None:
    assert parse_json(value) is value


@given(json_values, st.sampled_from([float("inf"), float("-inf"), float("nan")]))
def test_what_json_cannot_say_is_refused_however_deep(value: object, wrong: float) -> None:
    for holder in (wrong, [value, wrong], {"a": {"b": [wrong]}, "c": value}):
        with pytest.raises(GraphQLError, match="too large"):
            parse_json(holder)
