import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalogue import BUILT_IN
from app.errors import Problem, UserErrorCode
from app.webhooks.validation.selection import event_types

KNOWN = [name for name in BUILT_IN if name != "agent.training"] + ["order.item.shipped"]
ARCHIVED = ["agent.training", "order.old"]


def checked(*patterns: str, selected: tuple[str, ...] = ()) -> tuple[tuple[str, ...], list[Problem]]:
    problems: list[Problem] = []
    return event_types(problems, patterns, KNOWN, ARCHIVED, selected, "eventTypes"), problems


def test_names_and_patterns_keep_their_order_and_come_once() -> None:
    accepted, problems = checked("ticket.*", "agent.error", "order.item.*", "ticket.*", "*")

    assert (accepted, problems) == (("ticket.*", "agent.error", "order.item.*", "*"), [])


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        (
            "ticket.creatd",
            'There is no event type "ticket.creatd" in this workspace. Did you mean "ticket.created"?',
        ),
        ("tickets.*", 'There is no event type "tickets.*" in this workspace. Did you mean "ticket.*"?'),
        (
            "order.item.lost.*",
            'There is no event type "order.item.lost.*" in this workspace. Did you mean "order.item.*"?',
        ),
        ("qqqq.zzzz", 'There is no event type "qqqq.zzzz" in this workspace.'),
        (
            "Ticket.Created",
            '"Ticket.Created" is neither an event type nor a pattern; write a lower-case name such as "ticket.created",'
            ' the beginning of names such as "ticket.*", or "*". Did you mean "ticket.created"?',
        ),
        (
            "",
            '"" is neither an event type nor a pattern; write a lower-case name such as "ticket.created", the beginning'
            ' of names such as "ticket.*", or "*".',
        ),
        (
            "*.created",
            '"*.created" is neither an event type nor a pattern; write a lower-case name such as "ticket.created",'
            ' the beginning of names such as "ticket.*", or "*". Did you mean "ticket.created"?',
        ),
        ("order.old", 'The event type "order.old" is archived and is not published any more.'),
    ],
)
def test_a_name_that_selects_nothing_is_explained_with_what_is_near(pattern: str, message: str) -> None:
    _, problems = checked("*", pattern)

    assert [(problem.path, problem.code) for problem in problems] == [(("eventTypes", "1"), UserErrorCode.INVALID)]
    assert problems[0].message.startswith(message.partition(" Did you mean ")[0])
    assert set(message.partition(" Did you mean ")[2].split('"')[1::2]) <= set(problems[0].message.split('"'))


def test_what_is_selected_already_stays_although_it_was_archived() -> None:
    accepted, problems = checked("agent.training", "gone.away", selected=("agent.training", "gone.away"))

    assert (accepted, problems) == (("agent.training", "gone.away"), [])


def test_no_event_type_is_too_few_and_fifty_one_are_too_many() -> None:
    assert checked()[1] == [
        Problem(
            'There is no event type; give at least one, such as "ticket.created", "ticket.*" or "*".',
            ("eventTypes",),
            UserErrorCode.REQUIRED,
        )
    ]
    assert checked(*["*"] * 51)[1] == [
        Problem(
            'There are 51 event types; at most 50 are allowed. Use a pattern such as "ticket.*", or "*" for all.',
            ("eventTypes",),
            UserErrorCode.TOO_MANY,
        )
    ]


@given(st.lists(st.text(max_size=150), min_size=1, max_size=3))
def test_any_text_selects_something_or_is_a_problem(patterns: list[str]) -> None:
    accepted, problems = checked(*patterns)

    assert problems or set(accepted) <= {"*", *KNOWN, "ticket.*", "agent.*", "system.*", "conversation.*"}
