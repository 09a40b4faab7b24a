"""Where the encryption keys come from: the settings, or, in development, a file that is made on the first start."""

import os
from pathlib import Path

from app.encryption import new_key, parse_keys
from app.settings import Settings

KEY_FILE = "encryption.key"


def load_keys(settings: Settings) -> tuple[bytes, ...]:
    """The encryption keys of this installation, newest first.

    Without ENCRYPTION_KEYS, which only development allows, the key is read from `DATA_DIR/encryption.key`; the first
    start makes that file, readable by its owner only.

    Raises:
        InvalidKey: the file holds something else.
    """
    if settings.encryption_keys is not None:
        return parse_keys(settings.encryption_keys.get_secret_value().split(","))
    path = settings.data_dir / KEY_FILE
    return parse_keys([_made_once(path)])


def _made_once(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        key = new_key()
        file.write(key + "\n")
    return key
