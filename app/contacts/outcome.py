"""The outcome of one attempt to send a message, as a value."""

from typing import NamedTuple

from app.statuses import AttemptOutcome


class Sent(NamedTuple):
    """The outcome of one attempt.

    Attributes:
        error: a sentence without credentials; None if the message was taken.
        status, retry_after: of an HTTP answer.
        final: whether no retry can change it.
        not_asked: a fault of the server itself kept it from the recipient, so this is no attempt.
    """

    outcome: AttemptOutcome
    error: str | None = None
    status: int | None = None
    retry_after: str | None = None
    final: bool = False
    not_asked: bool = False

    @property
    def ok(self) -> bool:
        """Whether the recipient, or the mail server, took the message."""
        return self.outcome is AttemptOutcome.SUCCEEDED
