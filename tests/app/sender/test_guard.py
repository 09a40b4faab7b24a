"""Which addresses may be connected to. The table names what Python's own `is_global` gets wrong."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sender.guard import AddressPolicy, Network, blocked_literal

PRODUCTION = AddressPolicy()
DEVELOPMENT = AddressPolicy(allow_loopback=True)


def networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.215.14", "172.32.0.1", "2606:4700::1111", "2a00:1450::1"])
def test_a_public_address_may_be_connected_to(address: str) -> None:
    assert PRODUCTION.reason_blocked(ip_address(address)) is None


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("0.0.0.0", "this host or network"),
        ("10.1.2.3", "private"),
        ("100.64.0.1", "shared by a provider's customers"),
        ("127.0.0.1", "loopback"),
        ("127.255.255.254", "loopback"),
        ("169.254.1.1", "link-local"),
        ("172.16.0.1", "private"),
        ("172.31.255.255", "private"),
        ("192.0.0.1", "reserved for protocols"),
        ("192.0.2.1", "for documentation"),
        ("192.88.99.1", "6to4 relays"),
        ("192.168.0.1", "private"),
        ("198.18.0.1", "for benchmarks"),
        ("198.51.100.1", "for documentation"),
        ("203.0.113.1", "for documentation"),
        ("240.0.0.1", "reserved"),
        ("255.255.255.255", "reserved"),
        ("::", "unspecified"),
        ("::1", "loopback"),
        ("100::1", "discarded"),
        ("2001:db8::1", "for documentation"),
        ("3fff::1", "for documentation"),
        ("5f00::1", "segment routing"),
        ("fd12::1", "private"),
        ("fe80::1", "link-local"),
        ("4000::1", "not a public address"),
    ],
)
def test_an_address_that_is_not_public_is_blocked_by_name(address: str, name: str) -> None:
    reason = PRODUCTION.reason_blocked(ip_address(address))

    assert reason is not None
    assert reason.startswith(name)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("64:ff9b::808:808", "NAT64"),
        ("64:ff9b:1::808:808", "local NAT64"),
        ("2002:808:808::1", "6to4"),
        ("2001::1", "Teredo"),
        ("fec0::1", "site-local"),
        ("feff::1", "site-local"),
        ("ff0e::1", "multicast"),
        ("224.0.1.1", "multicast"),
        ("239.255.255.250", "multicast"),
        ("::ffff:8.8.8.8", "IPv4-mapped"),
        ("::ffff:0:8.8.8.8", "IPv4-translated"),
        ("::8.8.8.8", "IPv4-compatible"),
        ("192.0.0.9", "reserved for protocols"),
        ("192.0.0.10", "reserved for protocols"),
        ("2001:4:112::1", "reserved for protocols"),
    ],
)
def test_the_holes_of_python_3_11s_is_global_are_closed(address: str, name: str) -> None:
    reason = PRODUCTION.reason_blocked(ip_address(address))

    assert reason is not None
    assert reason.startswith(name)


@pytest.mark.parametrize(
    ("address", "carried"),
    [
        ("::ffff:127.0.0.1", "127.0.0.1"),
        ("64:ff9b::10.0.0.1", "10.0.0.1"),
        ("2002:c0a8:1::", "192.168.0.1"),
        ("2001::f5ff:fffe", "10.0.0.1"),
    ],
)
def test_the_reason_names_the_ipv4_address_that_an_ipv6_address_stands_for(address: str, carried: str) -> None:
    reason = PRODUCTION.reason_blocked(ip_address(address))

    assert reason is not None
    assert carried in reason


METADATA = [
    "169.254.169.254",
    "169.254.170.2",
    "169.254.170.23",
    "fd00:ec2::254",
    "fd00:ec2::23",
    "fd20:ce::254",
    "168.63.129.16",
    "100.100.100.200",
    "192.0.0.192",
]


@pytest.mark.parametrize("address", METADATA)
def test_a_metadata_service_stays_blocked_under_a_wider_allowed_network(address: str) -> None:
    policy = AddressPolicy(allowed_networks=networks("0.0.0.0/0", "::/0"))

    assert policy.reason_blocked(ip_address(address)) == "a cloud's metadata service"


@pytest.mark.parametrize("address", METADATA)
def test_a_metadata_service_is_open_where_the_settings_name_exactly_it(address: str) -> None:
    policy = AddressPolicy(allowed_networks=networks(address))

    assert policy.reason_blocked(ip_address(address)) is None


@pytest.mark.parametrize(
    "disguise",
    [
        "::ffff:169.254.169.254",
        "::ffff:0:169.254.169.254",
        "64:ff9b::169.254.169.254",
        "64:ff9b:1::169.254.169.254",
        "64:ff9b:1:a9fe:a9:fe00::",  # RFC 6052 with a prefix of 48 bits
        "2002:a9fe:a9fe::1",
        "2001:0:a9fe:a9fe::",  # Teredo, as the server
        "2001::5601:5601",  # Teredo, as the client
    ],
)
def test_a_metadata_service_in_disguise_stays_blocked_under_a_wider_allowed_network(disguise: str) -> None:
    policy = AddressPolicy(allowed_networks=networks("::/0"))

    assert policy.reason_blocked(ip_address(disguise)) == "a cloud's metadata service"


@given(st.ip_addresses(v=4))
def test_no_ipv4_address_that_python_calls_private_gets_through(address: IPv4Address) -> None:
    reason = PRODUCTION.reason_blocked(address)

    assert address.is_global or reason is not None


@given(st.ip_addresses(v=4))
def test_no_ipv4_address_gets_through_in_an_ipv6_form(address: IPv4Address) -> None:
    forms = [IPv6Address(f"::ffff:{address}"), IPv6Address(f"64:ff9b::{address}"), IPv6Address(f"::{address}")]

    assert all(PRODUCTION.reason_blocked(form) for form in forms)


@given(st.ip_addresses(v=6))
def test_no_ipv6_address_outside_global_unicast_gets_through(address: IPv6Address) -> None:
    reason = PRODUCTION.reason_blocked(address)

    assert address in ip_network("2000::/3") or reason is not None


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1"])
def test_development_allows_loopback(address: str) -> None:
    assert DEVELOPMENT.reason_blocked(ip_address(address)) is None


@pytest.mark.parametrize("address", ["10.0.0.1", "0.0.0.0", "169.254.1.1", "::ffff:127.0.0.1"])
def test_development_allows_nothing_but_loopback(address: str) -> None:
    assert DEVELOPMENT.reason_blocked(ip_address(address)) is not None


def test_an_allowed_network_opens_what_is_not_public_and_nothing_beside_it() -> None:
    policy = AddressPolicy(allowed_networks=networks("10.1.0.0/16"))

    assert policy.reason_blocked(ip_address("10.1.2.3")) is None
    assert policy.reason_blocked(ip_address("10.2.0.1")) is not None
    assert policy.reason_blocked(ip_address("::ffff:10.1.2.3")) is not None


def test_a_webhooks_allowlist_narrows_what_is_public() -> None:
    policy = AddressPolicy(allowlist=networks("8.8.8.0/24", "2606:4700::/32"))

    assert policy.reason_blocked(ip_address("8.8.8.8")) is None
    assert policy.reason_blocked(ip_address("2606:4700::1")) is None
    assert policy.reason_blocked(ip_address("9.9.9.9")) == "outside the webhook's allowlist"


def test_a_webhooks_allowlist_opens_nothing_that_is_not_public() -> None:
    allowlist = networks("10.0.0.0/8", "127.0.0.0/8", "169.254.169.254")

    strict = AddressPolicy(allowlist=allowlist)
    lenient = AddressPolicy(allowed_networks=networks("10.0.0.0/8"), allowlist=allowlist)

    assert strict.reason_blocked(ip_address("10.0.0.1")) is not None
    assert strict.reason_blocked(ip_address("127.0.0.1")) is not None
    assert strict.reason_blocked(ip_address("169.254.169.254")) is not None
    assert lenient.reason_blocked(ip_address("10.0.0.1")) is None


@pytest.mark.parametrize(
    "host",
    ["localhost", "LocalHost.", "api.localhost", "127.0.0.1", "127.0.0.1.", "[::1]", "::1", "[::ffff:127.0.0.1]"],
)
def test_a_url_that_says_loopback_is_refused_at_registration_except_in_development(host: str) -> None:
    assert blocked_literal(host, PRODUCTION) is not None
    assert (blocked_literal(host, DEVELOPMENT) is None) == ("ffff" not in host)


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "010.0.0.1", "1572395042"]
)
def test_a_number_that_programs_take_for_an_address_is_refused_with_its_usual_spelling(host: str) -> None:
    reason = blocked_literal(host, DEVELOPMENT)

    assert reason is not None
    assert reason.startswith("an unusual spelling of ")


@pytest.mark.parametrize("host", ["999.1.1.1", "08.8.8.8", "8.8.8.256"])
def test_a_host_of_numbers_that_are_no_address_is_refused(host: str) -> None:
    assert blocked_literal(host, PRODUCTION) == "not an IPv4 address, although it looks like one"


@pytest.mark.parametrize(
    "host", ["hooks.example.com", "10.example.com", "localhost.example.com", "1.2.3.4.5", "8.8.8.8"]
)
def test_a_name_is_left_to_the_connection(host: str) -> None:
    assert blocked_literal(host, PRODUCTION) is None


def test_a_literal_outside_the_allowlist_is_refused_at_registration() -> None:
    policy = AddressPolicy(allowlist=networks("8.8.4.0/24"))

    assert blocked_literal("8.8.8.8", policy) == "outside the webhook's allowlist"
