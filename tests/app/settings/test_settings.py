"""Settings are read from the environment and `.env`, and a value that cannot be right stops the start by name."""

import base64
import ipaddress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.settings import Settings, SettingsError, load_settings
from app.settings.kinds import without_password

KEY = base64.b64encode(bytes(range(32))).decode()
OTHER_KEY = base64.b64encode(bytes(32)).decode()


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide the environment and the `.env` of the person who runs the tests."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def refusal(**overrides: Any) -> str:
    with pytest.raises(SettingsError) as refused:
        load_settings(**overrides)
    return str(refused.value)


def test_without_anything_set_the_server_runs_for_development_on_this_machine_alone() -> None:
    settings = load_settings()

    assert settings.environment == "development"
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.database_url == "sqlite://data/eev-webhooks.db"
    assert (settings.broker_url, settings.updates_url) == ("memory://", "memory://")
    assert settings.in_development
    assert settings.delivers_itself


def test_the_environment_wins_over_the_file_and_the_file_over_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("PORT=9001\nLOG_LEVEL=debug\nSOMETHING_ELSE=1\n", encoding="utf-8")
    monkeypatch.setenv("PORT", "9002")

    settings = load_settings()

    assert settings.port == 9002
    assert settings.log_level == "debug"


def test_what_is_given_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "9002")

    assert load_settings(port=9003).port == 9003


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "")
    monkeypatch.setenv("ENCRYPTION_KEYS", "")

    assert load_settings().port == 8000


def test_settings_cannot_be_changed() -> None:
    settings = load_settings()

    with pytest.raises(ValidationError, match="frozen"):
        settings.port = 1  # type: ignore[misc]


def test_the_database_file_lies_in_the_data_directory() -> None:
    assert load_settings(data_dir=Path("/srv/webhooks")).database_url == "sqlite:///srv/webhooks/eev-webhooks.db"


@pytest.mark.parametrize(
    ("broker", "updates"),
    [
        ("memory://", "memory://"),
        ("redis://cache:6379/0", "redis://cache:6379/0"),
        ("rediss://cache:6379/0", "rediss://cache:6379/0"),
    ],
)
def test_updates_go_over_the_brokers_redis_where_there_is_one(broker: str, updates: str) -> None:
    assert load_settings(broker_url=broker).updates_url == updates


def test_a_server_with_a_broker_of_its_own_leaves_delivering_to_workers() -> None:
    assert not load_settings(broker_url="redis://cache:6379/0").delivers_itself


def test_rabbitmq_needs_a_redis_for_updates() -> None:
    sentence = refusal(broker_url="amqp://guest:guest@rabbit")

    assert sentence.startswith('UPDATES_URL is "memory://": with BROKER_URL amqp:// ')
    assert "redis://" in sentence


def test_rabbitmq_with_a_redis_for_updates_is_right() -> None:
    settings = load_settings(broker_url="amqp://guest:guest@rabbit", updates_url="redis://cache")

    assert settings.updates_url == "redis://cache"


def test_updates_in_memory_do_not_reach_the_workers_of_a_redis_broker() -> None:
    assert refusal(broker_url="redis://cache", updates_url="memory://").startswith("UPDATES_URL")


def test_an_in_process_broker_serves_postgresql_as_well() -> None:
    assert load_settings(database_url="postgres://user:pw@db/webhooks").delivers_itself


def test_production_listens_to_others_and_has_to_be_given_a_key() -> None:
    assert refusal(environment="production").startswith("ENCRYPTION_KEYS is not set: in production it must be set")
    assert load_settings(environment="production", encryption_keys=KEY).host == "0.0.0.0"


def test_several_encryption_keys_are_accepted() -> None:
    settings = load_settings(encryption_keys=f"{KEY}, {OTHER_KEY}")

    assert settings.encryption_keys is not None
    assert settings.encryption_keys.get_secret_value() == f"{KEY}, {OTHER_KEY}"


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_NETWORKS", "10.0.0.0/8, fd00::/8,192.0.2.1")
    monkeypatch.setenv("EGRESS_ADDRESSES", "192.0.2.7,2001:db8::7")
    monkeypatch.setenv("CORS_ORIGINS", "https://app.example.com,http://localhost:3000")

    settings = load_settings()

    assert [str(network) for network in settings.allowed_networks] == ["10.0.0.0/8", "fd00::/8", "192.0.2.1/32"]
    assert [str(address) for address in settings.egress_addresses] == ["192.0.2.7", "2001:db8::7"]
    assert settings.cors_origins == ("https://app.example.com", "http://localhost:3000")


