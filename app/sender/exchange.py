"""How far one request has come: written down on the way, read when something goes wrong or the answer is recorded.

The guard, the connection and the answer are met inside aiohttp, which has no place to hand anything through; a context
variable is that place.
"""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import perf_counter


@dataclass(slots=True)
class Exchange:
    """One request on its way. Times are seconds since `started` (perf_counter); None where it has not come so far."""

    host: str
    port: int
    tls: bool
    timeout_seconds: float
    may_keep: Callable[[], bool]
    """Asked when the connection is done with: whether to keep it for a later request."""
    started: float = field(default_factory=perf_counter)
    tried: dict[str, None] = field(default_factory=dict)
    """Addresses a connection was tried to, each once, in that order."""
    blocked: dict[str, str] = field(default_factory=dict)
    """Addresses that the guard refused, each with the reason."""
    remote_address: str | None = None
    """The address of the connection that the request went out on, or else the last one tried."""
    kept_connection: bool = False
    """The connection had served an earlier request."""
    connected_after: float | None = None
    headers_after: float | None = None
    body_bytes: int = 0

    def elapsed(self) -> float:
        """Return the seconds since the start."""
        return perf_counter() - self.started


current_exchange: ContextVar[Exchange] = ContextVar("current_exchange")
