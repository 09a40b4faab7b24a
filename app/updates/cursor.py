"""A position in a stream, as a value and as the opaque text that clients pass back.

An epoch is a stretch of a stream without loss; numbers count up within it. The implementations decide which epochs
exist: a process's memory has one, and a stream in Redis gets a new one whenever something is lost.
"""

import re
from typing import NamedTuple

# Both halves fit 64 bits, as IDs in Redis do. Each cursor has one spelling: no leading zeros.
_TEXT = re.compile(r"(0|[1-9a-f][0-9a-f]{0,15})-(0|[1-9a-f][0-9a-f]{0,15})")


class InvalidCursor(ValueError):
    """The text is not a cursor (one that is merely too old, or from elsewhere, leads to a gap and not to an error)."""


class Cursor(NamedTuple):
    """A position right after update `number` of `epoch`; each fits 64 bits."""

    epoch: int
    number: int


def format_cursor(cursor: Cursor) -> str:
    """The text that clients receive."""
    return f"{cursor.epoch:x}-{cursor.number:x}"


def parse_cursor(text: str) -> Cursor:
    """The inverse of `format_cursor`.

    Raises:
        InvalidCursor: the text is not one that `format_cursor` returns.
    """
    match = _TEXT.fullmatch(text)
    if match is None:
        raise InvalidCursor(
            f"{text[:64]!r} is not a cursor: pass `cursor` of an earlier message, unchanged, or leave `after` out."
        )
    return Cursor(int(match[1], 16), int(match[2], 16))


def start(after: Cursor | None, now: Cursor) -> tuple[Cursor, bool]:
    """Where a follower begins, and whether it missed something.

    A cursor of another epoch, or from beyond the end, begins at the oldest kept update. The client has to query what it
    missed in any case, and the kept updates reduce that as far as possible.

    Args:
        after: the cursor that the client passed back; None means from now on.
        now: the end of the stream.
    """
    if after is None:
        return now, False
    if after.epoch == now.epoch and after.number <= now.number:
        return after, False
    return Cursor(now.epoch, 0), True
