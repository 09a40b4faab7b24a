"""The outcome of one request, as a value: a failing receiver is expected and not an exception.

Whether an answer is a success is for the retry decisions to say; these values only report.
"""

from typing import NamedTuple

from app.sender.timing import Timing
from app.statuses import AttemptOutcome


class Answered(NamedTuple):
    """The receiver's whole answer arrived, or as much of it as is kept.

    `headers` are in the order received, with lower-case names. `truncated` says that the body or the headers were
    longer than what is kept. Text holds no NUL character (PostgreSQL stores none); bytes that are not UTF-8 read as
    U+FFFD.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str
    truncated: bool
    duration_ms: float
    remote_address: str | None
    sent_again: bool = False
    """The request went out a second time, on a new connection, since a kept one ended without an answer."""
    timing: Timing | None = None


class Unreachable(NamedTuple):
    """No whole answer arrived. `error` is a sentence for a person and holds no part of the URL but host and port.

    `status` is that of the answer, if it got so far.
    """

    outcome: AttemptOutcome
    error: str
    duration_ms: float
    remote_address: str | None
    sent_again: bool = False
    """As of `Answered`."""
    status: int | None = None
    timing: Timing | None = None
