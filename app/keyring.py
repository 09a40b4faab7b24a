"""Loads the encryption keys: from the settings or, in development, from a file that the first start creates."""

import os
from pathlib import Path

from app.encryption import InvalidKey, new_key, parse_keys
from app.private_files import private_directory
from app.settings import Settings

KEY_FILE = "encryption.key"


def load_keys(settings: Settings) -> tuple[bytes, ...]:
    """The encryption keys of this installation, newest first.

    Without ENCRYPTION_KEYS, which only development allows, the key is read from `DATA_DIR/encryption.key`. The first
    start creates that file, readable by its owner only.

    Raises:
        InvalidKey: the setting or the file holds something else; the message names the file.
    """
    if settings.encryption_keys is not None:
        return parse_keys(settings.encryption_keys.get_secret_value().split(","))
    path = settings.data_dir / KEY_FILE
    try:
        return parse_keys([_made_once(path)])
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
