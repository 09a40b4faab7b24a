"""`eev-webhooks rotate-encryption`: the second of three steps of rotating the encryption key (docs/operations.md)."""

from typing import TYPE_CHECKING

import typer

from app.cli.loop import run_to_end
from app.cli.output import AsJson, print_json

if TYPE_CHECKING:
    from app.webhooks.reencryption import Reencrypted


def rotate_encryption(as_json: AsJson = False) -> None:
    """Re-encrypt the database with the newest of ENCRYPTION_KEYS, so that the older keys can be removed.

    Run it after every server and worker has been restarted with the new key first. They may keep running meanwhile.
    """
    done = run_to_end(_reencrypt())
    if as_json:
        print_json({"encrypted": done.encrypted, "current": done.current})
    else:
        typer.echo(
            f"Encrypted {done.encrypted} values with the newest key; {done.current} already were.\n"
            "The older keys in ENCRYPTION_KEYS can be removed, provided that no running process still writes with them."
        )


async def _reencrypt() -> "Reencrypted":
    from app.database.database import Database
    from app.database.migrate import require_current_schema
    from app.encryption import Cipher
    from app.keyring import load_keys
    from app.settings import load_settings
    from app.webhooks.reencryption import reencrypt

    settings = load_settings()
    async with Database(settings.database_url) as database:
        await require_current_schema(database)
        return await reencrypt(database, Cipher(await load_keys(settings, database)))
