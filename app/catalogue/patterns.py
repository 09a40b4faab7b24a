"""Names of event types, and the patterns by which a webhook selects them. Pure: text in, yes or no out.

A name is dotted and lower-case (`ticket.created`). A pattern is `*` (everything but the server's own alerts), a name,
or the beginning of names up to a dot (`ticket.*`, `conversation.sla.*`), which matches every name below it, however
deep. This module does not know which event types exist.
"""

import re
from collections.abc import Iterable

MAX_NAME_LENGTH = 100

_SEGMENT = r"[a-z][a-z0-9_]*"
_NAME = re.compile(rf"{_SEGMENT}(?:\.{_SEGMENT}){{1,5}}")
_FAMILY = re.compile(rf"{_SEGMENT}(?:\.{_SEGMENT}){{0,4}}\.\*")
_EVERYTHING = "*"
# The server's own alerts. `*` leaves them out: a receiver of a customer's events does not expect them.
OPERATIONAL = frozenset(
    {
        "webhook.failing",
        "webhook.disabled",
        "webhook.recovered",
        "delivery.exhausted",
        "backlog.growing",
        "secret.expiring",
    }
)


def is_name(text: str) -> bool:
    """Whether `text` can name an event type: 2 to 6 segments of a letter and then letters, digits and underscores, all
    lower-case ASCII, joined by dots, at most 100 characters in all."""
    return len(text) <= MAX_NAME_LENGTH and _NAME.fullmatch(text) is not None


def is_pattern(text: str) -> bool:
    """Whether `text` is `*`, a name, or the beginning of names followed by `.*`."""
    return (
        text == _EVERYTHING or is_name(text) or (len(text) <= MAX_NAME_LENGTH and _FAMILY.fullmatch(text) is not None)
    )


def matches(pattern: str, name: str) -> bool:
    """Whether a webhook with this one pattern receives events of this name."""
    return compile_patterns([pattern]).matches(name)


class Matcher:
    """Matches a name against many patterns at once."""

    __slots__ = ("_everything", "_names", "_prefixes")

    def __init__(self, patterns: Iterable[str]) -> None:
        """`patterns` are valid by `is_pattern`; an empty list matches nothing."""
        wanted = frozenset(patterns)
        self._everything = _EVERYTHING in wanted
        self._prefixes = tuple(pattern.removesuffix("*") for pattern in wanted if pattern.endswith(".*"))
        self._names = wanted

    def matches(self, name: str) -> bool:
        """Whether at least one of the patterns matches `name`."""
        everything = self._everything and name not in OPERATIONAL
        return everything or name in self._names or name.startswith(self._prefixes)


def compile_patterns(patterns: Iterable[str]) -> Matcher:
    """`patterns`, compiled for repeated matching."""
    return Matcher(patterns)
