"""The arguments of feeds."""

from typing import Annotated

import strawberry

from app.feed import MAX_ITEMS
from graph.errors import BadUserInput

AfterPlace = Annotated[
    int, strawberry.argument(description="Returns items after this place: 0 for all, later `next` of the page before.")
]
FirstPlaces = Annotated[int | None, strawberry.argument(description=f"Maximum number of items: 0 to {MAX_ITEMS}.")]


def checked(after: int, first: int) -> tuple[int, int]:
    """The arguments of a feed.

    Raises:
        BadUserInput: one is out of its range.
    """
    if after < 0:
        raise BadUserInput(f"The argument after is {after}; it must be 0 or more.")
    if not 0 <= first <= MAX_ITEMS:
        raise BadUserInput(f"The argument first is {first}; it must be between 0 and {MAX_ITEMS}.")
    return after, first
