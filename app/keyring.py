"""Loads the encryption keys: from the settings or, in development, from a file that the first start creates.

A new key beside a database with secrets would hide that the right key is lost, and every webhook would fail one by one.
A key is therefore created only for a database without secrets, and a start without the right keys is refused.
"""

import os
from pathlib import Path

from app.database.database import Database
from app.encryption import Cipher, InvalidKey, UnknownKey, new_key, parse_keys
from app.private_files import private_directory
from app.settings import Settings

KEY_FILE = "encryption.key"


# Each encrypted text begins with its version and the fingerprint of its key (`app.encryption`).
_FINGERPRINTS = " UNION ".join(
    f"SELECT substr({column}, 3, 16) AS fingerprint FROM {table} WHERE {column} LIKE '1.%.%'"
    for table, column in (
        ("secret", "secret"),
        ("webhook", "headers"),
        ("webhook", "authentication_credential"),
        ("webhook", "url_query"),
    )
)


async def load_keys(settings: Settings, database: Database) -> tuple[bytes, ...]:
    """The encryption keys of this installation, newest first.

    Without ENCRYPTION_KEYS, which only development allows, the key is read from `DATA_DIR/encryption.key`. If the
    database has no secrets yet, a missing file is created, readable by its owner only.

    Raises:
        InvalidKey: the setting or the file holds something else, or the file is missing; the message names the file.
        UnknownKey: the database holds secrets that none of the keys decrypts.
    """
    used = {row["fingerprint"] for row in await database.fetch(_FINGERPRINTS)}
    keys, source = _given(settings, may_create=not used)
    given = Cipher(keys).key_ids
    if missing := sorted(used - set(given)):
        raise UnknownKey(
            f"The database holds secrets that were encrypted with the key {' and '.join(missing)}, but {source} holds"
            f" the key {' and '.join(given)}; add that key behind the newest. Without it, these secrets cannot be"
            " decrypted."
        )
    return keys


def _given(settings: Settings, *, may_create: bool) -> tuple[tuple[bytes, ...], str]:
    """The keys, and where they come from."""
    if settings.encryption_keys is not None:
        return parse_keys(settings.encryption_keys.get_secret_value().split(",")), "ENCRYPTION_KEYS"
    path = settings.data_dir / KEY_FILE
    if not may_create and not path.exists():
        raise InvalidKey(
            f"{path} is missing, and the database holds secrets that its key encrypted. Restore the file from a"
            " backup, or give the key in ENCRYPTION_KEYS."
        )
    try:
        return parse_keys([_made_once(path)]), str(path)
    except (InvalidKey, UnicodeDecodeError) as error:
        reason = str(error) if isinstance(error, InvalidKey) else "It is not text."
        raise InvalidKey(
            f"{path} does not hold an encryption key. {reason} Restore the file from a backup:"
            " without its key, secrets in the database cannot be decrypted."
        ) from None


def _made_once(path: Path) -> str:
    private_directory(path.parent)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        key = new_key()
        file.write(key + "\n")
    return key
