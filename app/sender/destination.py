"""Where a request goes, read from its URL once: the URL of a webhook comes again with every delivery."""

from dataclasses import dataclass
from functools import lru_cache

import httpx


@dataclass(frozen=True, slots=True)
class Destination:
    """What a connection and a request line need. `host` is ASCII and has no brackets; credentials in the URL are left
    out: they would become an Authorization header that nobody asked for."""

    url: httpx.URL
    scheme: str
    host: str
    port: int
    target: bytes
    """The path and the query, as they stand in the request line."""
    authority: bytes
    """The value of the Host header."""

    @property
    def tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self.scheme == "https"


@lru_cache(maxsize=4096)
def destination_of(url: str) -> Destination:
    """Where the requests to a URL go.

    Raises:
        httpx.InvalidURL: it is none.
    """
    parsed = httpx.URL(url)
    return Destination(
        url=parsed,
        scheme=parsed.scheme,
        host=parsed.raw_host.decode("ascii"),
        port=parsed.port or (443 if parsed.scheme == "https" else 80),
        target=parsed.raw_path,
        authority=parsed.netloc,
    )
