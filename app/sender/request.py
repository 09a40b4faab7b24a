"""Builds the request that `Sender` takes: httpx's own, with the settings of its webhook as extensions.

Everything goes out exactly as given here: the transport adds no header and changes none.
"""

from collections.abc import Sequence

import httpx

from app.sender.destination import destination_of
from app.sender.guard import Network


def build_request(
    method: str,
    url: str,
    headers: Sequence[tuple[str, str]],
    body: bytes,
    *,
    timeout_seconds: float,
    verify_ssl: bool = True,
    ip_allowlist: tuple[Network, ...] = (),
) -> httpx.Request:
    """Return a request with Host and Content-Length set.

    `timeout_seconds` is for the whole exchange, from the look-up of the name to the last byte of the answer.

    Raises:
        httpx.InvalidURL: `url` is not one.
        UnicodeEncodeError: a header's name is not ASCII.
    """
    destination = destination_of(url)
    encoded = [(name.encode("ascii"), value.encode()) for name, value in headers]
    request = httpx.Request(
        method,
        destination.url,
        headers=[(b"Host", destination.authority), *encoded, (b"Content-Length", b"%d" % len(body))],
        # Given `content`, httpx would look for these two headers itself, which takes longer than all the rest.
        stream=httpx.ByteStream(body),
        extensions={
            "destination": destination,
            "timeout_seconds": timeout_seconds,
            "verify_ssl": verify_ssl,
            "ip_allowlist": ip_allowlist,
        },
    )
    request.read()
    return request