def test_deliveries_may_not_use_the_ports_of_other_services_unless_the_operator_says_so() -> None:
    by_default = load_settings().blocked_ports

    assert {22, 23, 25, 110, 143, 465, 587, 993, 995, 3306, 5432, 5672, 6379, 9200, 11211, 27017} <= by_default
    assert by_default.isdisjoint({80, 443, 3000, 5000, 8000, 8080, 8443, 9000})
    assert load_settings(blocked_ports="25, 8025").blocked_ports == {25, 8025}
    assert load_settings(blocked_ports="none").blocked_ports == set()


BAD = [
    ("environment", "prod", "development or production"),
    ("port", "http", "a whole number from 0 to 65,535"),
    ("port", "65536", "a whole number from 0 to 65,535"),
    ("port", "-1", "a whole number from 0 to 65,535"),
    ("port", "80.5", "a whole number"),
    ("worker_port", "65536", "a whole number from 0 to 65,535"),
    ("database_url", "mysql://db/x", "sqlite://path, postgres://"),
    ("database_url", "eev-webhooks.db", "sqlite://path"),
    ("database_url", "sqlite://", "sqlite://path"),
    ("database_url", "sqlite://:memory:", "it must name a file"),
    ("database_url", "postgres://db:port/x", "its port must be a number"),
    ("database_pool_size", "1", "from 2 to 500"),
    ("broker_url", "kafka://k", "memory://, redis://"),
    ("broker_url", "redis://", "redis://host"),
    ("broker_url", "redis://cache:99999", "its port must be a number from 0 to 65535"),
    ("updates_url", "amqp://rabbit", "memory://, redis://"),
    ("allowed_networks", "10.0.0.1/8", "10.0.0.0/8"),
    ("allowed_networks", "10.0.0.0/8,here", '"here" is not a network'),
    ("egress_addresses", "192.0.2.0/24", "is no IP address"),
    ("egress_proxy", "proxy.internal:3128", "it must be http://host:port"),
    ("egress_proxy", "https://proxy.internal", "it must be http://host:port"),
    ("egress_proxy", "http://proxy.internal:99999", "it must be http://host:port"),
    ("egress_proxy", "http://proxy.internal/path", "it must be http://host:port"),
    ("blocked_ports", "25,smtp", '"smtp" is no port; write numbers from 1 to 65535'),
    ("blocked_ports", "65536", "is no port"),
    ("blocked_ports", "0", "is no port"),
    ("cors_origins", "app.example.com", "is no origin"),
    ("cors_origins", "https://app.example.com/", "is no origin"),
    ("cors_origins", "ftp://app.example.com", "is no origin"),
    ("trusted_proxies", "10.1.2.3/8", "10.0.0.0/8"),
    ("max_request_bytes", "1000", "from 65,536 to 67,108,864"),
    ("max_event_bytes", "5000000", "it must be at most 4,177,920"),
    ("max_in_flight", "0", "from 1 to 10,000"),
    ("lease_seconds", "0", "from 0.5 to 300"),
    ("lease_seconds", "nan", "from 0.5 to 300"),
    ("lease_seconds", "inf", "from 0.5 to 300"),
    ("heartbeat_seconds", "2", "it must be at most a third of LEASE_SECONDS, which is 5"),
    ("disable_after_days", "0", "above 0 and at most 365"),
    ("introspection", "perhaps", "true or false"),
    ("log_level", "verbose", "debug, info, warning or error"),
    ("log_format", "xml", "auto, console or json"),
]


@pytest.mark.parametrize(("name", "value", "right"), BAD)
def test_a_bad_value_is_refused_by_name_with_what_would_be_right(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, right: str
) -> None:
    monkeypatch.setenv(name.upper(), value)

    sentence = refusal()

    assert sentence.startswith(f'{name.upper()} is "{value}": ')
    assert right in sentence
    assert "\n" not in sentence


def test_everything_that_is_wrong_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "http")
    monkeypatch.setenv("LOG_LEVEL", "loud")

    assert [line.split()[0] for line in refusal().splitlines()] == ["PORT", "LOG_LEVEL"]


