"""Names that are near a misspelt one."""

from app.catalogue import BUILT_IN
from app.catalogue.suggestions import did_you_mean, unknown_event_type


def test_an_unknown_event_type_is_reported_with_the_nearest_names() -> None:
    assert unknown_event_type("ticket.craeted", BUILT_IN).startswith(
        'There is no event type "ticket.craeted". Did you mean "ticket.created"'
    )


def test_an_unknown_event_type_that_is_not_near_to_any_is_reported_with_where_they_are_listed() -> None:
    told = 'There is no event type "qqqq". Query eventTypes for those there are.'

    assert unknown_event_type("qqqq", BUILT_IN) == told


def test_a_name_of_any_length_is_compared_in_no_time() -> None:
    assert did_you_mean("x" * 1_000_000, BUILT_IN) == ""
