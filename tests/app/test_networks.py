from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import Problem, UserErrorCode
from app.networks import MAX_NETWORKS, parse_networks


def test_networks_come_out_in_order_and_once() -> None:
    problems: list[Problem] = []

    networks = parse_networks(problems, ["203.0.113.0/24", " 198.51.100.7 ", "2001:db8::/32", "198.51.100.7/32"], "It")

    assert problems == []
    assert networks == (ip_network("203.0.113.0/24"), ip_network("198.51.100.7/32"), ip_network("2001:db8::/32"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "203.0.113.5/24",
            '"203.0.113.5/24" has bits set behind its prefix; write 203.0.113.0/24 for the network, or 203.0.113.5'
            " for the address.",
        ),
        (
            "2001:db8::1/32",
            '"2001:db8::1/32" has bits set behind its prefix; write 2001:db8::/32 for the network, or 2001:db8::1'
            " for the address.",
        ),
        (
            "example.com",
            '"example.com" is not a network; write it as an address and a prefix length, such as 203.0.113.0/24.',
        ),
        (
            "10.0.0.0/33",
            '"10.0.0.0/33" is not a network; write it as an address and a prefix length, such as 203.0.113.0/24.',
        ),
        ("", '"" is not a network; write it as an address and a prefix length, such as 203.0.113.0/24.'),
        (
            "fe80::1%eth0",
            '"fe80::1%eth0" is not a network; write it as an address and a prefix length, such as 203.0.113.0/24.',
        ),
    ],
)
def test_what_is_no_network_is_explained_with_what_would_be_right(text: str, message: str) -> None:
    problems: list[Problem] = []

    parse_networks(problems, ["192.0.2.0/24", text], "It", "allowedSources")

    assert problems == [Problem(message, ("allowedSources", "1"), UserErrorCode.INVALID)]


def test_too_many_networks_are_counted() -> None:
    problems: list[Problem] = []

    parse_networks(problems, ["192.0.2.1"] * (MAX_NETWORKS + 1), "The IP allowlist", "ipAllowlist")

    message = "The IP allowlist has 51 networks; at most 50 are allowed."
    assert problems == [Problem(message, ("ipAllowlist",), UserErrorCode.TOO_MANY)]


@given(st.text())
def test_any_text_is_a_network_or_a_problem(text: str) -> None:
    problems: list[Problem] = []

    networks = parse_networks(problems, [text], "It")

    assert len(networks) + len(problems) == 1
