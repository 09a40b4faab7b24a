"""A new encryption key, in the three steps of docs/operations.md."""

import asyncio
import json
from pathlib import Path

from app.encryption import new_key
from app.webhooks.fields import WebhookDraft
from app.webhooks.lifecycle import create_webhook
from tests.app.cli.conftest import Invoke
from tests.clock import FakeClock
from tests.domain import open_domain


def test_after_rotating_the_old_key_can_be_dropped(invoke: Invoke, database_url: str, tmp_path: Path) -> None:
    old, new = new_key(), new_key()

    async def secret_made() -> str:
        async with open_domain(database_url, tmp_path, FakeClock(), encryption_keys=old) as domain:
            draft = WebhookDraft("Test", "https://example.com/hook", ["*"])
            created = await create_webhook(domain.resources, domain.caller, draft)
            return created.secret

    secret = asyncio.run(secret_made())
    early = invoke("rotate-encryption", DATABASE_URL=database_url, ENCRYPTION_KEYS=new)
    both = invoke("rotate-encryption", "--json", DATABASE_URL=database_url, ENCRYPTION_KEYS=f"{new},{old}")
    alone = invoke("rotate-encryption", DATABASE_URL=database_url, ENCRYPTION_KEYS=new)

    assert early.exit_code == 1
    assert "add that key behind the newest" in early.stderr
    assert json.loads(both.stdout) == {"encrypted": 2, "current": 0}
    assert alone.stdout.startswith("Encrypted 0 values with the newest key; 2 already were.\n")
    assert secret not in early.stdout + early.stderr + both.stdout + alone.stdout
