"""An entry of the table of a webhook's fields (`app.webhooks.fields`): the name in the API, and the rule."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias, get_type_hints

from app.catalogue.event_type import EventType
from app.errors import Problem
from app.sender.guard import AddressPolicy
from app.webhooks.validation.texts_and_numbers import whole_number


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the rules need to know of the surroundings: the workspace's event types, and where requests may go."""

    event_types: Mapping[str, EventType]
    archived: Collection[str]
    addresses: AddressPolicy
    allow_http: bool


class Asked(NamedTuple):
    """A value that a caller asks for, and everything that a rule may look at.

    Attributes:
        problems: the rule adds problems here.
        stored: the field's value until now.
    """

    problems: list[Problem]
    value: Any
    path: tuple[str, ...]
    stored: Any
    around: Surroundings


Rule: TypeAlias = Callable[[Asked], Any]


@dataclass(frozen=True, slots=True)
class Setting:
    """One field of a webhook.

    Attributes:
        api_name: as in the API, with a full stop if the value is within an object.
        rule: returns the value as it is stored.
        clearable: whether null sets the default; otherwise null is refused.
    """

    api_name: str
    rule: Rule
    clearable: bool = True

    @property
    def path(self) -> tuple[str, ...]:
        """Where the API reports a problem with the value."""
        return tuple(self.api_name.split("."))


def settings_of(table: type) -> dict[str, Setting]:
    """The settings of a class with fields that are all annotated with one, by field name."""
    hints = get_type_hints(table, include_extras=True)
    return {name: next(note for note in hint.__metadata__ if isinstance(note, Setting)) for name, hint in hints.items()}


def as_it_is(asked: Asked) -> Any:
    """The rule of a value that GraphQL has checked already."""
    return asked.value


def plain(check: Callable[..., Any]) -> Rule:
    """A rule that needs only the value: `check` takes the problems, the value and the parts of its path."""
    return lambda asked: check(asked.problems, asked.value, *asked.path)


def between(lowest: int, highest: int, unit: str, what: str) -> Rule:
    """The rule of a whole number with limits; `what` begins the sentence, `unit` ends it, e.g. "seconds"."""
    return lambda asked: whole_number(asked.problems, asked.value, what, lowest, highest, unit, *asked.path)
