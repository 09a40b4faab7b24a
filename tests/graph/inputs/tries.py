"""A row of the table: a value of one input field, and whether it is accepted or how it is refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias


class Kind(StrEnum):
    """What is special about a value."""

    EMPTY = "empty"
    TOO_LONG = "too long"
    OTHER_TYPE = "another JSON type, where the schema takes any"
    OTHER_UNIT = "another unit"
    CONTROL = "a control character"
    LOOK_ALIKE = "letters that look like others"
    AT_LIMIT = "at a limit"
    PAST_LIMIT = "past a limit"
    UNKNOWN = "not there"


@dataclass(frozen=True)
class Try:
    """A value, and the expected result.

    Attributes:
        code: of the userError; None if the value is accepted.
        says: what its message contains: the value or what is wrong with it, and the limit or what would be right.
        below: path within the value, e.g. the index of an item.
        beside: other fields of the same input that this value needs.
    """

    kind: Kind
    value: Any
    code: str | None = None
    says: Sequence[str] = ()
    below: tuple[str, ...] = ()
    beside: Mapping[str, Any] = field(default_factory=dict)


Table: TypeAlias = dict[str, list[Try]]

# Each looks like another character.
CYRILLIC_O, FULLWIDTH_T, FULLWIDTH_2, INVISIBLE = "\u043e", "\uff54", "\uff12", "\u200b"
# JSON with more levels than can be written.
DEEP: dict[str, Any] = {"a": []}
for _ in range(300):
    DEEP = {"a": DEEP}


def taken(kind: Kind, value: Any, **beside: Any) -> Try:
    """A valid value."""
    return Try(kind, value, beside=beside)


def refused(kind: Kind, value: Any, code: str, *says: str, below: tuple[str, ...] = (), **beside: Any) -> Try:
    """An invalid value."""
    return Try(kind, value, code, says, below, beside)


def no_such(noun: str, prefix: str, within: str = "workspace") -> list[Try]:
    """Texts that are not the ID of such a thing."""
    right = f"give the id of one in this {within}"
    unknown = f"{prefix}_01jd7k3m9pegxv0t5c8h2n4w6z"
    says = f"No {noun} has the id "
    return [
        refused(Kind.EMPTY, "", "NOT_FOUND", f'{says}""', right),
        refused(Kind.TOO_LONG, f"{prefix}_{'0' * 300}", "NOT_FOUND", f'{says}"{prefix}_000', right),
        refused(Kind.CONTROL, f"{prefix}_\0\n", "NOT_FOUND", f'{says}"{prefix}_\\u0000\\n"', right),
        refused(Kind.LOOK_ALIKE, f"{prefix}_{CYRILLIC_O}", "NOT_FOUND", f'{says}"{prefix}_{CYRILLIC_O}"', right),
        refused(Kind.UNKNOWN, unknown, "NOT_FOUND", f'{says}"{unknown}"', right),
    ]


def number(lowest: int, highest: int, unit: str, *, other_unit: int | None) -> list[Try]:
    """A whole number with limits; `other_unit` is a value by a person who assumes another unit."""
    limits = [f"{lowest} to {highest}", unit]
    others = () if other_unit is None else (refused(Kind.OTHER_UNIT, other_unit, "INVALID", str(other_unit), *limits),)
    return [
        taken(Kind.AT_LIMIT, lowest),
        taken(Kind.AT_LIMIT, highest),
        refused(Kind.PAST_LIMIT, lowest - 1, "INVALID", str(lowest - 1), *limits),
        refused(Kind.PAST_LIMIT, highest + 1, "INVALID", str(highest + 1), *limits),
        refused(Kind.PAST_LIMIT, -(2**31), "INVALID", str(-(2**31)), *limits),
        *others,
    ]
