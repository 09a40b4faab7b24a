"""Says which failed attempts have the same cause, so that they are one problem. Pure.

A cause is an outcome, an HTTP status and the kind of error. The kind leaves out what differs from attempt to attempt:
addresses, numbers, names of headers, and what is in parentheses. A webhook therefore has a bounded number of problems,
whatever its receiver does: one for each status, and one for each sentence of `app.sender.failure` and
`app.sender.refusals`.
"""

import hashlib
import re
from functools import lru_cache
from http import HTTPStatus
from typing import NamedTuple

from app.statuses import AttemptOutcome

MAX_CHARACTERS = 500

_PHRASES = {status.value: status.phrase for status in HTTPStatus}
# The progress of an attempt; the name of a header; words with a digit, and IPv6 addresses.
_DIFFERS = re.compile(r" ?\([^()]*\)|(?<=\bheader )\S+|\S*\d\S*|\S*:\S*:\S*")
_SEVERAL = re.compile(r"#(?: and #)+")


class Cause(NamedTuple):
    """A cause of failures of one webhook: its key, equal for failures of the same problem, and a sentence."""

    key: str
    text: str


@lru_cache(maxsize=4096)
def cause_of(webhook_id: str, outcome: AttemptOutcome, status: int | None, error: str | None) -> Cause:
    """The cause of a failed attempt.

    Args:
        status: of the response, if there was one.
        error: why there was no complete response; None if there was.
    """
    text = _answered(status) if error is None else error.split("\n", 1)[0][:MAX_CHARACTERS]
    parts = (webhook_id, outcome.value, str(status), "" if error is None else _kind(text))
    return Cause(hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest(), text)


def _kind(error: str) -> str:
    """What an error has in common with others of its kind. Further addresses are behind a semicolon."""
    return _SEVERAL.sub("#", _DIFFERS.sub("#", error.split(";", 1)[0])).rstrip(".")


def _answered(status: int | None) -> str:
    phrase = _PHRASES.get(status or 0)
    return f"The receiver answered {status} {phrase}." if phrase else f"The receiver answered {status}."
