"""What is kept of the events of one type, and of their attempts, as its workspace has set it.

The settings of each type are in its row, as `packed` writes them. The workspace's row has those of all its types
together, so that a claim reads them with the webhook. Both are null if nothing is set.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from app.json_pointers import Tokens, parse
from app.statuses import KeepBodies


class Keeping(NamedTuple):
    """The settings of one event type.

    Attributes:
        rules: all of them apply.
        days: how long bodies are kept, in days, if DAYS is among the rules.
        redact: JSON Pointers into the bodies of requests and of answers.
    """

    rules: tuple[KeepBodies, ...] = ()
    days: int | None = None
    redact: tuple[str, ...] = ()

    @property
    def until_success(self) -> bool:
        """Whether bodies are emptied once every delivery of the event has succeeded."""
        return KeepBodies.UNTIL_SUCCESS in self.rules

    @property
    def never_responses(self) -> bool:
        """Whether headers and bodies of answers are not stored."""
        return KeepBodies.NEVER_RESPONSES in self.rules

    @property
    def pointers(self) -> tuple[Tokens, ...]:
        """The tokens of the pointers in `redact`."""
        return tuple(parse(pointer) for pointer in self.redact)


# Everything is kept as long as retention allows.
ALL = Keeping()


def plain(keeping: Keeping) -> dict[str, Any] | None:
    """The settings as JSON; None if nothing is set."""
    return None if keeping == ALL else {"rules": keeping.rules, "days": keeping.days, "redact": keeping.redact}


def packed(keeping: Keeping) -> str | None:
    """The text for the column `event_type.keeping`."""
    return None if keeping == ALL else orjson.dumps(plain(keeping)).decode()


def unpacked(text: str | None) -> Keeping:
    """The settings in a column `event_type.keeping`."""
    return ALL if text is None else _of(orjson.loads(text))


@lru_cache(maxsize=1_000)
def by_type(text: str) -> Mapping[str, Keeping]:
    """The settings in a column `workspace.keeping`, by event type."""
    return {name: _of(found) for name, found in orjson.loads(text).items()}


def _of(found: Any) -> Keeping:
    return Keeping(tuple(map(KeepBodies, found["rules"])), found["days"], tuple(found["redact"]))
