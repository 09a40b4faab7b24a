"""Drafts: the body is serialised once, and is the JSON of the submitted data."""

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from app.clock import Micros
from app.publishing.draft import EventDraft, json_of, prepare

NOW = Micros(1_795_000_000_000_000)

_texts = st.text(st.characters(exclude_categories=["Cs"]))
_whole = st.integers(min_value=-(2**63), max_value=2**63 - 1)
_values = st.recursive(
    st.none() | st.booleans() | _whole | st.floats(allow_nan=False, allow_infinity=False) | _texts,
    lambda inner: st.lists(inner) | st.dictionaries(_texts, inner),
    max_leaves=20,
)


@given(st.dictionaries(_texts, _values))
def test_the_body_says_what_was_handed_in_as_it_would_be_written_at_once(data: dict[str, Any]) -> None:
    json = json_of(data)
    assert isinstance(json, bytes)

    event = prepare(EventDraft("ticket.created", data), json, NOW)

    assert event.body == orjson.dumps(event.content).decode()
    assert orjson.loads(event.body)["data"] == data


def test_data_that_json_cannot_say_comes_with_the_reason() -> None:
    assert "64-bit" in str(json_of({"order": 2**70}))
    assert isinstance(json_of({"name": "\ud800"}), TypeError)
