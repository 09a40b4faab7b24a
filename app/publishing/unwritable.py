"""Finds the value that prevents data from being serialised as JSON. Pure."""

from collections.abc import Iterator
from typing import Any

_LEAST, _MOST = -(2**63), 2**64 - 1
_MAX_LEVELS = 250


def first_unwritable(data: Any) -> tuple[str, ...]:
    """Path of the first whole number beyond 64 bits or text with half a surrogate pair; empty if the value itself is
    it.
    """
    return next(_unwritable(data, ()), ())


def _unwritable(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if len(path) > _MAX_LEVELS:
        return
    match value:
        case int() if not _LEAST <= value <= _MOST:
            yield path
        case str() if not _is_text(value):
            yield path
        case dict():
            for name, inner in value.items():
                # A name that cannot be written cannot be part of an answer either.
                yield from _unwritable(inner, (*path, name)) if _is_text(name) else iter([path])
        case list():
            for index, inner in enumerate(value):
                yield from _unwritable(inner, (*path, str(index)))


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
