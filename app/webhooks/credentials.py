"""The headers and credentials of a webhook as stored in its row: encrypted, bound to the webhook's ID.

Decrypts them for the sender, and masks them for everyone else. This module does not know which headers are allowed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson

from app.encryption import Cipher
from app.models import Webhook
from app.statuses import AuthenticationKind

MASK = "••••"


@dataclass(frozen=True, slots=True)
class CustomHeader:
    """A header that a webhook's requests carry in addition to the product's own."""

    name: str
    value: str = field(repr=False)
    sensitive: bool = False

    @property
    def shown(self) -> str:
        """The value as anyone but the receiver may see it."""
        return MASK if self.sensitive else self.value


@dataclass(frozen=True, slots=True)
class Authentication:
    """What the requests carry in their Authorization header: a bearer token, or a username and password."""

    kind: AuthenticationKind = AuthenticationKind.NONE
    username: str | None = None
    credential: str | None = field(default=None, repr=False)


def seal_headers(cipher: Cipher, webhook_id: str, headers: Sequence[CustomHeader]) -> str:
    """The text for the column `webhook.headers`."""
    plain = [{"name": header.name, "value": header.value, "sensitive": header.sensitive} for header in headers]
    return cipher.encrypt(orjson.dumps(plain).decode(), headers_context(webhook_id))


def open_headers(cipher: Cipher, webhook: Webhook) -> tuple[CustomHeader, ...]:
    """The custom headers of a webhook in clear; to display one, use `CustomHeader.shown`.

    Raises:
        NotDecrypted: the row was changed in the database, or its key is not configured.
    """
    plain = orjson.loads(cipher.decrypt(webhook.headers, headers_context(webhook.id)))
    return tuple(CustomHeader(header["name"], header["value"], header["sensitive"]) for header in plain)


def seal_credential(cipher: Cipher, webhook_id: str, credential: str | None) -> str | None:
    """The text for the column `webhook.authentication_credential`."""
    return None if credential is None else cipher.encrypt(credential, credential_context(webhook_id))


def open_credential(cipher: Cipher, webhook: Webhook) -> str | None:
    """The bearer token or the password of a webhook in clear; None if it has none.

    Raises:
        NotDecrypted: the row was changed in the database, or its key is not configured.
    """
    sealed = webhook.authentication_credential
    return None if sealed is None else cipher.decrypt(sealed, credential_context(webhook.id))


def headers_context(webhook_id: str) -> str:
    """What the text of the column `webhook.headers` is bound to."""
    return f"{webhook_id}.headers"


def credential_context(webhook_id: str) -> str:
    """What the text of the column `webhook.authentication_credential` is bound to."""
    return f"{webhook_id}.credential"
