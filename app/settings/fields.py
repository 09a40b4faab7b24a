"""The table of all settings: name, kind, default, what each does, and why its default is what it is.

docs/configuration.md is written from it. A setting that is accepted has an effect; there is none for what is not built.
"""

from pathlib import Path
from typing import Any, Literal

from pydantic_settings import BaseSettings, SettingsConfigDict

from app.settings.kinds import (
    MIN_PRODUCTION_KEY_CHARACTERS,
    Addresses,
    BrokerUrl,
    DatabaseUrl,
    Derived,
    EncryptionKeys,
    EventBytes,
    HeartbeatSeconds,
    Networks,
    Origins,
    Token,
    UpdatesUrl,
    setting,
    without_password,
)

_EVERYWHERE = "0.0.0.0"  # noqa: S104 - in a container, whoever runs it decides which ports are open
_KIB, _MIB, _GIB = 1024, 1024**2, 1024**3


def _host(above: dict[str, Any]) -> str:
    return _EVERYWHERE if above.get("environment") == "production" else "127.0.0.1"


def _database_file(above: dict[str, Any]) -> str:
    return f"sqlite://{above.get('data_dir')}/eev-webhooks.db"


def _redis_broker(above: dict[str, Any]) -> str:
    broker = str(above.get("broker_url"))
    return broker if broker.startswith("redis") else "memory://"


