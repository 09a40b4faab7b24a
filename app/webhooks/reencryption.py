"""Encrypts again, with the newest key, texts that an older key encrypted, so that the older one can be removed.

Works a row at a time, and writes only if the row still holds what was read. A concurrent change of a webhook therefore
waits for at most one row and is never lost. Cached settings and signatures stay valid, because the plain texts do not
change.
"""

from collections.abc import Callable
from dataclasses import dataclass

from app.database.database import Database
from app.encryption import Cipher
from app.webhooks.credentials import credential_context, headers_context
from app.webhooks.urls import query_context, seal_query, shown_url

BATCH = 500


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of encrypted texts, and what each is bound to, given its row's ID."""

    table: str
    name: str
    context: Callable[[str], str]


_COLUMNS = (
    _Column("secret", "secret", lambda secret_id: secret_id),
    _Column("webhook", "headers", headers_context),
    _Column("webhook", "authentication_credential", credential_context),
    _Column("webhook", "url_query", query_context),
    _Column("contact", "sealed_target", lambda contact_id: f"{contact_id}.target"),
    _Column("contact", "secret", lambda contact_id: f"{contact_id}.secret"),
)

_IN_CLEAR = (
    f"SELECT id, url FROM webhook WHERE id > $1 AND url_query IS NULL AND url LIKE '%?%' ORDER BY id LIMIT {BATCH}"
)
_SEAL = "UPDATE webhook SET url = $2, url_query = $3 WHERE id = $1 AND url = $4 RETURNING id"


@dataclass(frozen=True, slots=True)
class Reencrypted:
    """How many texts were encrypted again, and how many the newest key had encrypted already."""

    encrypted: int
    current: int


async def reencrypt(database: Database, cipher: Cipher) -> Reencrypted:
    """Encrypt every encrypted text in the database with the newest key. Safe to repeat, and while everything runs.

    Raises:
        UnknownKey: a text was encrypted with a key that is not configured; texts done before that stay done.
        NotDecrypted: a text was changed in the database.
    """
    encrypted, current = await seal_urls(database, cipher), 0
    for column in _COLUMNS:
        last = ""
        page = f"SELECT id, {column.name} AS token FROM {column.table} WHERE id > $1 AND {column.name} IS NOT NULL"
        while rows := await database.fetch(f"{page} ORDER BY id LIMIT {BATCH}", last):
            for row in rows:
                if cipher.needs_rotation(row["token"]):
                    encrypted += await _rewrite(database, cipher, column, row["id"], row["token"])
                else:
                    current += 1
            last = rows[-1]["id"]
    return Reencrypted(encrypted, current)


async def seal_urls(database: Database, cipher: Cipher) -> int:
    """Encrypt URL queries that rows of earlier versions hold in clear; return how many. Safe to repeat.

    A process of an older version would send to the masked URL, so none may be running.
    """
    sealed, last = 0, ""
    while rows := await database.fetch(_IN_CLEAR, last):
        for row in rows:
            shown = shown_url(row["url"])
            if shown != row["url"]:  # otherwise it is masked, and its webhook deleted
                query = seal_query(cipher, row["id"], row["url"])
                sealed += len(await database.fetch(_SEAL, row["id"], shown, query, row["url"]))
        last = rows[-1]["id"]
    return sealed


async def _rewrite(database: Database, cipher: Cipher, column: _Column, row_id: str, token: str | None) -> int:
    """Encrypt the text of one row again, and repeat that if it changed meanwhile; return how often, 0 if it is gone."""
    name, context = column.name, column.context(row_id)
    while token is not None and cipher.needs_rotation(token):
        renewed = cipher.encrypt(cipher.decrypt(token, context), context)
        update = f"UPDATE {column.table} SET {name} = $2 WHERE id = $1 AND {name} = $3 RETURNING id"
        if await database.fetch(update, row_id, renewed, token):
            return 1
        row = await database.fetch_one(f"SELECT {name} AS token FROM {column.table} WHERE id = $1", row_id)
        token = None if row is None else row["token"]
    return 0
