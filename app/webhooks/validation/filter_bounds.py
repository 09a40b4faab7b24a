"""Bounds the work of a filter by restricting its syntax, because CEL's evaluation has no limit of its own.

A filter runs for every event of its types while the publisher waits. Nested macros over the same list multiply, and
sums of sums fill memory. Here, macros only descend into the data, each reads only its own element, nothing is
multiplied, and regular expressions are few and stand outside macros. The work therefore grows with the size of the
event and no faster. This module reads tokens only, because the parser has already checked that they form an expression.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from app.catalogue.explanation import cut, quoted
from app.expressions import cel

# Each may double a text.
MAX_PLUS = 10
# Each compiles its regular expression again for every event: up to 30 ms for the largest that the engine accepts.
MAX_MATCHES = 2

EVENT_FIELDS = frozenset({"id", "type", "timestamp"})
_MACROS = frozenset({"all", "exists", "exists_one", "existsOne", "filter"})
_NO_VARIABLES = frozenset(
    {
        *("true", "false", "null", "in", "has"),
        *("bool", "bytes", "double", "duration", "int", "list", "map", "null_type", "string", "uint"),
    }
)

# https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax
_TOKEN = re.compile(
    r"""
      (?P<space>\s+|//[^\n]*)
    | (?P<text>[bB]?[rR](?:\"{3}.*?\"{3}|'{3}.*?'{3}|\"[^\"\n]*\"|'[^'\n]*')
        |[bB]?(?:\"{3}(?:\\.|[^\\])*?\"{3}|'{3}(?:\\.|[^\\])*?'{3}|\"(?:\\.|[^\\\"\n])*\"|'(?:\\.|[^\\'\n])*'))
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<number>0x[0-9A-Fa-f]+u?|[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?[uU]?)
    | (?P<mark>.)
    """,
    re.VERBOSE | re.DOTALL,
)


class FilterRefused(Exception):
    """The expression cannot be a webhook's filter; the message says why, and what to write instead."""


class _Token(NamedTuple):
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class _Bracket:
    """An open bracket: of a macro, with its element variable and the root of its range, or any other."""

    macro: str | None = None
    variable: str = ""
    root: str = ""


class _Reader:
    """Walks over the tokens and knows, at each, which macro contains it."""

    def __init__(self, tokens: Sequence[_Token]) -> None:
        self._tokens = tokens
        self._open: list[_Bracket] = []
        # Where a call of `filter` closed, and the root of its range: the result is a part of that.
        self._filtered: dict[int, str] = {}

    def read(self) -> None:
        for index, token in enumerate(self._tokens):
            if token.text in {"(", "[", "{"} and token.kind == "mark":
                self._open.append(self._bracket(index))
            elif token.text in {")", "]", "}"} and token.kind == "mark" and self._open:
                closed = self._open.pop()
                if closed.macro == "filter":
                    self._filtered[index] = closed.root
            elif token.kind == "name":
                self._name(index, token.text)

    def _at(self, index: int) -> _Token:
        return self._tokens[index] if 0 <= index < len(self._tokens) else _Token("end", "")

    def _bracket(self, index: int) -> _Bracket:
        name = self._at(index - 1)
        is_call = self._at(index).text == "(" and name.kind == "name"
        if is_call and name.text == "map" and self._at(index - 2).text == ".":
            raise FilterRefused(
                'The filter uses the macro "map", which builds lists; use exists, all or filter instead.'
            )
        if not is_call or name.text not in _MACROS or self._at(index - 2).text != ".":
            return _Bracket()
        root = self._root(index - 3)
        inside = self._macro()
        if root is None or root != (inside.variable if inside else "data"):
            start = inside.variable if inside else "data"
            raise FilterRefused(
                f'The macro "{name.text}" can only go over a path that begins with {quoted(start)}, such as'
                f" {start}.items, so that the work stays in proportion to the event."
            )
        return _Bracket(name.text, self._at(index + 1).text, root)

    def _root(self, index: int) -> str | None:
        """The name that the path ending at `index` begins with; None if it is not a path."""
        while True:
            token = self._at(index)
            if index in self._filtered:
                return self._filtered[index]
            if token.text == "]" and self._at(index - 2).text == "[" and self._at(index - 1).kind in {"text", "number"}:
                index -= 3
            elif token.kind != "name":
                return None
            elif self._at(index - 1).text == ".":
                index -= 2
            else:
                return token.text

    def _macro(self) -> _Bracket | None:
        return next((bracket for bracket in reversed(self._open) if bracket.macro), None)

    def _name(self, index: int, name: str) -> None:
        called = self._at(index + 1).text == "("
        inside = self._macro()
        if called and name == "matches":
            self._matches(index, inside)
        if called or name in _NO_VARIABLES or self._is_field(index):
            return
        if self._at(index - 1).text == ".":
            raise FilterRefused(f'The filter has a "." before {quoted(name)}; leave it out.')
        known = EVENT_FIELDS | ({inside.variable} if inside else {"data"})
        if name not in known:
            names = ", ".join(sorted(known))
            where = f"inside {inside.macro}(…) " if inside else ""
            raise FilterRefused(f"The filter uses {quoted(name)}, but {where}there are only the variables {names}.")

    def _is_field(self, index: int) -> bool:
        before = self._at(index - 2)
        return self._at(index - 1).text == "." and (before.kind in {"name", "text"} or before.text in {")", "]", "}"})

    def _matches(self, index: int, inside: _Bracket | None) -> None:
        if inside:
            raise FilterRefused(
                f'The filter uses "matches" inside {inside.macro}(…), where it would run for every element; use'
                " startsWith, endsWith, contains or == there."
            )
        pattern = self._at(index + 2)
        if pattern.kind != "text" or self._at(index + 3).text != ")":
            raise FilterRefused('The regular expression for "matches" must be written out as one text.')
        try:
            cel.compile(f'"".matches({pattern.text})').execute()
        except (RuntimeError, TypeError, ValueError) as error:
            reason = cut(" ".join(str(error).split()))
            raise FilterRefused(f"The regular expression {cut(pattern.text)} is not valid: {reason}") from None


def require_bounded(expression: str) -> None:
    """Raise `FilterRefused` if a valid CEL expression names an unknown variable or could do unbounded work."""
    tokens = [token for token in _tokens(expression) if token.kind != "space"]
    _Reader(tokens).read()
    for text, most in (("+", MAX_PLUS), ("matches", MAX_MATCHES)):
        count = sum(token.text == text and token.kind != "text" for token in tokens)
        if count > most:
            raise FilterRefused(f"The filter uses {quoted(text)} {count} times; at most {most} are allowed.")


def _tokens(expression: str) -> Iterator[_Token]:
    for found in _TOKEN.finditer(expression):
        yield _Token(str(found.lastgroup), found.group())
