"""Decides which addresses may be sent to, so that a webhook's URL cannot reach what only this server can (SSRF).

Pure: an address and a policy in, a reason or nothing out. It judges addresses only, and the transport asks it about the
address it connects to. Every form of a URL (octal numbers, mapped forms, a name that resolves differently the second
time) comes down to that address. This module knows no URL, no DNS and no socket.

The tables follow the IANA special-purpose address registries
(https://www.iana.org/assignments/iana-ipv4-special-registry and
https://www.iana.org/assignments/iana-ipv6-special-registry). They are written out because `ipaddress.is_global` of
Python 3.11 allows NAT64, 6to4, site-local, multicast and IPv4-compatible addresses, and parts of 192.0.0.0/24.
"""

import re
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# A host in a URL that `inet_aton` would parse as an IPv4 address: 127.1, 0x7f000001, 0177.0.0.1, 2130706433.
_NUMERIC_HOST = re.compile(r"(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+)){0,3}", re.IGNORECASE)

_LOOPBACK: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))

# Services that a cloud offers to any program on its machines: credentials, mostly. Some of these addresses are in
# public ranges, others in ranges that an operator may allow, so only the exact address in the settings opens one.
_METADATA: frozenset[Address] = frozenset(
    ip_address(host)
    for host in (
        "169.254.169.254",  # AWS, Google Cloud, Azure and most others
        "169.254.170.2",  # AWS ECS, credentials of a task
        "169.254.170.23",  # AWS EKS, credentials of a pod
        "fd00:ec2::254",  # AWS over IPv6
        "fd00:ec2::23",  # AWS EKS over IPv6
        "fd20:ce::254",  # Google Cloud over IPv6
        "168.63.129.16",  # Azure's host agent
        "100.100.100.200",  # Alibaba Cloud
        "192.0.0.192",  # Oracle Cloud
    )
)

# IPv6 forms that carry an IPv4 address. A translator or the kernel turns them into it, so they would bypass every IPv4
# rule.
_CARRIERS: tuple[tuple[IPv6Network, str], ...] = (
    (IPv6Network("::ffff:0:0/96"), "IPv4-mapped"),
    (IPv6Network("::ffff:0:0:0/96"), "IPv4-translated"),
    (IPv6Network("64:ff9b::/96"), "NAT64"),
    (IPv6Network("64:ff9b:1::/48"), "local NAT64"),
    (IPv6Network("2002::/16"), "6to4"),
    (IPv6Network("2001::/32"), "Teredo"),
)

# The first row that contains an address gives the reason, so the narrow rows come first.
_NOT_PUBLIC: tuple[tuple[Network, str], ...] = tuple(
    (ip_network(network), name)
    for network, name in (
        ("0.0.0.0/8", "this host or network"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared by a provider's customers"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved for protocols"),
        ("192.0.2.0/24", "for documentation"),
        ("192.88.99.0/24", "6to4 relays"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "for benchmarks"),
        ("198.51.100.0/24", "for documentation"),
        ("203.0.113.0/24", "for documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        *((str(network), name) for network, name in _CARRIERS),
        ("::/96", "IPv4-compatible"),
        ("100::/64", "discarded"),
        ("2001::/23", "reserved for protocols"),
        ("2001:db8::/32", "for documentation"),
        ("3fff::/20", "for documentation"),
        ("5f00::/16", "segment routing"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
    )
)

# RFC 4291 section 2.4 and IANA's IPv6 address space: nothing outside is allocated as global unicast.
_GLOBAL_UNICAST = IPv6Network("2000::/3")


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """What may be connected to.

    The operator sets `allowed_networks` and `allow_loopback`, which open addresses that are not public. `allowlist`
    belongs to a webhook: if it is not empty, an address must be in it, and must also be public or opened by the
    operator. A port of `blocked_ports` is refused at every address.
    """

    allowed_networks: tuple[Network, ...] = ()
    allow_loopback: bool = False
    allowlist: tuple[Network, ...] = ()
    blocked_ports: frozenset[int] = frozenset()

    def reason_port_blocked(self, port: int) -> str | None:
        """Say why `port` may not be connected to, as the end of "port … is blocked: …"; None if it may be."""
        return "deliveries may not use it (setting BLOCKED_PORTS)" if port in self.blocked_ports else None

    def reason_blocked(self, address: Address) -> str | None:
        """Say why `address` may not be connected to, as the end of "… is blocked: it is …"; None if it may be."""
        if self.allowlist and not _within(address, self.allowlist):
            return "outside the webhook's allowlist"
        if _METADATA.intersection((address, *_carried(address))) and not self._names_exactly(address):
            return "a cloud's metadata service"
        if _within(address, self.allowed_networks) or (self.allow_loopback and _within(address, _LOOPBACK)):
            return None
        return _reason_not_public(address)

    def _names_exactly(self, address: Address) -> bool:
        return any(network.num_addresses == 1 and address in network for network in self.allowed_networks)


def blocked_literal(url_host: str, policy: AddressPolicy) -> str | None:
    """Say why a URL's host can be refused without DNS; None for a name, which is judged when a connection is made.

    Takes the host as written in the URL, with or without the brackets of IPv6. The reason is the end of "… is blocked:
    it is …".
    """
    host = url_host.strip().removeprefix("[").removesuffix("]").rstrip(".").lower()
    if host == "localhost" or host.endswith(".localhost"):  # RFC 6761 section 6.3
        return policy.reason_blocked(IPv4Address("127.0.0.1"))
    try:
        return policy.reason_blocked(ip_address(host))
    except ValueError:
        return _reason_numeric(host)


def _reason_numeric(host: str) -> str | None:
    if _NUMERIC_HOST.fullmatch(host) is None:
        return None
    try:
        address = IPv4Address(socket.inet_aton(host))
    except OSError:
        return "not an IPv4 address, although it looks like one"
    return f"an unusual spelling of {address}; write it like that"


def _reason_not_public(address: Address) -> str | None:
    for network, name in _NOT_PUBLIC:
        if address in network:
            carried = ", ".join(str(inner) for inner in _carried(address))
            return f"{name} ({network})" + (f" and stands for {carried}" if carried else "")
    if (isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST) or not address.is_global:
        return "not a public address"
    return None


def _within(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address in network for network in networks)


def _carried(address: Address) -> tuple[IPv4Address, ...]:
    """Return the IPv4 addresses that an IPv6 address represents."""
    if isinstance(address, IPv4Address):
        return ()
    bits = int(address)
    last = IPv4Address(bits & 0xFFFF_FFFF)
    form = next((name for network, name in _CARRIERS if address in network), None)
    match form:
        case None:
            return ()
        case "6to4":  # RFC 3056 section 2: right after the prefix
            return (IPv4Address(bits >> 80 & 0xFFFF_FFFF),)
        case "Teredo":  # RFC 4380 section 4: the server, and the client with every bit inverted
            return (IPv4Address(bits >> 64 & 0xFFFF_FFFF), IPv4Address(~bits & 0xFFFF_FFFF))
        case "local NAT64":  # RFC 6052 section 2.2: around the bits 64 to 71, or last, by the network's configuration
            return (IPv4Address((bits >> 64 & 0xFFFF) << 16 | bits >> 40 & 0xFFFF), last)
        case _:
            return (last,)
