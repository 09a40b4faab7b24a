"""The headers and the login of a webhook, as they rest in its row: encrypted, bound to the webhook's id.

Opens them for the sender, and masks them for everybody else. Refuses to know which headers are allowed.
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
    """A header that a webhook's requests carry beside those of the product."""

    name: str
    value: str = field(repr=False)
    sensitive: bool = False

    @property
    def shown(self) -> str:
        """The value as anybody but the receiver may see it."""
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
    """The custom headers of a webhook in clear; whoever shows them shows `CustomHeader.shown`.

    Raises:
        NotDecrypted: the row was changed by hand, or its key is not among those given.
    """
    plain = orjson.loads(cipher.decrypt(webhook.headers, headers_context(webhook.id)))
    return tuple(CustomHeader(header["name"], header["value"], header["sensitive"]) for header in plain)


def seal_credential(cipher: Cipher, webhook_id: str, credential: str | None) -> str | None:
    """The text for the column `webhook.authentication_credential`."""
    return None if credential is None else cipher.encrypt(credential, credential_context(webhook_id))


def open_credential(cipher: Cipher, webhook: Webhook) -> str | None:
    """The bearer token or the password of a webhook in clear; None where it has none.

    Raises:
        NotDecrypted: the row was changed by hand, or its key is not among those given.
    """
    sealed = webhook.authentication_credential
    return None if sealed is None else cipher.decrypt(sealed, credential_context(webhook.id))


def headers_context(webhook_id: str) -> str:
    """What the text of the column `webhook.headers` is bound to."""
    return f"{webhook_id}.headers"


def credential_context(webhook_id: str) -> str:
    """What the text of the column `webhook.authentication_credential` is bound to."""
    return f"{webhook_id}.credential"
