"""One change by `apply`: its description for people, and the mutation that makes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from app.statuses import Scope

Changes: TypeAlias = Mapping[str, list[Any]]
"""Changed fields: values before and after, by the field's name in the API. Credentials are masked."""


class Action(StrEnum):
    """What happens to a webhook or an event type."""

    CREATE = "CREATE"
    UPDATE = "UPDATE"
    ARCHIVE = "ARCHIVE"
    DELETE = "DELETE"


@dataclass(frozen=True, slots=True)
class Step:
    """A change.

    Attributes:
        kind: "webhook", "event type" or "contact".
        name: of the webhook or event type, for people.
        id: of a webhook that the server has.
        input: of the mutation. It contains credentials.
    """

    action: Action
    kind: str
    name: str
    changes: Changes
    document: str
    input: Mapping[str, Any] = field(repr=False)
    id: str | None = None

    @property
    def scope(self) -> Scope:
        """The scope that the key needs for this change."""
        return Scope.ADMIN if self.kind == "event type" else Scope.MANAGE

    @property
    def title(self) -> str:
        """The step's subject in one line."""
        return f"{self.kind} {self.name}" + (f" ({self.id})" if self.id else "")
