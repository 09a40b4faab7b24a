"""Values that commands take, checked before a server is called: IDs and times."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

import typer

Choice = TypeVar("Choice", bound=StrEnum)

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, slots=True)
class Label:
    """A text in a webhook's metadata, and its name."""

    name: str
    value: str


def label(text: str) -> Label:
    """The label that an option gives as NAME=VALUE.

    Raises:
        typer.BadParameter: it is not such a text.
    """
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise typer.BadParameter(f'"{text}" is no label; write one such as team=support.')
    return Label(name, value)


def id_of(kind: str, prefix: str) -> Callable[[Any], Any]:
    """The callback of a parameter that takes one or more IDs of a kind; it refuses IDs with another prefix.

    Args:
        kind: such as "webhook", for the message.
        prefix: of the kind's IDs, one of the constants of `app.ids`.
    """

    def checked(value: str | list[str] | None) -> str | list[str] | None:
        for text in [value] if isinstance(value, str) else value or ():
            if not text.startswith(f"{prefix}_"):
                article = "an" if kind[0] in "AEIOUaeiou" else "a"
                raise typer.BadParameter(f"{text} is not {article} {kind}'s id; those begin with {prefix}_.")
        return value

    return checked


def one_of(choices: type[Choice]) -> Callable[[str], Choice]:
    """The parser of a parameter that takes one of an enum's values, in upper or lower case."""

    def parse(text: str) -> Choice:
        try:
            return choices(text.upper())
        except ValueError:
            raise typer.BadParameter(f"{text} is not one of {', '.join(choices)}.") from None

    return parse


def json_object(text: str | None, option: str) -> dict[str, Any]:
    """The object that an option gives as JSON, or as @FILE; empty if it was not given.

    Raises:
        typer.BadParameter: it is not an object.
    """
    import orjson

    try:
        read = orjson.loads(Path(text[1:]).read_bytes() if text.startswith("@") else text) if text else {}
    except OSError as error:
        wrong = f"{error.filename} cannot be read: {error.strerror}."
    except ValueError as error:
        wrong = f"this is no JSON: {error}."
    else:
        if isinstance(read, dict):
            return read
        wrong = "this is no JSON object of settings."
    raise typer.BadParameter(wrong, param_hint=option)


def completion(choices: type[StrEnum]) -> Callable[[str], list[str]]:
    """What a shell offers for a parameter of `one_of`."""
    return lambda incomplete: [choice for choice in choices if choice.startswith(incomplete.upper())]


def moment(text: str) -> datetime:
    """An aware time: from a date (midnight UTC), a time with its offset, or an age such as 30m, 24h or 7d.

    Raises:
        typer.BadParameter: it is not a time.
    """
    found = _date(text) or _age(text) or _time(text)
    if found is None:
        raise typer.BadParameter(
            f'"{text}" is not a time; give a date (2026-11-23, which is midnight UTC), a time with its offset'
            " (2026-11-23T10:00:00Z), or an age (30m, 24h, 7d)."
        )
    return found


def _date(text: str) -> datetime | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _age(text: str) -> datetime | None:
    count, unit = text[:-1], text[-1:]
    if unit not in _UNITS or not (count.isascii() and count.isdigit()):
        return None
    try:
        return datetime.now(UTC) - timedelta(**{_UNITS[unit]: int(count)})
    except (ValueError, OverflowError):
        return None


def _time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if found.tzinfo is None else found
