"""The headers and the login of a webhook, as they rest in its row: encrypted, bound to the webhook's id.

Opens them for the sender, and masks them for everybody else.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.models import Webhook

if TYPE_CHECKING:
    from app.encryption import Cipher

MASK = "••••"


@dataclass(frozen=True, slots=True)
class CustomHeader:
    """A header that a webhook's requests carry beside those of the product."""

    name: str
    value: str = field(repr=False)
    sensitive: bool = False

    @property
    def shown(self) -> str:
        """The value as anybody but the receiver may see it."""
        return MASK if self.sensitive else self.value


def seal_headers(cipher: "Cipher", webhook_id: str, headers: Sequence[CustomHeader]) -> str:
    """The text for the column `webhook.headers`."""
    raise NotImplementedError


def open_headers(cipher: "Cipher", webhook: Webhook) -> tuple[CustomHeader, ...]:
    """The custom headers of a webhook, in clear; show only `CustomHeader.shown`."""
    raise NotImplementedError


def seal_credential(cipher: "Cipher", webhook_id: str, credential: str | None) -> str | None:
    """The text for the column `webhook.authentication_credential`."""
    raise NotImplementedError


def open_credential(cipher: "Cipher", webhook: Webhook) -> str | None:
    """The bearer token or the password of a webhook, in clear; None where it has none."""
    raise NotImplementedError
