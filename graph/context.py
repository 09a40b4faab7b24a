"""The context of resolvers: the caller, the server's services, and loaders of the operation."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import strawberry

from app.access.caller import NOBODY, Caller
from app.resources import Resources
from app.trace_context import TraceContext
from graph.early import EarlyAnswer
from graph.loaders import Loaders
from graph.plain import PlainFields
from graph.stream_state import StreamState


@dataclass(slots=True)
class Context:
    """Context of one operation. A socket also has one, from which those of its operations are derived."""

    resources: Resources
    loaders: Loaders
    source_address: str | None
    token: str = field(default="", repr=False)
    # The trace that an HTTP request belongs to; a socket's operations have none.
    trace: TraceContext | None = None
    caller: Caller = NOBODY
    stream: StreamState = field(default_factory=StreamState)
    # Filled in by Strawberry: the payload of a socket's connection_init.
    connection_params: dict[str, Any] | None = field(default=None, repr=False)
    # The session token in the cookie of a socket that one of our own pages opened.
    session: str = field(default="", repr=False)
    # Of the document that is run, if it is kept.
    plain: PlainFields | None = field(default=None, repr=False)
    # For a socket: gives back its place among those that have not sent connection_init.
    leave: Callable[[], object] = field(default=lambda: None, repr=False)
    # For a socket: waits until it is its turn among those that have just connected.
    turn: Callable[[], Awaitable[None]] | None = field(default=None, repr=False)

    async def authenticate(self, token: str) -> None:
        """Set the caller to the holder of an API key or access token.

        Raises:
            Unauthenticated: there is none, or it is not valid.
            Forbidden: it may not be used from this address.
        """
        self.caller = await self.resources.authenticator.authenticate(token, self.source_address)
        self.token = token
        self.forget()

    async def authenticate_again(self) -> None:
        """Raise, as `authenticate` does, if the credentials have been revoked or have expired since."""
        self.caller = await self.resources.authenticator.authenticate(self.token, self.source_address)

    @property
    def early(self) -> EarlyAnswer:
        """What this operation has written; its loaders wait for the commit."""
        return self.loaders.early

    def count(self) -> None:
        """Count one request against the rate of the caller's key.

        Raises:
            RateLimited: the rate is exceeded.
        """
        if self.caller.api_key_id is not None:
            self.resources.rates.requests.take(self.caller.api_key_id)

    def charge(self, cost: int) -> None:
        """Take the cost of one operation from the budget of the caller's key. Catching up for a follower, for which the
        server reads again, is free.

        Raises:
            RateLimited: less is left.
        """
        if self.caller.api_key_id is not None and self.stream.until is None:
            self.resources.rates.cost.take(self.caller.api_key_id, cost)

    def cost_told(self, requested: int) -> dict[str, dict[str, int | None]]:
        """`extensions` of an answer: the cost of the operation, and the budget of the caller's key."""
        budget = self.resources.rates.cost
        remaining = budget.left(self.caller.api_key_id or "")
        told: dict[str, int | None] = {
            "requested": requested,
            "maximum": self.resources.settings.max_query_cost,
            "remaining": remaining,
            "restoresPerSecond": None if remaining is None else budget.per_second,
        }
        return {"cost": told}

    def for_operation(self) -> "Context":
        """Context of one operation on this socket, with its own loaders."""
        return replace(self, loaders=self.loaders.fresh(self.caller), stream=StreamState(), plain=None)

    def forget(self) -> None:
        """Discard what was loaded, after a write or before the next message of a subscription."""
        self.loaders = self.loaders.fresh(self.caller)


Info: TypeAlias = strawberry.Info[Context, None]
