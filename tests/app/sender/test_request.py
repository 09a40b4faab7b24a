"""A request contains what it was given, and what the transport has to know about it."""

import httpx
import pytest

from app.sender.destination import destination_of
from app.sender.request import build_request


def test_a_request_carries_the_settings_of_its_webhook() -> None:
    request = build_request(
        "PUT", "https://hooks.example/a?b=c", [("X-A", "1")], b"{}", timeout_seconds=7, verify_ssl=False
    )

    assert request.method == "PUT"
    assert request.url == "https://hooks.example/a?b=c"
    assert request.content == b"{}"
    assert request.headers.multi_items() == [("host", "hooks.example"), ("x-a", "1"), ("content-length", "2")]
    assert request.extensions == {
        "destination": destination_of("https://hooks.example/a?b=c"),
        "timeout_seconds": 7,
        "verify_ssl": False,
        "ip_allowlist": (),
    }


def test_an_empty_body_has_a_length_too() -> None:
    request = build_request("POST", "https://hooks.example/", [], b"", timeout_seconds=7)

    assert request.headers["content-length"] == "0"


@pytest.mark.parametrize("url", ["http://[::1", "http://a:port/", "http://0177.0.0.1/"])
def test_what_is_no_url_is_said_at_once(url: str) -> None:
    with pytest.raises(httpx.InvalidURL):
        build_request("POST", url, [], b"", timeout_seconds=7)


def test_a_header_name_that_is_not_ascii_is_said_at_once() -> None:
    with pytest.raises(UnicodeEncodeError):
        build_request("POST", "https://hooks.example/", [("x-ä", "1")], b"", timeout_seconds=7)
