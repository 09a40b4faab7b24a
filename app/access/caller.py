"""Who is calling: the value that every domain function gets instead of a request."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from app.access.actor import SYSTEM, Actor
from app.errors import Forbidden, Problem, UserErrorCode
from app.statuses import Scope


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated caller. Every query it makes is filtered by `workspace_id`."""

    workspace_id: str
    actor: Actor
    scopes: frozenset[Scope]
    api_key_id: str | None = None
    source_address: str | None = None
    # When the key or token that was presented ends.
    expires_at: datetime | None = None
    # What was presented, hashed: lets a long-lived socket check that it still holds.
    credential_digest: str = field(default="", repr=False)

    def require(self, *any_of: Scope) -> None:
        """Raise `Forbidden`, naming what is missing, unless this caller has one of these scopes."""
        if self.scopes.isdisjoint(any_of):
            held = ", ".join(sorted(self.scopes)) or "none"
            raise Forbidden(f"This needs the scope {' or '.join(any_of)}; the key has {held}.")


def system(workspace_id: str) -> Caller:
    """The server itself, acting for a workspace: what the audit log shows for changes that no person made."""
    return Caller(workspace_id=workspace_id, actor=SYSTEM, scopes=frozenset())


def lacking(caller: Caller, scopes: Sequence[Scope]) -> list[Problem]:
    """A problem for each scope that the caller lacks and so cannot pass on to a key or a token."""
    held = ", ".join(sorted(caller.scopes))
    return [
        Problem(
            f"You do not have the scope {scope} and cannot pass it on; you have {held}.",
            ("scopes", str(index)),
            UserErrorCode.INVALID,
        )
        for index, scope in enumerate(scopes)
        if scope not in caller.scopes
    ]
