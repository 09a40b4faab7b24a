"""Networks as people write them: addresses and CIDR blocks in, networks or problems out."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TypeAlias

from app.catalogue.explanation import quoted
from app.errors import Problem, UserErrorCode

Network: TypeAlias = IPv4Network | IPv6Network

# Each is compared with the address of every connection.
MAX_NETWORKS = 50


def parse_networks(problems: list[Problem], texts: Sequence[str], what: str, *path: str) -> tuple[Network, ...]:
    """The networks, each once; a bare address is a network of one. Problems are added to `problems`, with their index.

    `what` begins the sentence about too many, e.g. "The IP allowlist".
    """
    if len(texts) > MAX_NETWORKS:
        message = f"{what} has {len(texts)} networks; at most {MAX_NETWORKS} are allowed."
        problems.append(Problem(message, path, UserErrorCode.TOO_MANY))
        return ()
    networks: dict[Network, None] = {}
    for index, text in enumerate(texts):
        try:
            networks[_network(text.strip(), strict=True)] = None
        except ValueError:
            problems.append(Problem(_explain(text.strip()), (*path, str(index)), UserErrorCode.INVALID))
    return tuple(networks)


def _network(text: str, *, strict: bool) -> Network:
    if "%" in text:  # a zone (RFC 4007) has a meaning on one machine only
        raise ValueError(text)
    return ip_network(text, strict=strict)


def _explain(text: str) -> str:
    try:
        meant = _network(text, strict=False)
    except ValueError:
        return f"{quoted(text)} is not a network; write it as an address and a prefix length, such as 203.0.113.0/24."
    address = text.partition("/")[0]
    return (
        f"{quoted(text)} has bits set behind its prefix; write {meant} for the network, or {address} for the address."
    )
