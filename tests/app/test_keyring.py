"""Where the encryption key comes from when no setting gives one."""

from pathlib import Path

import pytest

from app.encryption import InvalidKey
from app.keyring import KEY_FILE, load_keys
from app.settings import load_settings


def test_the_file_is_created_once_and_read_again(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path)

    first = load_keys(settings)

    assert load_keys(settings) == first
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"garbage\n", b"", b"\xff\xfe\x00", b"c2hvcnQ="])
def test_a_file_that_holds_no_key_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / KEY_FILE).write_bytes(content)

    with pytest.raises(InvalidKey) as refused:
        load_keys(load_settings(data_dir=tmp_path))

    assert str(refused.value).startswith(f"{tmp_path / KEY_FILE} does not hold an encryption key.")
    assert "garbage" not in str(refused.value)
