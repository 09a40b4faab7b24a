"""Reads events from lines of JSON (https://github.com/ndjson/ndjson-spec), gives each an idempotency key, and forms
batches. Pure."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

# Keeps a batch well below the server's request limit (MAX_REQUEST_BYTES).
MAX_BATCH_BYTES = 512 * 1024


class BadLine(Exception):
    """A line that is not an event; the message names the line and what it should be."""


@dataclass(frozen=True, slots=True)
class Line:
    """An event as PublishEventInput takes it, the number of its line, counted from 1, and its length in bytes."""

    number: int
    event: dict[str, Any]
    size: int


def read_lines(lines: Iterable[bytes], prefix: str) -> Iterator[Line]:
    """The events of the lines that are not empty. One without an idempotencyKey gets one made of `prefix`, the line's
    text, and how often the same text came before: so the same file gives the same keys again, also after more lines
    were added at its end.

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
        event.setdefault("idempotencyKey", f"{prefix}:{digest}:{seen[digest]}")
        seen[digest] += 1
        yield Line(number, event, len(stripped))


def batches(lines: Iterable[Line], most: int, most_bytes: int = MAX_BATCH_BYTES) -> Iterator[list[Line]]:
    """Batches of lines in order, limited in number and size; a larger line is a batch of its own."""
    batch: list[Line] = []
    size = 0
    for line in lines:
        if batch and (len(batch) == most or size + line.size > most_bytes):
            yield batch
            batch, size = [], 0
        batch.append(line)
        size += line.size
    if batch:
        yield batch


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
