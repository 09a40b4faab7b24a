"""The destination of a URL is parsed once, without credentials and fragments."""

import pytest

from app.sender.destination import destination_of


@pytest.mark.parametrize(
    ("url", "tls", "host", "port", "target", "authority"),
    [
        ("https://hooks.example", True, "hooks.example", 443, b"/", b"hooks.example"),
        ("http://hooks.example:8080/a?b=c#d", False, "hooks.example", 8080, b"/a?b=c", b"hooks.example:8080"),
        ("https://user:pass@[2001:db8::1]/", True, "2001:db8::1", 443, b"/", b"[2001:db8::1]"),
        ("https://bücher.example/ü", True, "xn--bcher-kva.example", 443, b"/%C3%BC", b"xn--bcher-kva.example"),
    ],
)
def test_a_url_is_taken_apart(url: str, tls: bool, host: str, port: int, target: bytes, authority: bytes) -> None:
    found = destination_of(url)

    assert (found.tls, found.host, found.port, found.target, found.authority) == (tls, host, port, target, authority)
