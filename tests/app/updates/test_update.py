from contextlib import suppress

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clock import Micros
from app.updates.update import Update, by_workspace, decode, encode

texts = st.text(st.characters(exclude_categories=["Cs"]))
maybe_texts = st.none() | texts
times = st.integers(min_value=-(2**63), max_value=2**63 - 1)
updates = st.builds(
    Update, st.just("ws_a"), texts, times, maybe_texts, maybe_texts, maybe_texts, maybe_texts, maybe_texts
)


@given(st.lists(updates))
def test_updates_survive_being_text(announced: list[Update]) -> None:
    assert decode("ws_a", encode(announced)) == announced


@given(st.lists(updates, min_size=1))
def test_what_a_newer_version_adds_is_passed_over(announced: list[Update]) -> None:
    newer = orjson.dumps([[*row, {"new": 1}] for row in orjson.loads(encode(announced))])

    assert decode("ws_a", newer) == announced


json = st.recursive(st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3), st.lists)


@given(st.binary() | json.map(orjson.dumps))
def test_any_text_is_updates_or_refused(text: bytes) -> None:
    with suppress(ValueError):
        assert all(isinstance(update, Update) for update in decode("ws_a", text))


@pytest.mark.parametrize("text", [b"", b"{}", b"[[]]", b'[["dlv_1", "now", null, null, null, null, null]]', b"[1]"])
def test_other_texts_are_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode("ws_a", text)


@given(st.lists(st.tuples(st.sampled_from(["ws_a", "ws_b", "ws_c"]), updates)))
def test_grouping_by_workspace_keeps_each_ones_order(announced: list[tuple[str, Update]]) -> None:
    moved = [
        Update(workspace_id, update.subject_id, Micros(at), None, None, None, None, None)
        for at, (workspace_id, update) in enumerate(announced)
    ]

    groups = by_workspace(moved)

    assert sorted((update for group in groups.values() for update in group), key=lambda update: update.at) == moved
    assert all(
        {update.workspace_id for update in group} == {workspace_id}
        and [update.at for update in group] == sorted(update.at for update in group)
        for workspace_id, group in groups.items()
    )
