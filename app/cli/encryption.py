"""`eev-webhooks rotate-encryption`: the second of the three steps to a new encryption key (docs/operations.md)."""

import asyncio
from typing import TYPE_CHECKING

import typer

from app.cli.output import AsJson, print_json

if TYPE_CHECKING:
    from app.webhooks.reencryption import Reencrypted


def rotate_encryption(as_json: AsJson = False) -> None:
    """Encrypt everything in the database with the newest of ENCRYPTION_KEYS, so that the others can be dropped.

    Run it once every server and worker has been started with the new key first. They may go on meanwhile.
    """
    done = asyncio.run(_reencrypt())
    if as_json:
        print_json({"encrypted": done.encrypted, "current": done.current})
    else:
        typer.echo(
            f"Encrypted {done.encrypted} texts with the newest key; {done.current} were already.\n"
            "The other keys in ENCRYPTION_KEYS are no longer needed, if no process runs that writes with one of them."
        )


async def _reencrypt() -> "Reencrypted":
    from app.database.database import Database
    from app.database.migrate import require_current_schema
    from app.encryption import Cipher
    from app.keyring import load_keys
    from app.settings import load_settings
    from app.webhooks.reencryption import reencrypt

    settings = load_settings()
    cipher = Cipher(load_keys(settings))
    async with Database(settings.database_url) as database:
        await require_current_schema(database)
        return await reencrypt(database, cipher)
