"""How the local receiver answers, and how it misbehaves on demand. Pure: the number of a request in, an answer out.

A misbehaviour applies to all requests or, with `fail_first` or `fail_rate`, to some; the others are answered properly.
Knows no socket.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

OK = 200
NOT_VERIFIED = 401
FAILURE = 503


class Manner(StrEnum):
    """What happens on the connection."""

    ANSWER = "answer"
    DRIP = "drip"  # an answer, one byte at a time
    RESET = "reset"  # no answer but a RST
    HANG = "hang"  # no answer, and the connection stays open


@dataclass(frozen=True, slots=True)
class Answer:
    """What one request gets."""

    manner: Manner = Manner.ANSWER
    status: int = OK
    retry_after_seconds: int | None = None
    # What a local application said, if the request was passed on to one.
    application: str | None = None
    body: str = ""

    def __str__(self) -> str:
        if self.manner in {Manner.RESET, Manner.HANG}:
            return self.manner.value
        dripped = ", dripped" if self.manner is Manner.DRIP else ""
        later = "" if self.retry_after_seconds is None else f", retry after {self.retry_after_seconds} s"
        return f"{self.status}{dripped}{later}"


@dataclass(frozen=True, slots=True)
class Misbehaviour:
    """The configured misbehaviour.

    Attributes:
        failure: the failing answer; None to answer every request properly.
        fail_first: number of requests that get it.
        fail_rate: share of requests that get it, 0 to 1.
        delay_seconds: delay of every answer.
    """

    failure: Answer | None = None
    fail_first: int | None = None
    fail_rate: float | None = None
    delay_seconds: float = 0.0

    def answer(self, number: int, *, verified: bool, chance: Callable[[], float]) -> Answer:
        """The answer to a request.

        Args:
            number: of the request, from 1.
            verified: whether its signature is right; a proper answer to one that is not is 401.
            chance: returns a random number from 0 up to 1.
        """
        if self.failure is not None and self._fails(number, chance):
            return self.failure
        return Answer(status=OK if verified else NOT_VERIFIED)

    def _fails(self, number: int, chance: Callable[[], float]) -> bool:
        if self.fail_first is not None:
            return number <= self.fail_first
        return self.fail_rate is None or chance() < self.fail_rate


def misbehaviour(
    *,
    status: int | None,
    retry_after_seconds: int | None,
    drip: bool,
    reset: bool,
    hang: bool,
    fail_first: int | None,
    fail_rate: float | None,
    delay_seconds: float,
) -> Misbehaviour:
    """Build a misbehaviour from the command's options.

    Raises:
        ValueError: it contradicts itself; the message says what to leave out.
    """
    chosen = [manner for manner, wanted in ((Manner.DRIP, drip), (Manner.RESET, reset), (Manner.HANG, hang)) if wanted]
    if len(chosen) > 1:
        raise ValueError(f"--{chosen[0]} and --{chosen[1]} exclude each other; give one of them.")
    if fail_first is not None and fail_rate is not None:
        raise ValueError("--fail-first and --fail-rate exclude each other; give one of them.")
    manner = chosen[0] if chosen else Manner.ANSWER
    if manner in {Manner.RESET, Manner.HANG} and (status is not None or retry_after_seconds is not None):
        raise ValueError(f"With --{manner} there is no answer; leave out --status and --retry-after.")
    fails = bool(chosen) or any(value is not None for value in (status, retry_after_seconds, fail_first, fail_rate))
    # A dripped answer is a failure by itself; any other failure needs a status.
    usual = OK if manner is Manner.DRIP and retry_after_seconds is None else FAILURE
    failure = Answer(manner, usual if status is None else status, retry_after_seconds)
    return Misbehaviour(failure if fails else None, fail_first, fail_rate, delay_seconds)
