"""Names of event types, and the patterns that select them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalogue import BUILT_IN
from app.catalogue.patterns import compile_patterns, is_name, is_pattern, matches

segments = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
names = st.lists(segments, min_size=2, max_size=6).map(".".join)
families = st.lists(segments, min_size=1, max_size=5).map(lambda parts: ".".join(parts) + ".*")
patterns = st.one_of(st.just("*"), names, families)
# Few letters, so that names and patterns meet often.
close_names = st.lists(st.sampled_from("ab"), min_size=2, max_size=4).map(".".join)
close_patterns = st.one_of(
    close_names, st.lists(st.sampled_from("ab"), min_size=1, max_size=3).map(lambda parts: ".".join(parts) + ".*")
)


@pytest.mark.parametrize("text", [*BUILT_IN, "a.b", "a.b.c.d.e.f", "order_2.line_item.v2", f"a.{'b' * 98}"])
def test_dotted_lower_case_words_are_names(text: str) -> None:
    assert is_name(text)
    assert is_pattern(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ticket",
        "ticket.",
        ".created",
        "ticket..created",
        "Ticket.created",
        "ticket.Created",
        "ticket.2nd",
        "ticket._x",
        "ticket-created.x",
        "ticket created.x",
        "ticket.created\n",
        "ticket.cre\u0430ted",
        "ticket.\u0661",
        "a.b.c.d.e.f.g",
        f"a.{'b' * 99}",
    ],
)
def test_other_texts_are_neither_names_nor_patterns(text: str) -> None:
    assert not is_name(text)
    assert not is_pattern(text)


@pytest.mark.parametrize("text", ["*", "ticket.*", "conversation.sla.*", "a.b.c.d.e.*"])
def test_everything_and_families_are_patterns_but_no_names(text: str) -> None:
    assert is_pattern(text)
    assert not is_name(text)


@pytest.mark.parametrize(
    "text", ["**", "*.created", "ticket*", "ticket.*.x", "ticket.**", ".*", "a.b.c.d.e.f.*", "Ticket.*", "ticket.*\n"]
)
def test_a_star_stands_alone_or_at_the_end_after_a_dot(text: str) -> None:
    assert not is_pattern(text)


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("ticket.created", "ticket.created", True),
        ("ticket.created", "ticket.updated", False),
        ("ticket.created", "ticket.created.late", False),
        ("ticket.*", "ticket.created", True),
        ("ticket.*", "ticket.sla.breached", True),
        ("ticket.*", "ticketing.created", False),
        ("ticket.sla.*", "ticket.created", False),
        ("*", "anything.at_all", True),
    ],
)
def test_a_pattern_selects(pattern: str, name: str, expected: bool) -> None:
    assert matches(pattern, name) is expected


def test_no_patterns_select_nothing() -> None:
    assert not compile_patterns([]).matches("ticket.created")


@given(names)
def test_every_name_is_selected_by_itself_by_its_families_and_by_everything(name: str) -> None:
    parts = name.split(".")
    its_families = [".".join(parts[:count]) + ".*" for count in range(1, len(parts))]

    assert is_name(name)
    assert all(is_pattern(pattern) and matches(pattern, name) for pattern in [name, "*", *its_families])


@given(patterns)
def test_what_selects_is_a_pattern(pattern: str) -> None:
    assert is_pattern(pattern)


@given(close_patterns, close_names)
def test_a_family_selects_the_names_that_begin_with_it_and_a_name_only_itself(pattern: str, name: str) -> None:
    expected = name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern

    assert matches(pattern, name) is expected


@given(st.lists(close_patterns, max_size=5), close_names)
def test_many_patterns_select_what_any_of_them_selects(several: list[str], name: str) -> None:
    assert compile_patterns(several).matches(name) is any(matches(pattern, name) for pattern in several)


@given(st.text(max_size=30), names)
def test_no_text_makes_matching_fail(text: str, name: str) -> None:
    assert matches(text, name) in (True, False)
    assert compile_patterns([name]).matches(text) is (text == name)
