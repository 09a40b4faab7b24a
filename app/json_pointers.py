"""JSON Pointers (RFC 6901): which values of a document they name, and how those are masked. Pure."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeAlias

# The reference tokens of a pointer, decoded.
Tokens: TypeAlias = tuple[str, ...]

# Without leading zeros. No array here has more elements than nine digits can say.
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")


class BadPointer(ValueError):
    """A text that is not a JSON Pointer, or names a whole document. Its text is the reason, as a clause."""


def parse(pointer: str) -> Tokens:
    """The tokens of a pointer.

    Raises:
        BadPointer: it does not begin with a slash, or has a "~" that is not part of "~0" or "~1".
    """
    if not pointer:
        raise BadPointer("it is empty and so names the whole body")
    if not pointer.startswith("/"):
        raise BadPointer('it does not begin with "/"')
    return tuple(_decoded(token) for token in pointer[1:].split("/"))


def _decoded(token: str) -> str:
    if "~" in token.replace("~0", "").replace("~1", ""):
        raise BadPointer('it has a "~" that is not part of "~0" (for "~") or "~1" (for "/")')
    return token.replace("~1", "/").replace("~0", "~")


def mask(document: Any, pointers: Iterable[Tokens], shown: str) -> bool:
    """Replace the values that exist at the pointers, in place; return whether there was one."""
    found = False
    for tokens in pointers:
        parent = _parent(document, tokens)
        if parent is not None:
            container, key = parent
            container[key] = shown
            found = True
    return found


def values(document: Any, pointers: Iterable[Tokens]) -> Iterator[Any]:
    """The values that exist at the pointers."""
    for tokens in pointers:
        parent = _parent(document, tokens)
        if parent is not None:
            container, key = parent
            yield container[key]


def _parent(document: Any, tokens: Sequence[str]) -> tuple[Any, str | int] | None:
    """The object or array that holds the value, and its key or index there; None if there is no such value."""
    here = document
    for token in tokens[:-1]:
        key = _key(here, token)
        if key is None:
            return None
        here = here[key]
    last = _key(here, tokens[-1])
    return None if last is None else (here, last)


def _key(container: Any, token: str) -> str | int | None:
    if isinstance(container, dict):
        return token if token in container else None
    if isinstance(container, list) and _INDEX.fullmatch(token) and int(token) < len(container):
        return int(token)
    return None
