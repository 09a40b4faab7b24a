import time
from typing import Any

import cel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalogue import BUILT_IN
from app.errors import Problem, UserErrorCode
from app.webhooks.validation.filters import filter_expression

EVENTS: list[dict[str, Any]] = [
    {"id": "evt_1", "type": name, "timestamp": "2026-11-23T10:00:00.000Z", "data": dict(BUILT_IN[name].example)}
    for name in ("ticket.created", "conversation.created")
]


def checked(text: str) -> list[Problem]:
    problems: list[Problem] = []
    filter_expression(problems, text, EVENTS, "filter")
    return problems


@pytest.mark.parametrize(
    "text",
    [
        'data.ticket.priority == "urgent"',
        'type == "ticket.created" && data.ticket.priority in ["high", "urgent"]',
        'type.startsWith("ticket.") || id.endsWith("7")',
        "has(data.ticket.sla) && data.ticket.sla.breached",
        'data["ticket"].tags.exists(tag, tag == "vip") // a comment',
        "data.ticket.tags.all(t, size(t) < 20) && !data.ticket.tags.exists_one(t, t == 'x')",
        'data.ticket.tags.filter(t, t.startsWith("a")).size() > 1',
        'data.lists.exists(l, l.exists(x, x == 1)) || data.items.exists(i, i.tags.all(t, t != "") && i.price > 1)',
        'data.ticket.subject.matches("(?i)refund")',
        'timestamp(timestamp).getFullYear("UTC") >= 2026 && type(data) == map',
        "data.ticket.reopenCount + 1 > 2",
        "true",
        'data.neverThere.butMaybe == 1 ? true : data["exists("] == r"\\"',
    ],
)
def test_what_answers_true_or_false_is_a_filter(text: str) -> None:
    assert checked(text) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "data.ticket.",
            "The filter is not a CEL expression (line 1, column 13: Syntax error: no viable alternative at input '.'",
        ),
        (
            "data.ticket\n  == ==",
            "The filter is not a CEL expression (line 2, column 6: Syntax error: mismatched input '==' expecting",
        ),
        ('data.x == "\ud800"', "The filter is not a CEL expression ("),
        ('typ == "a"', 'The filter uses "typ", but there are only the variables data, id, timestamp, type.'),
        (
            'ticket.priority == "urgent"',
            'The filter uses "ticket", but there are only the variables data, id, timestamp, type.',
        ),
        ('.data.a == "b"', 'The filter has a "." before "data"; leave it out.'),
        (
            "lower(type) == 'a'",
            'The filter calls "lower", which is not a function here; there are bytes, contains, double, ',
        ),
        (
            "data.ticket.priority",
            "The filter answers ",
        ),
        ("size(data)", "The filter answers "),
        ("timestamp > timestamp('2026-01-01T00:00:00Z')", "The filter cannot be evaluated: No such overload: "),
        (
            'data.ticket.subject.matches("(")',
            "The regular expression \"(\" is not valid: Function 'matches' error: '(' not a valid regex: ",
        ),
    ],
)
def test_what_is_no_filter_is_explained(text: str, message: str) -> None:
    problems = checked(text)

    assert [(problem.path, problem.code) for problem in problems] == [(("filter",), UserErrorCode.INVALID_FILTER)]
    assert problems[0].message.startswith(message)


def test_an_answer_that_is_not_true_or_false_is_quoted_with_the_event_type() -> None:
    [problem] = checked("data.ticket.priority")

    priority = EVENTS[0]["data"]["ticket"]["priority"]
    assert problem.message == (
        f'The filter answers "{priority}" for the example of ticket.created; it must answer true or false, as'
        ' data.ticket.priority == "urgent" does.'
    )


def test_a_filter_has_at_most_two_thousand_characters() -> None:
    assert checked("true || " * 249 + "true    ".rstrip()) == []
    assert checked('"' + "a" * 2_000 + '" == type') == [
        Problem("The filter has 2010 characters; at most 2000 are allowed.", ("filter",), UserErrorCode.TOO_LONG)
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "data.a.exists(x, data.a.exists(y, x == y))",
            'The filter uses "data", but inside exists(…) there are only the variables id, timestamp, type, x.',
        ),
        (
            "data.a.exists(x, x.b.exists(y, y == x.c))",
            'The filter uses "x", but inside exists(…) there are only the variables id, timestamp, type, y.',
        ),
        ("data.a.all(x, x in data.b)", 'The filter uses "data", but inside all(…) there are only the variables '),
        (
            "data.a.all(x, [x].all(y, true))",
            'The macro "all" can only go over a path that begins with "x", such as x.items, ',
        ),
        (
            "[1, 2].all(x, true)",
            'The macro "all" can only go over a path that begins with "data", such as data.items, ',
        ),
        ("(data.a + data.a).all(x, true)", 'The macro "all" can only go over a path that begins with "data", '),
        ("data[type].all(x, true)", 'The macro "all" can only go over a path that begins with "data", '),
        ('"abc".exists(x, true)', 'The macro "exists" can only go over a path that begins with "data", '),
        (
            "data.a.map(x, x + x).size() > 1",
            'The filter uses the macro "map", which builds lists; use exists, all or filter instead.',
        ),
        (
            'data.a.exists(x, x.matches("a+"))',
            'The filter uses "matches" inside exists(…), where it would run for every element; use startsWith,'
            " endsWith, contains or == there.",
        ),
        ("data.a.matches(data.b)", 'The regular expression for "matches" must be written out as one text.'),
        ('data.a.matches("a" + "b")', 'The regular expression for "matches" must be written out as one text.'),
        (" || ".join(['type.matches("a")'] * 3), 'The filter uses "matches" 3 times; at most 2 are allowed.'),
        ("data.a" + " + data.a" * 11 + " == 1", 'The filter uses "+" 11 times; at most 10 are allowed.'),
    ],
)
def test_a_filter_whose_work_could_grow_without_bound_is_refused(text: str, message: str) -> None:
    [problem] = checked(text)

    assert problem.code is UserErrorCode.INVALID_FILTER
    assert problem.message.startswith(message)


def test_the_costliest_filter_that_is_allowed_stays_in_proportion_to_a_large_event() -> None:
    nested = "data.a.all(x, x.all(y, y + y + y != y && y in [" + ", ".join(["y"] * 100) + "]))"
    chained = "data.a" + ".filter(x, x.exists(y, y == 'b'))" * 25 + ".size() >= 0"
    matching = " || ".join([r'data.s.matches("(?:\\w{10}){10}x")'] * 2)
    event = EVENTS[0] | {"data": {"a": [["b" * 4] * 100] * 100, "s": "w" * 40_000}}

    for text in (nested, chained, matching):
        assert checked(text) == []
        program = cel.compile(text)
        started = time.process_time()
        program.execute(event)
        assert time.process_time() - started < 5


_STRUCTURE = [".exists(", ".map(", ".filter(", ".matches(", "has(", "(", ")", "[", "]", "{", "}", ", ", ":", "?", "!"]
_WORDS = ["data", ".a", "type", " == ", "&&", "+", "in", "x", "true", "1", ".5", "u"]
_TEXTS = ['"', "'", '"""', "r", "b", "\\", "//", "\n", "\0", "é"]


@given(st.one_of(st.text(), st.lists(st.sampled_from(_STRUCTURE + _WORDS + _TEXTS), max_size=15).map("".join)))
def test_any_text_is_a_filter_or_a_problem(text: str) -> None:
    assert len(checked(text)) <= 1
