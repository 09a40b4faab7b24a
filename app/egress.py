"""Which addresses and ports this server may send to, as its operator configured."""

from app.sender.guard import AddressPolicy
from app.sender.proxy import Proxy
from app.settings import Settings


def address_policy(settings: Settings) -> AddressPolicy:
    """The addresses and ports that deliveries may reach."""
    return AddressPolicy(
        allowed_networks=settings.allowed_networks,
        allow_loopback=settings.in_development,
        blocked_ports=settings.blocked_ports,
    )


def egress_proxy(settings: Settings) -> Proxy | None:
    """The proxy that deliveries go through, if there is one."""
    return None if settings.egress_proxy is None else Proxy.at(settings.egress_proxy)
