"""Builds the request that `Sender` takes: httpx's own, with the settings of its webhook as extensions.

Everything is sent exactly as given here: the transport adds no header and changes none.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import httpx

from app.sender.destination import destination_of
from app.sender.guard import Network


class ReadyRequest(httpx.Request):
    """An `httpx.Request` with nothing left to complete. httpx's own constructor looks for missing parts, writes each
    header in three forms and checks types, which takes longer than signing.
    """

    def __init__(
        self,
        method: str,
        url: httpx.URL,
        raw_headers: Sequence[tuple[bytes, bytes]],
        body: bytes,
        extensions: dict[str, Any],
    ) -> None:
        self.method = method
        self.url = url
        self.raw_headers = raw_headers
        self.stream = httpx.ByteStream(body)
        self.extensions = extensions
        self._content = body

    @cached_property
    def headers(self) -> httpx.Headers:  # type: ignore[override]
        """The headers as `httpx.Headers`, built on demand."""
        return httpx.Headers(list(self.raw_headers))


def build_request(
    method: str,
    url: str,
    headers: Sequence[tuple[str, str]],
    body: bytes,
    *,
    timeout_seconds: float,
    verify_ssl: bool = True,
    ip_allowlist: tuple[Network, ...] = (),
) -> ReadyRequest:
    """Return a request with Host and Content-Length set.

    `timeout_seconds` covers the whole exchange, from the look-up of the name to the last byte of the answer.

    Raises:
        httpx.InvalidURL: `url` is not one.
        UnicodeEncodeError: a header's name is not ASCII.
    """
    destination = destination_of(url)
    encoded = [(name.encode("ascii"), value.encode()) for name, value in headers]
    return ReadyRequest(
        method,
        destination.url,
        [(b"Host", destination.authority), *encoded, (b"Content-Length", b"%d" % len(body))],
        body,
        {
            "destination": destination,
            "timeout_seconds": timeout_seconds,
            "verify_ssl": verify_ssl,
            "ip_allowlist": ip_allowlist,
        },
    )
