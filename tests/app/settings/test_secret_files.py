"""Settings that may hold a key or a password can be read from files."""

import base64
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.settings import Settings, SettingsError, load_settings
from app.settings.secret_files import is_secret

KEY = base64.b64encode(bytes(range(32))).decode()
SECRETS = [name for name, field in Settings.model_fields.items() if is_secret(field)]
RIGHT = {
    "database_url": "postgres://me:pw@db/webhooks",
    "broker_url": "redis://:pw@cache:6379/0",
    "updates_url": "redis://:pw@cache:6379/1",
    "egress_proxy": "http://me:pw@proxy:3128",
    "encryption_keys": KEY,
}


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide the environment and the `.env` of the person who runs the tests."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(f"{name.upper()}_FILE", raising=False)
    monkeypatch.chdir(tmp_path)


def refusal() -> str:
    with pytest.raises(SettingsError) as refused:
        load_settings()
    return str(refused.value)


def shown(name: str) -> str:
    value = getattr(load_settings(), name)
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def test_every_setting_that_holds_a_secret_can_be_read_from_a_file() -> None:
    holds_one = {name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)}
    has_a_password = {name for name in Settings.model_fields if name.endswith("_url")} - {"public_url"}

    assert holds_one | has_a_password | {"egress_proxy"} == set(SECRETS)


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_the_contents_of_the_file_are_the_value(monkeypatch: pytest.MonkeyPatch, name: str, end: str) -> None:
    value = RIGHT.get(name, "visible-text-1234")
    Path("secret").write_text(value + end, encoding="utf-8", newline="")
    monkeypatch.setenv("SMTP_USERNAME", "me" if name == "smtp_password" else "")
    monkeypatch.setenv(f"{name.upper()}_FILE", "secret")

    assert shown(name) == value


def test_a_file_can_be_named_in_the_env_file_and_the_environment_wins_over_it(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("token").write_text("from-the-file\n", encoding="utf-8")
    Path(".env").write_text("METRICS_TOKEN_FILE=token\n", encoding="utf-8")

    from_file = shown("metrics_token")
    monkeypatch.setenv("METRICS_TOKEN", "from-the-environment")

    assert (from_file, shown("metrics_token")) == ("from-the-file", "from-the-environment")


def test_a_variable_that_is_empty_is_not_set_beside_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("token").write_text("from-the-file", encoding="utf-8")
    monkeypatch.setenv("METRICS_TOKEN", "")
    monkeypatch.setenv("METRICS_TOKEN_FILE", "token")

    assert shown("metrics_token") == "from-the-file"


def test_a_value_and_a_file_at_once_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("token").write_text("from-the-file", encoding="utf-8")
    monkeypatch.setenv("METRICS_TOKEN", "other")
    monkeypatch.setenv("METRICS_TOKEN_FILE", "token")

    assert refusal() == "METRICS_TOKEN and METRICS_TOKEN_FILE are both set; set one of them."


def test_every_file_that_cannot_be_used_is_named_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("empty").write_text("\n", encoding="utf-8")
    Path("bytes").write_bytes(b"\xff\xfesecret")
    for name, path in (("DATABASE_URL", "missing"), ("ENCRYPTION_KEYS", "bytes"), ("METRICS_TOKEN", "empty")):
        monkeypatch.setenv(f"{name}_FILE", path)

    assert refusal().splitlines() == [
        'DATABASE_URL_FILE is "missing": the file cannot be read (No such file or directory).',
        'ENCRYPTION_KEYS_FILE is "bytes": the file is not UTF-8 text.',
        'METRICS_TOKEN_FILE is "empty": the file is empty.',
    ]


def test_what_a_file_holds_is_checked_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("token").write_text("two words", encoding="utf-8")
    monkeypatch.setenv("METRICS_TOKEN_FILE", "token")

    assert refusal() == "METRICS_TOKEN is wrong: it must be visible ASCII characters without blanks."


def test_a_setting_that_is_no_secret_is_read_from_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("port").write_text("9000", encoding="utf-8")
    monkeypatch.setenv("PORT_FILE", "port")

    assert load_settings().port == 8000
