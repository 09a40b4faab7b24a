"""The rules for values that depend on nothing else: descriptions, numbers with limits, metadata."""

import json
import unicodedata
from collections.abc import Sequence
from typing import Any

import orjson

from app.catalogue.explanation import quoted
from app.errors import Problem, UserErrorCode
from app.texts import too_long

# A few paragraphs. Longer texts belong in a wiki that the description links to.
MAX_DESCRIPTION_CHARACTERS = 2_000
# Returned with every webhook of every page; enough for a hundred labels.
MAX_METADATA_BYTES = 10_240
# A retry policy is read at every failed attempt; the default has nine delays.
MAX_RETRY_DELAYS = 20
MAX_RETRY_DELAY_SECONDS = 7 * 24 * 3600

_UNSTORABLE = frozenset({"Cc", "Cs"})
_WHITE_SPACE_IN_TEXTS = frozenset("\t\n\r")


def description(problems: list[Problem], text: str, *path: str) -> str | None:
    """A multi-line text; None for an empty one."""
    text = text.strip()
    odd = next((character for character in text if _is_unstorable(character)), None)
    if odd is not None:
        message = f"The description has the control character U+{ord(odd):04X}; leave it out."
        problems.append(Problem(message, path, UserErrorCode.INVALID))
    elif len(text) > MAX_DESCRIPTION_CHARACTERS:
        problems.append(too_long("The description", len(text), MAX_DESCRIPTION_CHARACTERS, path))
    return text or None


def whole_number(
    problems: list[Problem], value: int, what: str, lowest: int, highest: int, unit: str, *path: str
) -> int:
    """A number with limits; `what` begins the sentence, `unit` ends it, e.g. "seconds"."""
    if not lowest <= value <= highest:
        message = f"{what} is {value}; it must be {lowest} to {highest} {unit}."
        problems.append(Problem(message, path, UserErrorCode.INVALID))
    return value


def retry_delays(problems: list[Problem], delays: Sequence[int], *path: str) -> tuple[int, ...]:
    """The delays before the 2nd, 3rd … attempt, in seconds. An empty list means one attempt and no retry."""
    if len(delays) > MAX_RETRY_DELAYS:
        message = f"The retry policy has {len(delays)} delays; at most {MAX_RETRY_DELAYS} are allowed."
        problems.append(Problem(message, path, UserErrorCode.TOO_MANY))
        return tuple(delays)
    for index, delay in enumerate(delays):
        what = f"Retry delay {index + 1}"
        whole_number(problems, delay, what, 1, MAX_RETRY_DELAY_SECONDS, "seconds (at most 7 days)", *path, str(index))
    return tuple(delays)


def metadata(problems: list[Problem], value: Any, *path: str) -> dict[str, Any]:
    """A JSON object for the caller's own use; returned unchanged."""
    if not isinstance(value, dict):
        message = f'The metadata is {_kind(value)}; it must be a JSON object such as {{"team": "billing"}}.'
        problems.append(Problem(message, path, UserErrorCode.INVALID))
        return {}
    size = json_size(value)
    if size is None:
        message = (
            "The metadata has a value that JSON cannot carry; use text without lone surrogates, finite numbers, whole"
            " numbers of at most 64 bits, and at most 250 levels."
        )
        problems.append(Problem(message, path, UserErrorCode.INVALID))
    elif size > MAX_METADATA_BYTES:
        message = f"The metadata has {size} bytes as JSON; at most {MAX_METADATA_BYTES} are allowed."
        problems.append(Problem(message, path, UserErrorCode.TOO_LONG))
    return value


def json_size(value: dict[str, Any]) -> int | None:
    """Size of an object as JSON, in bytes; None if JSON cannot represent it."""
    try:
        size = len(orjson.dumps(value))
        json.dumps(value, allow_nan=False)  # orjson writes null for what is not finite
    except (TypeError, ValueError, RecursionError):
        return None
    return size


def _is_unstorable(character: str) -> bool:
    return character not in _WHITE_SPACE_IN_TEXTS and unicodedata.category(character) in _UNSTORABLE


def _kind(value: object) -> str:
    return "null" if value is None else quoted(value)