def _two_seconds(above: dict[str, Any]) -> int:
    return 2 * int(above.get("rate_limit_per_second", 0))


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

    environment: Literal["development", "production"] = setting(
        "development",
        "In development, deliveries may go to loopback and over plain http, and an encryption key is made on the first"
        " start; in production, neither.",
        "A clone runs without anything being set; the container sets production.",
    )
    host: str = setting(
        Derived(f"127.0.0.1 in development, {_EVERYWHERE} in production", _host),
        "The address that the server listens on.",
        "In development nobody else can reach it; in production a proxy or the container's network has to.",
        right="an IP address or a host name",
    )
    port: int = setting(
        8000,
        "The port that the server listens on.",
        "0 takes a free one, which the first line of the log names.",
        at_least=0,
        at_most=65_535,
    )
    data_dir: Path = setting(
        Path("data"),
        "The directory of the SQLite file and of the generated encryption key.",
        "It is made where it is missing, and all there is to back up.",
        right="a directory",
    )
    database_url: DatabaseUrl = setting(
        Derived("sqlite://DATA_DIR/eev-webhooks.db", _database_file),
        "The database: an SQLite file, or PostgreSQL.",
        "SQLite needs nothing installed; PostgreSQL is for more than one machine.",
        right="sqlite://path or postgres://user:password@host/database",
    )
    database_pool_size: int = setting(
        10,
        "How many connections to PostgreSQL one process holds at most; to SQLite it holds three.",
        "Batches make one statement of many, and a PostgreSQL with its usual 100 connections serves several processes.",
        unit="connections",
        at_least=2,
        at_most=500,
    )
    broker_url: BrokerUrl = setting(
        "memory://",
        "Carries wake-ups to workers: within the server's process, or over Redis or RabbitMQ to `eev-webhooks worker`.",
        "In memory, nothing needs to be installed and one process does everything.",
        right="memory://, redis://, rediss://, amqp:// or amqps://",
    )
    updates_url: UpdatesUrl = setting(
        Derived("BROKER_URL if that is a Redis, else memory://", _redis_broker),
        "Carries live updates to GraphQL subscriptions: within the process, or through Redis Streams.",
        "One Redis serves both. With RabbitMQ it has to be set, because workers run in other processes.",
        right="memory://, redis:// or rediss://",
    )

    bootstrap_api_key: Token = setting(
        None,
        "The admin API key made on the very first start, instead of a generated one that is shown once.",
        "Scripts and deployments know it beforehand.",
        right=f"visible ASCII characters; in production {MIN_PRODUCTION_KEY_CHARACTERS} or more",
    )
    encryption_keys: EncryptionKeys = setting(
        Derived("in development a key made on the first start, in DATA_DIR/encryption.key", lambda _: None),
        "The keys that encrypt secrets in the database, the newest first; the others only decrypt.",
        "Production has to be given one: a key that lies beside the database protects nothing once both are copied.",
        right="32 random bytes each in base64, as `openssl rand -base64 32` prints them, separated by commas",
    )
    metrics_token: Token = setting(
        None,
        "What GET /metrics asks for as `Authorization: Bearer …`; without it, /metrics answers loopback only.",
        "Metrics tell how much is published; a scraper on another machine needs the token.",
        right=f"visible ASCII characters; in production {MIN_PRODUCTION_KEY_CHARACTERS} or more",
    )

    allowed_networks: Networks = setting(
        (),
        "Networks that deliveries may reach although they are not public.",
        "A webhook must not reach what only this server can reach; every exception is named.",
        right="CIDR blocks separated by commas, at most 50",
    )
    egress_addresses: Addresses = setting(
        (),
        "Addresses that deliveries leave from: bound to the first IPv4 and the first IPv6 one; the API lists them all.",
        "Where none is given, the system chooses. Receivers restrict by them where webhooks come from.",
        right="IP addresses separated by commas",
    )
    cors_origins: Origins = setting(
        (),
        "Origins whose pages may call the API from a browser.",
        "The same origin only, until somebody is named.",
        right="origins such as https://app.example.com separated by commas, or *",
    )
    trusted_proxies: Networks = setting(
        (),
        "Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed.",
        "From anybody else they are a claim, and would open keys that are bound to addresses.",
        right="CIDR blocks separated by commas, at most 50",
    )
    max_request_bytes: int = setting(
        4 * _MIB,
        "The largest body of a request, and the largest message on a socket.",
        "1,000 events of 4 kB fit, and one of 256 kB however it is escaped. A body is held and parsed as a whole, so a"
        " much larger one would hold up everybody else; a bigger batch goes in several requests.",
        unit="bytes",
        at_least=64 * _KIB,
        at_most=64 * _MIB,
    )
    max_head_bytes: int = setting(
        64 * _KIB,
        "About how large the URL and the headers of a request may be together; what is read beyond that closes the"
        " connection.",
        "A GET with the longest useful operation fits; anybody can send a head, with or without a key.",
        unit="bytes",
        at_least=8 * _KIB,
        at_most=_MIB,
    )
    max_event_bytes: EventBytes = setting(
        256 * _KIB,
        "The largest `data` of an event, as JSON.",
        "Many receivers refuse bodies above 1 MB.",
        unit="bytes",
        at_least=_KIB,
        at_most=16 * _MIB,
    )

    max_in_flight: int = setting(
        1_000,
        "How many requests to receivers one process has under way at most, over all webhooks.",
        "It keeps a core busy with receivers that take 200 ms, and the more are under way, the more share a commit.",
        unit="requests",
        at_least=1,
        at_most=10_000,
    )
    worker_port: int | None = setting(
        None,
        "The port, on HOST, where `eev-webhooks worker` answers /health and /metrics; without it, it listens nowhere.",
        "Several workers may run on one machine, and most are watched by what starts them.",
        at_least=0,
        at_most=65_535,
    )
    lease_seconds: float = setting(
        5,
        "How long a process keeps what it holds after its last sign of life.",
        "What a killed process held goes out again within seconds, and a short stall of the machine is survived.",
        unit="seconds",
        at_least=0.5,
        at_most=300,
    )
    heartbeat_seconds: HeartbeatSeconds = setting(
        1,
        "How often a process renews its lease; at most a third of LEASE_SECONDS.",
        "Four may be missed before the lease ends.",
        unit="seconds",
        at_least=0.1,
        at_most=60,
    )
    sweep_seconds: float = setting(
        1,
        "How often a process looks for what is due, and for what dead processes held.",
        "A retry is late by about this at most; one look is one scan of an index.",
        unit="seconds",
        at_least=0.1,
        at_most=60,
    )
    shutdown_seconds: float = setting(
        10,
        "How long a stop waits for what is in flight; what is left then is released for others to send.",
        "Most receivers answer within a few seconds, and orchestrators kill after 30.",
        unit="seconds",
        at_least=0,
        at_most=600,
    )
    response_body_bytes: int = setting(
        64 * _KIB,
        "How much of a receiver's answer is read and kept.",
        "Enough for a page that says what went wrong; every attempt keeps it.",
        unit="bytes",
        at_least=0,
        at_most=_MIB,
    )
    ordering_gives_way_seconds: int = setting(
        86_400,
        "How long a delivery with an ordering key waits for an earlier one that is still being retried.",
        "A receiver that was away for a day gets everything in order; an event it can never take holds up no more.",
        unit="seconds",
        at_least=1,
        at_most=30 * 86_400,
    )
    disable_after_days: float = setting(
        5,
        "How long all attempts of a webhook must have failed for it to be disabled.",
        "Longer than a long weekend.",
        unit="days",
        above=0,
        at_most=365,
    )
    breaker_threshold: int = setting(
        10,
        "After how many failures in a row a webhook's deliveries wait, and one probe at a time goes through.",
        "Some failures are chance; ten in a row are not.",
        unit="attempts",
        at_least=1,
        at_most=10_000,
    )
    breaker_open_seconds: float = setting(
        30,
        "How long they wait before the first probe; up to 5 minutes before later ones.",
        "Most restarts are over by then.",
        unit="seconds",
        at_least=0.1,
        at_most=300,
    )
    max_webhooks_per_workspace: int = setting(
        500,
        "How many webhooks a workspace may have.",
        "Every event is compared with all of them.",
        unit="webhooks",
        at_least=1,
        at_most=100_000,
    )

    keep_events_days: float = setting(
        30,
        "How long an event is kept with its payload, its deliveries and its idempotency key, from its publishing and"
        " from the end of each delivery on; 0 is for ever. One with an open delivery stays.",
        "Long enough to look into what a customer asks about, and to replay; tables stay as large as a month is busy.",
        unit="days",
        at_least=0,
        at_most=36_500,
    )
    keep_failed_days: float = setting(
        90,
        "The same for an event of which a delivery FAILED or was CANCELED, from its end on, where that is longer; 0 is"
        " for ever. Statistics reach back as far.",
        "What never arrived is asked about late, and can still be retried.",
        unit="days",
        at_least=0,
        at_most=36_500,
    )
    keep_attempts_days: float = setting(
        14,
        "How long attempts, with the receiver's answer, are kept of deliveries that SUCCEEDED, at most as long as their"
        " event; those of others stay as long as that. 0 sets no limit of its own.",
        "They are the largest part, and the first to interest nobody any more.",
        unit="days",
        at_least=0,
        at_most=36_500,
    )
    keep_operations_days: float = setting(
        90,
        "How long an operation (a retry of many, a replay) is kept from its end on; 0 is for ever.",
        "As long as what it was about.",
        unit="days",
        at_least=0,
        at_most=36_500,
    )
    keep_audit_days: float = setting(
        730,
        "How long entries of the audit log are kept; 0 is for ever.",
        "Who changed what is asked about long after, and entries are few.",
        unit="days",
        at_least=0,
        at_most=36_500,
    )

    updates_kept: int = setting(
        20_000,
        "How many live updates are kept for followers that come back with a cursor; before that there is a gap.",
        "Half a minute of a busy server, at some 300 bytes each.",
        unit="updates",
        at_least=1,
        at_most=10_000_000,
    )
    introspection: bool = setting(
        True, "Whether the GraphQL schema can be queried.", "The contract is public, and tools need it."
    )
    graphiql: bool = setting(
        True,
        "Whether the page /graphiql is served, a console for asking by hand.",
        "It needs no network, and can do what the key that is entered there may do, and no more.",
    )
    persisted_queries_bytes: int = setting(
        4 * _MIB,
        "How much text of automatic persisted queries a process remembers; 0 turns them off.",
        "Thousands of operations; what was forgotten, the longest unused first, a client sends once more.",
        unit="bytes",
        at_least=0,
        at_most=_GIB,
    )
    trusted_documents: Path | None = setting(
        None,
        "A manifest of documents, which are then the only ones that run: by their ids, or by their exact texts.",
        "Whoever has a key may ask anything, until the clients are few and known.",
        right='a JSON file {"id": "text of the document"}, as GraphQL Code Generator and Relay write it, or Apollo\'s',
    )
    max_query_depth: int = setting(
        15,
        "How deep the fields of an operation may be nested.",
        "The headers of the attempts of webhooks' deliveries are 12 levels down. Introspection is not counted.",
        unit="levels",
        at_least=1,
        at_most=100,
    )
    max_query_characters: int = setting(
        200_000,
        "How long the text of an operation may be; its variables do not count.",
        "Reading it takes some 25 ms, in which the process does nothing else; most documents have hundreds.",
        unit="characters",
        at_least=1_000,
        at_most=64 * _MIB,
    )
    max_query_tokens: int = setting(
        2_000,
        "How many tokens the text of an operation may have.",
        "Several times what the largest useful operation has.",
        unit="tokens",
        at_least=100,
        at_most=1_000_000,
    )
    max_query_aliases: int = setting(
        30,
        "How many aliases an operation may have.",
        "Aliases repeat a costly field within one request.",
        unit="aliases",
        at_least=1,
        at_most=10_000,
    )
    max_query_cost: int = setting(
        50_000,
        "How many fields an operation may ask for, each counted as often as the connections around it may return it.",
        "A page of 100 deliveries with all that is known of 20 attempts of each, which costs 37,000.",
        unit="fields",
        at_least=1,
        at_most=100_000_000,
    )
    max_operations_per_socket: int = setting(
        50,
        "How many operations may run at once on one WebSocket.",
        "A page full of live widgets.",
        unit="operations",
        at_least=1,
        at_most=10_000,
    )
    rate_limit_per_second: int = setting(
        1_000,
        "How many requests a second may be made with one API key, those with its access tokens included; 0 sets no"
        " limit. A request over HTTP, the opening of a WebSocket and each operation on one count as one, whatever they"
        " ask for. Servers with a Redis (UPDATES_URL, or else BROKER_URL) count together, else each by itself.",
        "Near what one process can answer: who publishes events together never meets it, a loop that ran wild does.",
        unit="requests per second",
        at_least=0,
        at_most=1_000_000,
    )
    rate_limit_burst: int = setting(
        Derived("twice RATE_LIMIT_PER_SECOND", _two_seconds),
        "How many requests may be made with one API key at once, after it rested. Several servers may let a little more"
        " through before they hear of one another; that is taken off what comes next.",
        "Whoever comes back after a pause, all at once, is let in.",
        unit="requests",
        at_least=1,
        at_most=10_000_000,
    )
    socket_compression: bool = setting(
        False, "Whether messages are compressed on WebSockets.", "Each would be compressed for each client anew."
    )
    log_level: Literal["debug", "info", "warning", "error"] = setting(
        "info", "What is logged at least.", "At info there is one line for every attempt."
    )
    log_format: Literal["auto", "console", "json"] = setting(
        "auto", "How it is logged.", "auto is console in development, for people, and JSON in production, for machines."
    )

    @property
    def in_development(self) -> bool:
        """Whether loopback and plain http are allowed."""
        return self.environment == "development"

    @property
    def delivers_itself(self) -> bool:
        """Whether the server's own process is the worker, because wake-ups do not leave it."""
        return self.broker_url.startswith("memory:")

    @property
    def shared_redis_url(self) -> str | None:
        """The Redis that all processes of the installation share, where there is one."""
        return next((url for url in (self.updates_url, self.broker_url) if url.startswith("redis")), None)

    def __repr_args__(self) -> Any:
        """The fields as they may be shown: URLs without their passwords (secrets hide themselves)."""
        for name, value in super().__repr_args__():
            yield name, without_password(value) if isinstance(value, str) else value
