"""What resolvers are given beside their arguments: who calls, what the server holds open, and loaders of their own."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import strawberry

from app.access.caller import Caller
from app.resources import Resources
from graph.early import EarlyAnswer
from graph.place import Place

if TYPE_CHECKING:
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

    @property
    def early(self) -> EarlyAnswer:
        """What this operation has written, for whose commit its loaders wait."""
        return self.loaders.early

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
