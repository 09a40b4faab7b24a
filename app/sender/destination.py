"""Where a request goes, parsed from its URL once, because the URL of a webhook recurs with every delivery."""

from dataclasses import dataclass
from functools import lru_cache

import httpx


@dataclass(frozen=True, slots=True)
class Destination:
    """What a connection and a request line need. `host` is ASCII and has no brackets. Credentials in the URL are
    dropped, because they would become an Authorization header that was not asked for.
    """

    url: httpx.URL
    scheme: str
    host: str
    port: int
    target: bytes
    """The path and the query, as in the request line."""
    authority: bytes
    """The value of the Host header."""

    @property
    def tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self.scheme == "https"


@lru_cache(maxsize=4096)
def destination_of(url: str) -> Destination:
    """The destination of requests to a URL.

    Raises:
        httpx.InvalidURL: it is not a URL.
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
