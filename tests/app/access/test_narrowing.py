"""What a narrowing covers, how it is kept, and that nobody forgets to say who sees a table."""

import pytest

from app.access.narrowing import EVERYTHING, Narrowing


@pytest.mark.parametrize(
    ("covered", "pattern", "is_covered"),
    [
        (["ticket.*"], "ticket.created", True),
        (["ticket.*"], "ticket.*", True),
        (["ticket.*"], "ticket.sla.*", True),
        (["ticket.created"], "ticket.created", True),
        (["ticket.created"], "ticket.*", False),
        (["ticket.*"], "*", False),
        (["ticket.*", "agent.*"], "agent.error", True),
        (["ticket.*"], "tickets.created", False),
        (["*"], "*", True),
        (["*"], "ticket.*", True),
    ],
)
def test_a_pattern_is_covered_if_all_that_it_matches_is_seen(
    covered: list[str], pattern: str, is_covered: bool
) -> None:
    assert Narrowing.of(None, covered).uncovered([pattern]) == ([] if is_covered else [0])


def test_equal_narrowings_are_equal_however_they_were_given() -> None:
    one, other = Narrowing.of(["wh_2", "wh_1"], ["b.*", "a.*"]), Narrowing.of(["wh_1", "wh_2", "wh_1"], ["a.*", "b.*"])

    assert (one, hash(one), one.text) == (other, hash(other), other.text)
    assert Narrowing.of_text(one.text) == one
    assert Narrowing.of_text(EVERYTHING.text) == EVERYTHING
    assert EVERYTHING.text is None


def test_a_narrowing_to_nothing_sees_nothing() -> None:
    nothing = Narrowing.of([], [])

    assert nothing.is_narrowed
    assert not nothing.sees_webhook("wh_1")
    assert not nothing.sees_type("ticket.created")
    assert nothing.conditions("webhook") == [("1 = 0", ())]


def test_a_table_of_which_nothing_is_said_is_seen_by_nobody() -> None:
    with pytest.raises(KeyError):
        Narrowing.of(["wh_1"], None).conditions("invoice")
