"""JSON Pointers, against RFC 6901 and on documents of any form."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.json_pointers import BadPointer, Tokens, mask, parse, values

SHOWN = "masked"
# The document and the results of RFC 6901, section 5.
RFC = {"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5, 'k"l': 6, " ": 7, "m~n": 8}
DOCUMENTS: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=20,
)


def places(document: Any, before: Tokens = ()) -> Iterator[Tokens]:
    """Where the values of a document are."""
    items = document.items() if isinstance(document, dict) else ()
    for key, value in enumerate(document) if isinstance(document, list) else items:
        yield (*before, str(key))
        yield from places(value, (*before, str(key)))


def pointer(tokens: Tokens) -> str:
    return "".join("/" + token.replace("~", "~0").replace("/", "~1") for token in tokens)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("/foo", ["bar", "baz"]),
        ("/foo/0", "bar"),
        ("/", 0),
        ("/a~1b", 1),
        ("/c%d", 2),
        ("/e^f", 3),
        ("/g|h", 4),
        ("/i\\j", 5),
        ('/k"l', 6),
        ("/ ", 7),
        ("/m~0n", 8),
    ],
)
def test_the_examples_of_the_rfc_name_their_values(text: str, value: Any) -> None:
    assert list(values(RFC, [parse(text)])) == [value]


@pytest.mark.parametrize(
    "text",
    ["/foo/2", "/foo/00", "/foo/-", "/foo/-1", "/foo/+1", "/foo/\u0661", "/foo/0/b", "/x", "/foo/" + "9" * 5_000],
)
def test_what_is_not_there_is_not_found(text: str) -> None:
    document = copy.deepcopy(RFC)

    assert list(values(document, [parse(text)])) == []
    assert not mask(document, [parse(text)], SHOWN)
    assert document == RFC


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "whole body"),
        ("foo", "does not begin"),
        ("#/foo", "does not begin"),
        ("/~", 'has a "~"'),
        ("/a~2", 'has a "~"'),
        ("/~~1", 'has a "~"'),
    ],
)
def test_what_is_no_pointer_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(BadPointer, match=reason):
        parse(text)


def test_an_escaped_tilde_before_a_one_is_no_slash() -> None:
    assert parse("/~01") == ("~1",)


@given(st.lists(st.text(), min_size=1).map(tuple))
def test_every_pointer_is_read_as_it_was_written(tokens: Tokens) -> None:
    assert parse(pointer(tokens)) == tokens


@given(DOCUMENTS, st.data())
def test_exactly_the_named_values_are_masked(document: Any, data: st.DataObject) -> None:
    there = list(places(document))
    named = data.draw(st.lists(st.sampled_from(there))) if there else []
    masked = copy.deepcopy(document)

    assert mask(masked, [parse(pointer(tokens)) for tokens in named], SHOWN) == bool(named)

    for tokens in there:
        within_one = any(tokens[: len(one)] == one for one in named)
        leads_to_one = any(one[: len(tokens)] == tokens for one in named)
        if tokens in named and not any(tokens[: len(one)] == one and tokens != one for one in named):
            assert list(values(masked, [tokens])) == [SHOWN]
        elif not within_one and not leads_to_one:
            assert list(values(masked, [tokens])) == list(values(document, [tokens]))
