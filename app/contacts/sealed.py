"""The target and the secret of a contact as stored in its row: encrypted, bound to the contact's ID, and masked for
everyone who asks.
"""

from urllib.parse import urlsplit

from app.delivery.redaction import encodings
from app.encryption import Cipher
from app.statuses import ContactKind
from app.webhooks.credentials import MASK
from app.webhooks.urls import query_values, shown_url

# Shorter parts of a path are names and numbers, as those of a Slack workspace and channel; a token has more.
_TOKEN_CHARACTERS = 12


def seal_target(cipher: Cipher, contact_id: str, target: str) -> str:
    """The text for the column `contact.sealed_target`."""
    return cipher.encrypt(target, f"{contact_id}.target")


def open_target(cipher: Cipher, contact_id: str, sealed: str) -> str:
    """The address or URL that messages are sent to.

    Raises:
        NotDecrypted: the row was changed in the database, or its key is not configured.
    """
    return cipher.decrypt(sealed, f"{contact_id}.target")


def seal_secret(cipher: Cipher, contact_id: str, secret: str) -> str:
    """The text for the column `contact.secret`."""
    return cipher.encrypt(secret, f"{contact_id}.secret")


def open_secret(cipher: Cipher, contact_id: str, sealed: str) -> str:
    """The secret that signs messages.

    Raises:
        NotDecrypted: the row was changed in the database, or its key is not configured.
    """
    return cipher.decrypt(sealed, f"{contact_id}.secret")


def shown_target(kind: ContactKind, target: str) -> str:
    """The target as anyone may see it. Anyone with the URL of an incoming webhook can write to its channel."""
    if kind is ContactKind.EMAIL:
        return target
    shown = shown_url(target)
    if kind is ContactKind.WEBHOOK:
        return shown
    base, mark, query = shown.partition("?")
    parts = urlsplit(base)
    masked = "/".join(MASK if is_token else segment for segment, is_token in _segments(parts.path))
    return f"{parts.scheme}://{parts.netloc}{masked}{mark}{query}"


def credentials(kind: ContactKind, target: str) -> tuple[str, ...]:
    """What must not be stored of an answer, because a receiver may repeat the request."""
    if kind is ContactKind.EMAIL:
        return ()
    tokens = [segment for segment, is_token in _segments(urlsplit(target).path) if is_token]
    return encodings((), None, [*query_values(target), *(tokens if kind is ContactKind.SLACK else [])])


def _segments(path: str) -> list[tuple[str, bool]]:
    """The parts of a path between its slashes, each with whether it may be a token."""
    segments = path.split("/")
    named = [segment for segment in segments if segment]
    last = named[-1] if len(named) > 1 else None
    return [(segment, segment != "" and (segment == last or len(segment) >= _TOKEN_CHARACTERS)) for segment in segments]
