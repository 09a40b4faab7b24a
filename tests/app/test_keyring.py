"""Where the encryption keys come from, and when a start without the right ones is refused."""

from pathlib import Path

import pytest

from app.encryption import Cipher, InvalidKey, UnknownKey, new_key, parse_keys
from app.keyring import KEY_FILE
from app.webhooks.fields import WebhookDraft
from app.webhooks.lifecycle import create_webhook, delete_webhook
from tests.clock import FakeClock
from tests.domain import Domain, open_domain

DRAFT = WebhookDraft("Desk", "https://example.com/hooks", ["*"])


def fingerprint(key: str) -> str:
    return Cipher(parse_keys([key])).key_ids[0]


async def begun(database_url: str, directory: Path, clock: FakeClock, **settings: str) -> None:
    """Start a process and stop it."""
    async with open_domain(database_url, directory, clock, **settings):
        pass


async def with_secrets(domain: Domain) -> None:
    await create_webhook(domain.resources, domain.caller, DRAFT)


async def test_the_file_is_created_once_and_read_again(database_url: str, tmp_path: Path, clock: FakeClock) -> None:
    async with open_domain(database_url, tmp_path, clock) as domain:
        await with_secrets(domain)
    key = (tmp_path / KEY_FILE).read_text()

    await begun(database_url, tmp_path, clock)

    assert (tmp_path / KEY_FILE).read_text() == key
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"garbage\n", b"", b"\xff\xfe\x00", b"c2hvcnQ="])
@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_a_file_that_holds_no_key_is_named(
    database_url: str, tmp_path: Path, clock: FakeClock, content: bytes
) -> None:
    (tmp_path / KEY_FILE).write_bytes(content)

    with pytest.raises(InvalidKey) as refused:
        await begun(database_url, tmp_path, clock)

    assert str(refused.value).startswith(f"{tmp_path / KEY_FILE} does not hold an encryption key.")
    assert "garbage" not in str(refused.value)


@pytest.mark.parametrize("deleted", [False, True])
async def test_no_key_is_made_beside_a_database_with_secrets(
    database_url: str, tmp_path: Path, clock: FakeClock, deleted: bool
) -> None:
    async with open_domain(database_url, tmp_path, clock) as domain:
        created = await create_webhook(domain.resources, domain.caller, DRAFT)
        if deleted:
            await delete_webhook(domain.resources, domain.caller, created.webhook.id)
    (tmp_path / KEY_FILE).unlink()

    with pytest.raises(InvalidKey) as refused:
        await begun(database_url, tmp_path, clock)

    assert str(refused.value).startswith(f"{tmp_path / KEY_FILE} is missing, and the database holds secrets")
    assert not (tmp_path / KEY_FILE).exists()


@pytest.mark.parametrize("source", [KEY_FILE, "ENCRYPTION_KEYS"])
async def test_a_start_with_keys_that_do_not_decrypt_what_is_there_is_refused(
    database_url: str, tmp_path: Path, clock: FakeClock, source: str
) -> None:
    old, new = new_key(), new_key()
    async with open_domain(database_url, tmp_path, clock, encryption_keys=old) as domain:
        await with_secrets(domain)
    (tmp_path / KEY_FILE).write_text(new)

    with pytest.raises(UnknownKey) as refused:
        await begun(database_url, tmp_path, clock, **({} if source == KEY_FILE else {"encryption_keys": new}))
    await begun(database_url, tmp_path, clock, encryption_keys=f"{new},{old}")

    holder = tmp_path / KEY_FILE if source == KEY_FILE else "ENCRYPTION_KEYS"
    assert f"encrypted with the key {fingerprint(old)}, but {holder} holds the key {fingerprint(new)};" in str(
        refused.value
    )
    assert new not in str(refused.value)
