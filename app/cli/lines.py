"""Reads events from lines of JSON (https://github.com/ndjson/ndjson-spec), and gives each an idempotency key. Pure."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson


class BadLine(Exception):
    """A line that is not an event; the message names the line and what it should be."""


@dataclass(frozen=True, slots=True)
class Line:
    """An event as POST /events takes it, with its key and without an end of line; the number of its line, counted from
    1, and the length of that in bytes.
    """

    number: int
    text: bytes
    size: int


def read_lines(lines: Iterable[bytes], prefix: str) -> Iterator[Line]:
    """The events of the lines that are not empty. One without an idempotencyKey gets one made of `prefix`, the line's
    text, and how often the same text came before: so the same file gives the same keys again, also after more lines
    were added at its end. A CloudEvent has its key, which is its source and ID.

    Raises:
        BadLine: a line is no JSON object.
    """
    seen: Counter[str] = Counter()
    for number, text in enumerate(lines, 1):
        stripped = text.strip()
        if not stripped:
            continue
        event = _event(number, stripped)
        digest = hashlib.sha256(stripped).hexdigest()[:32]
        if "specversion" not in event and "idempotencyKey" not in event:
            stripped = _with_key(stripped, f"{prefix}:{digest}:{seen[digest]}", alone=not event)
        seen[digest] += 1
        yield Line(number, stripped, len(text))


def _with_key(text: bytes, key: str, *, alone: bool) -> bytes:
    """The object with another field. The rest stays as it is written, numbers of any length included."""
    return text[:-1] + (b"" if alone else b",") + b'"idempotencyKey":' + orjson.dumps(key) + b"}"


def _event(number: int, text: bytes) -> dict[str, Any]:
    try:
        event = orjson.loads(text)
    except ValueError as error:
        raise BadLine(f"Line {number} is no JSON: {error}.") from None
    if not isinstance(event, dict):
        raise BadLine(
            f'Line {number} is no JSON object; write one such as {{"type": "ticket.created", "data": {{…}}}}.'
        )
    return event