def test_what_depends_on_a_wrong_value_is_not_blamed_for_it() -> None:
    assert [line.split()[0] for line in refusal(lease_seconds="long").splitlines()] == ["LEASE_SECONDS"]
    assert [line.split()[0] for line in refusal(broker_url="kafka://k").splitlines()] == ["BROKER_URL"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("encryption_keys", "c2VjcmV0LXRleHQ="),
        ("encryption_keys", f"{KEY},secret-text"),
        ("encryption_keys", f"{KEY},{KEY}"),
        ("bootstrap_api_key", "secret text with blanks"),
        ("bootstrap_api_key", "secret-täxt"),
        ("metrics_token", "secret\ntext"),
    ],
)
def test_a_bad_secret_is_refused_without_being_shown(name: str, value: str) -> None:
    sentence = refusal(**{name: value})

    assert sentence.startswith(f"{name.upper()} is wrong: ")
    assert not any(part in sentence for part in (value, KEY, "secret", "c2Vj"))


def test_a_key_that_can_be_guessed_is_refused_in_production_only() -> None:
    assert load_settings(bootstrap_api_key="short").bootstrap_api_key is not None
    sentence = refusal(environment="production", encryption_keys=KEY, bootstrap_api_key="short")

    assert sentence == "BOOTSTRAP_API_KEY is wrong: it has 5 characters; in production it must have 16 or more."


def test_a_bad_url_is_shown_without_its_password() -> None:
    sentence = refusal(database_url="mysql://me:hunter2@db/x")

    assert 'DATABASE_URL is "mysql://me:***@db/x"' in sentence


def test_no_secret_is_shown_when_settings_are_printed() -> None:
    settings = load_settings(
        database_url="postgres://me:hunter2@db/x?password=hunter2&ssl=1",
        broker_url="redis://:hunter2@cache:6379/0",
        egress_proxy="http://me:hunter2@proxy:3128",
        encryption_keys=KEY,
        bootstrap_api_key="hunter2hunter2",
        metrics_token="hunter2hunter2",
    )

    assert "hunter2" not in repr(settings) + str(settings)
    assert KEY not in repr(settings)
    assert "postgres://me:***@db/x" in repr(settings)


USERINFO = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1)


@given(user=USERINFO, password=st.text(min_size=1).filter(lambda text: "@" not in text), host=USERINFO)
def test_a_password_is_never_left_in_a_url(user: str, password: str, host: str) -> None:
    assert without_password(f"redis://{user}:{password}@{host}:6379/0") == f"redis://{user}:***@{host}:6379/0"


@given(st.lists(st.ip_addresses(), max_size=20, unique=True))
def test_any_addresses_are_read_as_they_are_written(addresses: list[ipaddress.IPv4Address]) -> None:
    assert load_settings(egress_addresses=",".join(map(str, addresses))).egress_addresses == tuple(addresses)


def number_or_refusal(text: str) -> int | str:
    try:
        return load_settings(max_in_flight=text).max_in_flight
    except SettingsError as refused:
        return str(refused)


@given(st.text(max_size=50))
def test_no_text_for_a_number_does_anything_but_set_it_or_be_refused(text: str) -> None:
    outcome = number_or_refusal(text)

    assert outcome in range(1, 10_001) if isinstance(outcome, int) else outcome.startswith("MAX_IN_FLIGHT is ")


def ends() -> list[tuple[str, float]]:
    """Each numeric setting, at its own bounds."""
    bounds = Settings.model_json_schema()["properties"]
    return [
        (name, bounds[name][end])
        for name, field in Settings.model_fields.items()
        for end in ("minimum", "maximum")
        if end in bounds[name] and not field.default_factory
    ]


@pytest.mark.parametrize(("name", "value"), ends())
def test_what_is_derived_from_a_number_at_the_end_of_its_bounds_stays_within_its_own(name: str, value: float) -> None:
    derived = {name.upper() for name, field in Settings.model_fields.items() if field.default_factory}
    refused = ""
    try:
        load_settings(**{name: value})
    except SettingsError as error:
        # A value that conflicts with the default of another setting is refused, but not one that conflicts with a
        # derived one.
        refused = str(error)

    assert {setting for setting in derived if setting in refused} == set()


def test_a_rate_of_0_which_is_no_limit_starts() -> None:
    assert load_settings(rate_limit_per_second=0).rate_limit_burst == 1
