"""How far one request got: noted along the way, read when something goes wrong or when a person wants to see where it
breaks.
"""

from dataclasses import dataclass, field
from time import perf_counter
from typing import Literal


@dataclass(slots=True)
class Exchange:
    """One request in progress. Times are seconds of `perf_counter`; None if that stage was not reached."""

    host: str
    port: int
    tls: bool
    timeout_seconds: float
    started: float = field(default_factory=perf_counter)
    resolving: float | None = None
    """None if the host is an address, and on a kept connection."""
    resolved: float | None = None
    addresses: tuple[str, ...] | None = None
    """What the host's name resolved to."""
    tried: dict[str, None] = field(default_factory=dict)
    """Addresses to which a connection was tried, each once, in order."""
    blocked: dict[str, str] = field(default_factory=dict)
    """Addresses that the guard refused, each with the reason."""
    port_blocked: str | None = None
    """Why the guard refused the port, at every address."""
    proxy: Literal["away", "reached"] | None = None
    """Whether there is a connection to the proxy; None without a proxy."""
    remote_address: str | None = None
    """The address of the connection that the request was sent on, or else the last one tried."""
    kept_connection: bool = False
    """The connection had served an earlier request."""
    sent_again: bool = False
    """A kept connection ended before any answer, and the request was sent once more on a new one."""
    heard: bool = False
    """Part of an answer has arrived."""
    connected: float | None = None
    secured: float | None = None
    tls_version: str | None = None
    certificate: bytes | None = None
    """DER."""
    sent: float | None = None
    status: int | None = None
    """Status of the answer, once received."""
    headers_came: float | None = None
    body_bytes: int = 0
    ended: float | None = None

    def after(self, moment: float) -> float:
        """Return the seconds from the start to a moment."""
        return moment - self.started
