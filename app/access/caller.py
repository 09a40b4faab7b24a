"""Who is calling: the value that every domain function gets instead of a request."""

from dataclasses import dataclass, field

from app.errors import Forbidden
from app.statuses import Scope


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated caller. Every query it makes is filtered by `workspace_id`."""

    workspace_id: str
    actor: str
    scopes: frozenset[Scope]
    api_key_id: str | None = None
    source_address: str | None = None
    # What was presented, hashed: lets a long-lived socket check that it still holds.
    credential_digest: str = field(default="", repr=False)

    def require(self, *any_of: Scope) -> None:
        """Raise `Forbidden`, naming what is missing, unless this caller has one of these scopes."""
        if self.scopes.isdisjoint(any_of):
            held = ", ".join(sorted(self.scopes)) or "none"
            raise Forbidden(f"This needs the scope {' or '.join(any_of)}; the key has {held}.")


def system(workspace_id: str) -> Caller:
    """The server itself, acting for a workspace: what the audit log shows for changes that no person made."""
    return Caller(workspace_id=workspace_id, actor="system", scopes=frozenset())
