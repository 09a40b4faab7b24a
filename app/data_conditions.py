"""What is in an event's data or its text, as conditions on rows: the same SQL for both databases.

`json(…)` is a cast on PostgreSQL and a function on SQLite; `->` gives an object's member as JSON text on both. Values
are compared as that text, so only scalars can be.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson

Condition: TypeAlias = tuple[str, tuple[Any, ...]]
Scalar: TypeAlias = str | int | float | bool

# Names of members, without what a JSON path of SQLite gives a meaning to.
_PATH = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,99}(\.[A-Za-z_][A-Za-z0-9_-]{0,99}){0,9}")


@dataclass(frozen=True, slots=True)
class DataCondition:
    """An event whose data has this value at this path of member names, e.g. ticket.id."""

    path: str
    equals: Scalar


def is_path(text: str) -> bool:
    """Whether a text is a path that can be compared: 1 to 10 names of letters, digits, _ and -, joined by dots."""
    return _PATH.fullmatch(text) is not None


def of_data(body: str, asked: DataCondition) -> Condition:
    """Rows whose body, an SQL expression, has the value in its data."""
    members = "".join(f" -> '{name}'" for name in asked.path.split("."))
    spellings = _spellings(asked.equals)
    places = ", ".join("?" * len(spellings))
    return (f"CAST(json({body}) -> 'data'{members} AS TEXT) IN ({places})", tuple(spellings))


def of_text(body: str, text: str) -> Condition:
    """Rows whose body has this text, ignoring case, spelled as JSON spells it."""
    lowered = f"lower({body}) LIKE ? ESCAPE '\\'"
    if text.isascii():
        return (lowered, (_anywhere(text.lower()),))
    # Databases may lower ASCII letters only.
    return (f"({lowered} OR {body} LIKE ? ESCAPE '\\')", (_anywhere(text.lower()), _anywhere(text)))


def _anywhere(text: str) -> str:
    """The pattern of LIKE for text that has this text in it, spelled as JSON spells it."""
    spelled = orjson.dumps(text).decode()[1:-1]
    escaped = spelled.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _spellings(value: Scalar) -> Sequence[str]:
    """The JSON texts that mean a value: 5 is written as 5 and as 5.0."""
    spelled: list[Scalar] = [value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        spelled.append(int(value))
    elif isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53:
        spelled.append(float(value))
    return [orjson.dumps(spelling).decode() for spelling in spelled]
