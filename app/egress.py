"""Which addresses and ports this server may send to, as its operator configured."""

from app.sender.guard import AddressPolicy
from app.settings import Settings


def address_policy(settings: Settings) -> AddressPolicy:
    """The addresses and ports that deliveries may reach."""
    return AddressPolicy(
        allowed_networks=settings.allowed_networks,
        allow_loopback=settings.in_development,
        blocked_ports=settings.blocked_ports,
    )
