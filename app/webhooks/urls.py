"""The URL of a webhook as stored in its row: its query encrypted, because many receivers read their key from it.

The column `url` holds what anyone may see: the query's names with masked values. `url_query` holds the query, encrypted
and bound to the webhook's ID; null if the URL has none.
"""

from app.encryption import Cipher
from app.models import Webhook
from app.webhooks.credentials import MASK


def shown_url(url: str) -> str:
    """The URL with the values of its query masked. A masked URL stays as it is."""
    base, mark, query = url.partition("?")
    return base + mark + "&".join(map(_masked, query.split("&")))


def query_values(url: str) -> list[str]:
    """The values that `shown_url` masks."""
    pairs = (pair.partition("=") for pair in url.partition("?")[2].split("&"))
    return [value if equals else name for name, equals, value in pairs]


def seal_query(cipher: Cipher, webhook_id: str, url: str) -> str | None:
    """The text for the column `webhook.url_query`."""
    _, mark, query = url.partition("?")
    return cipher.encrypt(query, query_context(webhook_id)) if mark else None


def open_url(cipher: Cipher, webhook: Webhook) -> str:
    """The URL that requests are sent to.

    Raises:
        NotDecrypted: the row was changed in the database, or its key is not configured.
    """
    if webhook.url_query is None:
        return webhook.url  # It has no query, or was stored before queries were encrypted.
    query = cipher.decrypt(webhook.url_query, query_context(webhook.id))
    return f"{webhook.url.partition('?')[0]}?{query}"


def query_context(webhook_id: str) -> str:
    """What the text of the column `webhook.url_query` is bound to."""
    return f"{webhook_id}.url_query"


def _masked(pair: str) -> str:
    name, equals, _ = pair.partition("=")
    return f"{name}={MASK}" if equals else pair and MASK
