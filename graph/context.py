"""What resolvers are given beside their arguments: who calls, what the server holds open, and loaders of their own."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import strawberry

from app.access.caller import Caller
from app.group_commit import Commit
from app.resources import Resources
from graph.place import Place

if TYPE_CHECKING:
    from graph.held import Held
    from graph.loaders import Loaders

NOBODY = Caller(workspace_id="", actor="nobody", scopes=frozenset())
"""Who calls before a socket has said who it is: without any right, in no workspace."""


@dataclass(slots=True)
class Context:
    """One operation's context. A socket has one too, from which those of its operations are made."""

    resources: Resources
    loaders: "Loaders"
    source_address: str | None
    token: str = field(default="", repr=False)
    caller: Caller = NOBODY
    place: Place = field(default_factory=Place)
    # Where the answer may be made before what it tells of is committed: whoever runs the operation holds it until then.
    held: "Held | None" = None
    # Filled in by Strawberry: the payload of a socket's connection_init.
    connection_params: dict[str, Any] | None = field(default=None, repr=False)

    async def authenticate(self, token: str) -> None:
        """Let the holder of a key or access token call from now on.

        Raises:
            Unauthenticated: there is none, or it is not valid.
            Forbidden: it may not be used from this address.
        """
        self.caller = await self.resources.authenticator.authenticate(token, self.source_address)
        self.token = token
        self.forget()

    async def authenticate_again(self) -> None:
        """Raise, as `authenticate` does, where what was presented has been revoked or has expired since."""
        self.caller = await self.resources.authenticator.authenticate(self.token, self.source_address)

    def holding(self, info: "Info") -> Callable[[Commit], None] | None:
        """What a field gives its commit to, to go on while it is under way; None where it has to wait for it."""
        return None if self.held is None else self.held.by(info)

    async def committed(self) -> None:
        """Wait until what this operation has written can be read."""
        if self.held is not None:
            await self.held.committed()

    def count(self) -> None:
        """Count one request against the rate of the caller's key.

        Raises:
            RateLimited: it is one too many.
        """
        if self.caller.api_key_id is not None:
            self.resources.limiter.take(self.caller.api_key_id)

    def for_operation(self) -> "Context":
        """The context of one operation on this socket: what it loads is its own."""
        return replace(self, loaders=self.loaders.fresh(self.caller), place=Place())

    def forget(self) -> None:
        """Load everything anew from here on: something was written, or a subscription's next message begins."""
        self.loaders = self.loaders.fresh(self.caller)


Info: TypeAlias = strawberry.Info[Context, None]
