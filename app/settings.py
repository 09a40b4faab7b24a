"""Every setting of the program: one frozen value, read once from the environment and `.env` at the entry point.

Nobody else reads the environment. A bad value stops the start with a sentence that names the variable, what it is and what
would be right. A setting that is accepted has an effect; there is none for what is not built.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.encryption import Cipher, EncryptionError, parse_keys
from app.setting_types import Addresses, Networks, Origins, Setting, checked_url, right_values, without_password

_DATABASES = {"sqlite": "sqlite://<path>", "postgres": "postgres://<user>:<password>@<host>/<database>"}
_DATABASES["postgresql"] = _DATABASES["postgres"]
_BROKERS = {"memory": "memory://", "redis": "redis://<host>:6379/<number>", "amqp": "amqp://<user>:<password>@<host>"}
_BROKERS |= {"rediss": _BROKERS["redis"], "amqps": _BROKERS["amqp"]}
_UPDATES = {scheme: url for scheme, url in _BROKERS.items() if not scheme.startswith("amqp")}

# A key short enough to be guessed would be the admin key of a server that the internet can reach.
_MIN_PRODUCTION_KEY_CHARACTERS = 16
# What a request needs around its one event: the operation, the field names, the idempotency key.
_REQUEST_OVERHEAD_BYTES = 16 * 1024


class SettingsError(Exception):
    """Settings that are wrong: one sentence each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class Settings(BaseSettings):
    """All settings. The environment variable of each is its name in capitals; one that is empty counts as not set."""

    model_config = SettingsConfigDict(
        frozen=True,
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        hide_input_in_errors=True,
    )

    # ── where it runs ──

    environment: Annotated[
        Literal["development", "production"],
        Setting(
            "In development, deliveries may go to loopback and over plain http, and an encryption key is made on the first start;"
            " in production neither.",
            "A clone runs without anything being set; the container sets production.",
        ),
    ] = "development"
    host: Annotated[
        str,
        Setting(
            "The address that the server listens on.",
            "In development nobody else can reach it; in production a proxy or the container's network must.",
            right="an IP address or a host name",
            default="127.0.0.1 in development, 0.0.0.0 in production",
        ),
    ] = Field(default_factory=lambda data: "0.0.0.0" if data.get("environment") == "production" else "127.0.0.1")
    port: Annotated[
        int, Field(ge=0, le=65_535), Setting("The port that the server listens on; 0 takes a free one.")
    ] = 8000
    data_dir: Annotated[
        Path,
        Setting("The directory of the SQLite file and the generated encryption key.", right="a directory"),
    ] = Path("./data")
    database_url: Annotated[
        str,
        AfterValidator(checked_url(_DATABASES)),
        Setting(
            "The database: a SQLite file or PostgreSQL.",
            "SQLite needs nothing installed; PostgreSQL is for more than one machine.",
            right=f"{_DATABASES['sqlite']} or {_DATABASES['postgres']}",
            default="sqlite://<DATA_DIR>/eev-webhooks.db",
        ),
    ] = Field(default_factory=lambda data: f"sqlite://{data.get('data_dir')}/eev-webhooks.db", repr=False)
    database_pool_size: Annotated[
        int,
        Field(ge=2, le=500),
        Setting(
            "Connections to PostgreSQL that one process holds at most; SQLite has one.",
            "Batches make few statements of many: ten keep a PostgreSQL with its usual 100 free for several processes.",
            "connections",
        ),
    ] = 10
    broker_url: Annotated[
        str,
        AfterValidator(checked_url(_BROKERS)),
        Setting(
            "Carries the wake-ups to the workers: within the server's own process, or over Redis or RabbitMQ to `eev-webhooks worker`.",
            "In memory nothing needs to be installed, and one process does everything.",
            right="memory://, redis://, rediss://, amqp:// or amqps://",
        ),
    ] = Field(default="memory://", repr=False)
    updates_url: Annotated[
        str,
        AfterValidator(checked_url(_UPDATES)),
        Setting(
            "Carries live updates to GraphQL subscriptions: within the process, or through Redis Streams.",
            "One Redis serves both. With RabbitMQ as the broker it has to be set, for workers run in other processes.",
            right="memory://, redis:// or rediss://",
            default="BROKER_URL if that is Redis, else memory://",
        ),
    ] = Field(default_factory=lambda data: _updates_beside(data.get("broker_url", "")), repr=False)

    # ── secrets ──

    bootstrap_api_key: Annotated[
        SecretStr | None,
        Setting(
            "The admin API key that is made on the very first start, instead of a generated one that is printed once.",
            "Scripts and deployments know the key beforehand.",
            right=f"visible ASCII characters, {_MIN_PRODUCTION_KEY_CHARACTERS} or more in production",
        ),
    ] = None
    encryption_keys: Annotated[
        SecretStr | None,
        Setting(
            "The keys that encrypt signing secrets and credentials in the database, separated by commas, the newest first; older ones"
            " only decrypt.",
            "Production must be given one, for a key that lies beside the database protects nothing when both are copied.",
            right="32 random bytes each in base64, such as `openssl rand -base64 32` prints",
            default="in development a key made on the first start, in DATA_DIR/encryption.key",
        ),
    ] = Field(default=None, validate_default=True)
    metrics_token: Annotated[
        SecretStr | None,
        Setting(
            "What `GET /metrics` asks for as `Authorization: Bearer …`; without it, /metrics answers loopback only.",
            "Metrics tell how much is published; a scraper on another machine needs the token.",
            right="visible ASCII characters",
        ),
    ] = None

    # ── network ──

    allowed_networks: Annotated[
        Networks,
        Setting(
            "Networks that deliveries may reach although they are not public.",
            "A webhook's URL must not reach what only this server can reach; each exception is named.",
            right="CIDR blocks separated by commas, at most 50",
        ),
    ] = ()
    egress_addresses: Annotated[
        Addresses,
        Setting(
            "Addresses that deliveries leave from: they are bound to the first IPv4 and the first IPv6 address, and the API lists all.",
            "Receivers restrict where webhooks come from; unset, the system chooses.",
            right="IP addresses separated by commas",
        ),
    ] = ()
    cors_origins: Annotated[
        Origins,
        Setting(
            "Origins whose pages may call the API from a browser; * for all.",
            "Same origin only, until somebody is named.",
            right="origins such as https://app.example.com separated by commas, or *",
        ),
    ] = ()
    trusted_proxies: Annotated[
        Networks,
        Setting(
            "Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed.",
            "From anybody else those headers are a claim: keys that are bound to addresses would be open to all.",
            right="CIDR blocks separated by commas, at most 50",
        ),
    ] = ()
    max_request_bytes: Annotated[
        int,
        Field(ge=64 * 1024, le=64 * 1024 * 1024),
        Setting(
            "The largest request body, and the largest message on a socket.",
            "1,000 events of 4 kB fit, and one event of MAX_EVENT_BYTES fits however it is escaped. A body is read into memory and"
            " parsed in one go, so a larger one would hold up everybody else; bigger batches go in several requests.",
            "bytes",
        ),
    ] = 4 * 1024 * 1024
    max_event_bytes: Annotated[
        int,
        Field(ge=1024, le=16 * 1024 * 1024),
        Setting("The largest `data` of an event, as JSON.", "Receivers commonly refuse bodies above 1 MB.", "bytes"),
    ] = 256 * 1024

    # ── delivering ──

    max_in_flight: Annotated[
        int,
        Field(ge=1, le=10_000),
        Setting(
            "Requests that one process has under way at most, over all webhooks.",
            "Enough to keep two cores busy with receivers that take 100 ms, and well below the usual 1,024 open files.",
            "requests",
        ),
    ] = 256
    worker_threads: Annotated[
        int,
        Field(ge=1, le=64),
        Setting(
            "Threads in which a worker takes wake-ups from the broker.",
            "An actor holds one only until its deliveries are claimed; sending goes on without it.",
            "threads",
        ),
    ] = 8
    lease_seconds: Annotated[
        float,
        Field(ge=0.5, le=300),
        Setting(
            "How long a process keeps what it holds after its last sign of life.",
            "What a killed process had in flight goes out again within seconds, and a pause of the machine is survived.",
            "seconds",
        ),
    ] = 5
    heartbeat_seconds: Annotated[
        float,
        Field(ge=0.1, le=60),
        Setting("How often a process renews its lease.", "Four may be missed before the lease ends.", "seconds"),
    ] = 1
    sweep_seconds: Annotated[
        float,
        Field(ge=0.1, le=60),
        Setting(
            "How often a process looks for what is due and for what dead processes held.",
            "It is how late a retry may be; one look is one index scan.",
            "seconds",
        ),
    ] = 1
    shutdown_seconds: Annotated[
        float,
        Field(ge=0, le=600),
        Setting(
            "How long a stop waits for what is in flight; what is left then is released for others to send.",
            "Orchestrators kill after 30 s; most receivers answer within a few.",
            "seconds",
        ),
    ] = 10
    response_body_bytes: Annotated[
        int,
        Field(ge=0, le=1024 * 1024),
        Setting(
            "How much of a receiver's answer is read and kept.",
            "Enough for an error page; it is stored per attempt.",
            "bytes",
        ),
    ] = 64 * 1024
    ordering_gives_way_seconds: Annotated[
        int,
        Field(ge=1, le=30 * 86_400),
        Setting(
            "How long a delivery with an ordering key waits for an earlier one that is still being retried.",
            "A receiver that is away for a day gets things in order when it is back; one event that it can never take holds up no more.",
            "seconds",
        ),
    ] = 86_400
    disable_after_days: Annotated[
        float,
        Field(gt=0, le=365),
        Setting(
            "How long all attempts of a webhook must have failed for it to be disabled.",
            "Longer than any weekend; as Standard Webhooks recommends.",
            "days",
        ),
    ] = 5
    breaker_threshold: Annotated[
        int,
        Field(ge=1, le=10_000),
        Setting(
            "Failures in a row after which a webhook's deliveries wait and one probe at a time goes through.",
            "A few single failures are no reason to wait; ten in a row are.",
            "attempts",
        ),
    ] = 10
    breaker_open_seconds: Annotated[
        float,
        Field(ge=0.1, le=300),
        Setting("How long they wait before the first probe.", "Most restarts are over by then.", "seconds"),
    ] = 30
    max_webhooks_per_workspace: Annotated[
        int,
        Field(ge=1, le=100_000),
        Setting("Webhooks that a workspace may have.", "Each event is matched against all of them.", "webhooks"),
    ] = 500

    # ── live updates and the API ──

    updates_kept: Annotated[
        int,
        Field(ge=1, le=10_000_000),
        Setting(
            "Live updates kept for followers that come back with a cursor; an older cursor gets `gap: true`.",
            "A minute of a busy server, at about 300 bytes each.",
            "updates",
        ),
    ] = 20_000
    introspection: Annotated[
        bool, Setting("Whether the GraphQL schema can be queried.", "The contract is public; tools need it.")
    ] = True
    max_query_depth: Annotated[
        int,
        Field(ge=1, le=100),
        Setting(
            "How deep fields of an operation may be nested.",
            "The deepest useful query has 11; introspection 13.",
            "levels",
        ),
    ] = 15
    max_query_tokens: Annotated[
        int,
        Field(ge=100, le=1_000_000),
        Setting(
            "How many tokens the text of an operation may have.", "Many times what a generated client sends.", "tokens"
        ),
    ] = 2_000
    max_query_aliases: Annotated[
        int,
        Field(ge=1, le=10_000),
        Setting(
            "How many aliases an operation may have.", "Aliases repeat costly fields within one request.", "aliases"
        ),
    ] = 30
    max_query_cost: Annotated[
        int,
        Field(ge=1, le=100_000_000),
        Setting(
            "How many fields an operation may ask for, each counted as often as its connections may return it.",
            "A page of 100 with a page of 20 in each, a few fields wide.",
            "fields",
        ),
    ] = 20_000
    max_operations_per_socket: Annotated[
        int,
        Field(ge=1, le=10_000),
        Setting(
            "How many operations may run at once on one WebSocket.",
            "A page of live widgets, each its own.",
            "operations",
        ),
    ] = 50
    requests_per_second: Annotated[
        float,
        Field(ge=0, le=1_000_000),
        Setting(
            "Operations that one API key may begin a second, with bursts of twice as many; 0 for no limit.",
            "The group commit takes thousands; the limit is for who shares a server.",
            "operations a second",
        ),
    ] = 0
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Setting("What is logged at least.", "At info there is one line an attempt."),
    ] = "info"
    log_format: Annotated[
        Literal["auto", "console", "json"],
        Setting(
            "How it is logged.", "auto is console in development, for people, and JSON in production, for machines."
        ),
    ] = "auto"

    @property
    def in_development(self) -> bool:
        """Whether loopback and plain http are allowed."""
        return self.environment == "development"

    @field_validator("updates_url")
    @classmethod
    def _reach_other_processes(cls, url: str, info: ValidationInfo) -> str:
        broker = info.data.get("broker_url", "memory://")
        if url.startswith("memory:") and not broker.startswith("memory:"):
            raise ValueError(
                f"with BROKER_URL {broker.partition(':')[0]}:// workers run in other processes, so live updates need a Redis;"
                " set UPDATES_URL to redis://<host>:6379/<number>."
            )
        return url

    @field_validator("bootstrap_api_key", "metrics_token")
    @classmethod
    def _fits_a_header(cls, secret: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if secret is None:
            return None
        text = secret.get_secret_value()
        if not (text.isascii() and text.isprintable() and " " not in text):
            raise ValueError("it must be visible ASCII characters without blanks.")
        if info.data.get("environment") == "production" and len(text) < _MIN_PRODUCTION_KEY_CHARACTERS:
            raise ValueError(
                f"it has {len(text)} characters; in production it must have {_MIN_PRODUCTION_KEY_CHARACTERS} or more."
            )
        return secret

    @field_validator("encryption_keys")
    @classmethod
    def _opens_secrets(cls, keys: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if keys is None and info.data.get("environment") == "production":
            raise ValueError("in production it must be set; `openssl rand -base64 32` prints a key.")
        if keys is not None:
            try:
                Cipher(parse_keys(keys.get_secret_value().split(",")))
            except EncryptionError as error:
                raise ValueError(str(error)) from None
        return keys

    @field_validator("max_event_bytes")
    @classmethod
    def _fits_a_request(cls, size: int, info: ValidationInfo) -> int:
        most = info.data.get("max_request_bytes", size + _REQUEST_OVERHEAD_BYTES) - _REQUEST_OVERHEAD_BYTES
        if size > most:
            raise ValueError(
                f"it must be at most {most}, which is 16 kB less than MAX_REQUEST_BYTES; or set that higher."
            )
        return size

    @field_validator("heartbeat_seconds")
    @classmethod
    def _keeps_the_lease(cls, heartbeat: float, info: ValidationInfo) -> float:
        lease = info.data.get("lease_seconds", heartbeat * 3)
        if heartbeat * 3 > lease:
            raise ValueError(f"it must be at most a third of LEASE_SECONDS, which is {lease:g}.")
        return heartbeat


def load_settings(**overrides: Any) -> Settings:
    """Read the settings from the environment and `.env`; `overrides` win over both.

    Raises:
        SettingsError: with one sentence for each value that is wrong.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise SettingsError([_sentence(details) for details in error.errors() if _is_own(details)]) from None


def _is_own(details: ErrorDetails) -> bool:
    return (
        details["type"] != "default_factory_not_called"
    )  # Follows from a value that is wrong itself, and is said there.


def _sentence(details: ErrorDetails) -> str:
    name = str(details["loc"][0])
    context: Mapping[str, Any] = details.get("ctx", {})
    field = Settings.model_fields[name.lower()]
    what = str(context["error"]) if details["type"] == "value_error" else f"it must be {right_values(field)}."
    return f"{name.upper()} {_shown(details['input'], secret='SecretStr' in str(field.annotation))}: {what}"


def _shown(value: Any, *, secret: bool) -> str:
    if value is None:
        return "is not set"
    if secret or isinstance(value, SecretStr):
        return "is wrong"
    text = ",".join(value) if isinstance(value, tuple) else str(value)
    return f"is {without_password(text)[:200]!r}"


def _updates_beside(broker_url: str) -> str:
    return broker_url if broker_url.startswith("redis") else "memory://"
