"""Who is calling: the value that every domain function receives instead of a request."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from app.access.actor import SYSTEM, Actor
from app.access.narrowing import EVERYTHING, Narrowing
from app.errors import Forbidden, Problem, UserErrorCode
from app.statuses import Scope


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated caller. Every query it makes is filtered by `workspace_id` and `narrowing`."""

    workspace_id: str
    actor: Actor
    scopes: frozenset[Scope]
    api_key_id: str | None = None
    source_address: str | None = None
    # When the presented key or token expires.
    expires_at: datetime | None = None
    # Whether an access token was presented, which is to give access for a while.
    by_token: bool = False
    # Hash of the presented credential, with which a long-lived socket checks that it is still valid.
    credential_digest: str = field(default="", repr=False)
    # What the presented token is narrowed to.
    narrowing: Narrowing = EVERYTHING

    def require(self, *any_of: Scope) -> None:
        """Raise `Forbidden`, naming the scopes that would do, unless this caller has one of them."""
        if self.scopes.isdisjoint(any_of):
            held = ", ".join(sorted(self.scopes)) or "none"
            raise Forbidden(f"This needs the scope {' or '.join(any_of)}; the key has {held}.")

    def require_whole_workspace(self, what: str) -> None:
        """Raise `Forbidden` if this caller's token is narrowed; `what` only others may do begins the sentence."""
        if self.narrowing.is_narrowed:
            raise Forbidden(f"{what} concerns the whole workspace, and your token is narrowed to a part of it.")


NOBODY = Caller(workspace_id="", actor=SYSTEM, scopes=frozenset())
"""The caller of a socket before it has authenticated: without any right, in no workspace."""


def system(workspace_id: str) -> Caller:
    """The server itself, acting for a workspace: the audit log shows it for changes that no person made."""
    return Caller(workspace_id=workspace_id, actor=SYSTEM, scopes=frozenset())


def granted(held: frozenset[Scope], scope: Scope) -> bool:
    """Whether these scopes allow what one does. READ reads all that there is, feeds included."""
    return scope in held or (scope is Scope.FEED and Scope.READ in held)


def lacking(caller: Caller, scopes: Sequence[Scope]) -> list[Problem]:
    """A problem for each scope that the caller lacks and therefore cannot pass on to a key or a token."""
    held = ", ".join(sorted(caller.scopes))
    return [
        Problem(
            f"You do not have the scope {scope} and cannot pass it on; you have {held}.",
            ("scopes", str(index)),
            UserErrorCode.INVALID,
        )
        for index, scope in enumerate(scopes)
        if not granted(caller.scopes, scope)
    ]
