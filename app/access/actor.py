"""Who acts: the person, key, token or program named by the audit log and by operations."""

from dataclasses import dataclass

from app.statuses import ActorKind

# Both fit the audit log's line together with the rest of it.
MAX_ACTOR_CHARACTERS = 100


@dataclass(frozen=True, slots=True)
class Actor:
    """Who made a change.

    Args:
        id: the API key's ID, or the platform's identifier of a person; None for the server and the command line.
        name: a name to show; None if there is none.
    """

    kind: ActorKind
    id: str | None = None
    name: str | None = None

    @classmethod
    def of_row(cls, kind: str | None, id_: str | None, name: str | None) -> "Actor":
        """The actor that a row names; the server itself if it names none."""
        return cls(ActorKind(kind or ActorKind.SYSTEM), id_, name)

    def __str__(self) -> str:
        if self.id is None:
            return self.name or _WORDS[self.kind]
        return f"{self.name} ({self.id})" if self.name else self.id


_WORDS = {kind: kind.value.lower().replace("_", " ") for kind in ActorKind}

SYSTEM = Actor(ActorKind.SYSTEM)
COMMAND_LINE = Actor(ActorKind.COMMAND_LINE)
