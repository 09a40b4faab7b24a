"""Cursors, and the arguments first/after/last/before.

A cursor is opaque to clients and holds an ID. IDs sort by creation time, so a page is an ID range and costs the same at
the start of a list and a million rows in. In a list with another order, a cursor also holds what the order compares.
Source: the Relay cursor connections specification (relay.dev/graphql/connections.htm).
"""

import base64
import binascii
from dataclasses import dataclass

from app.ids import is_id
from graph.errors import BadUserInput

DEFAULT_SIZE = 20
MAX_SIZE = 100

_VERSION = "v1:"
_ORDERED = "v2:"


def encode_cursor(subject_id: str, order: str | None = None, key: str = "") -> str:
    """The cursor of the row with this ID, which has this key in a list with this order."""
    text = _VERSION + subject_id if order is None else f"{_ORDERED}{order}:{subject_id}:{key}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(prefix: str, name: str, cursor: str, order: str | None = None) -> tuple[str, str | None]:
    """The ID and the key in a cursor that was given as the argument `name` to a list of IDs with this prefix and this
    order. A list ordered by ID has no key.

    Raises:
        BadUserInput: the cursor was not made by such a list.
    """
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        text = ""
    subject_id, key = _position(text, order)
    if not is_id(prefix, subject_id) or encode_cursor(subject_id, order, key or "") != cursor:
        raise BadUserInput(
            f'The argument {name} is "{cursor[:60]}", which is no cursor of this list in this order;'
            " give one that its edges or pageInfo showed."
        )
    return subject_id, key


def _position(text: str, order: str | None) -> tuple[str, str | None]:
    """The contents of a decoded cursor, with an empty ID if it does not belong to such a list."""
    if order is None:
        return (text.removeprefix(_VERSION) if text.startswith(_VERSION) else ""), None
    start = f"{_ORDERED}{order}:"
    subject_id, _, key = text.removeprefix(start).partition(":")
    return (subject_id if text.startswith(start) and "\0" not in key else ""), key


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a list: a number of rows from its start or end, between two IDs, with their keys in a list that has an
    order of its own."""

    size: int
    from_end: bool = False
    after: str | None = None
    before: str | None = None
    after_key: str | None = None
    before_key: str | None = None

    @property
    def has_cursor(self) -> bool:
        """Whether a cursor bounds it."""
        return self.after is not None or self.before is not None


def window(
    prefix: str,
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
    order: str | None = None,
) -> Window:
    """The window that a connection's four arguments ask for, over a list of ids with this prefix and this order.

    Raises:
        BadUserInput: an argument cannot be used; the message names it, its value and the limit.
    """
    if first is not None and last is not None:
        raise BadUserInput(
            f"Both first ({first}) and last ({last}) are given; give the one whose end the page is to be on."
        )
    for name, size in (("first", first), ("last", last)):
        if size is not None and not 0 <= size <= MAX_SIZE:
            raise BadUserInput(f"The argument {name} is {size}; it must be between 0 and {MAX_SIZE}.")
    size = first if first is not None else last
    nothing = None, None
    after_id, after_key = nothing if after is None else decode_cursor(prefix, "after", after, order)
    before_id, before_key = nothing if before is None else decode_cursor(prefix, "before", before, order)
    return Window(
        size=DEFAULT_SIZE if size is None else size,
        from_end=last is not None,
        after=after_id,
        before=before_id,
        after_key=after_key,
        before_key=before_key,
    )
