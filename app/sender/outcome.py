"""The outcome of one request, as a value: a failing receiver is expected and not an exception.

The retry decisions judge what follows from an outcome; these values only report.
"""

from typing import NamedTuple

from app.sender.timing import Timing
from app.statuses import AttemptOutcome


class Answered(NamedTuple):
    """The receiver's whole answer arrived, or as much of it as is kept.

    `headers` are in the order received, with lower-case names. `truncated` says that the body or the headers were
    longer than what is kept. Text contains no NUL character (PostgreSQL stores none); bytes that are not UTF-8 become
    U+FFFD.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str
    truncated: bool
    duration_ms: float
    remote_address: str | None
    sent_again: bool = False
    """The request was sent a second time, on a new connection, because a kept one ended without an answer."""
    timing: Timing | None = None
    left_out: bool = False
    """Headers and body are left out here, because they must not be stored."""

    @property
    def succeeded(self) -> bool:
        """Whether the receiver took what was sent."""
        return 200 <= self.status < 300

    @property
    def retry_after(self) -> str | None:
        """When the receiver wants to be asked again, as it said it."""
        return next((value for name, value in self.headers if name == "retry-after"), None)


class Unreachable(NamedTuple):
    """No complete answer arrived. `error` is a sentence for a person and contains no part of the URL but host and port.

    `status` is that of the answer, if it got that far.
    """

    outcome: AttemptOutcome
    error: str
    duration_ms: float
    remote_address: str | None
    sent_again: bool = False
    """As in `Answered`."""
    status: int | None = None
    timing: Timing | None = None
    not_asked: bool = False
    """A fault of the server itself kept the request from the receiver, so the receiver did not fail."""
