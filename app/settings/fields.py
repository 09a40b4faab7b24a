"""The table of all settings: name, kind, default, effect, and the reason for the default.

docs/configuration.md is generated from it. Every setting that is accepted has an effect.
"""

from pathlib import Path
from typing import Any, Literal, cast

from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from app.settings.collector import EndpointUrl
from app.settings.kinds import (
    MIN_PRODUCTION_KEY_CHARACTERS,
    Addresses,
    BrokerUrl,
    Colour,
    DatabaseUrl,
    Derived,
    EncryptionKeys,
    EventBytes,
    HeartbeatSeconds,
    Image,
    KeyFile,
    Language,
    Networks,
    Origins,
    Ports,
    ProxyUrl,
    Token,
    UpdatesUrl,
    setting,
    without_password,
)
from app.settings.mail import PublicUrl, SmtpFrom, SmtpHost, SmtpPassword, SmtpUsername, own_url, smtp_port
from app.settings.ports import BLOCKED_PORTS
from app.settings.secret_files import SecretFiles

_EVERYWHERE = "0.0.0.0"  # noqa: S104 - in a container, its operator decides which ports are open
_KIB, _MIB, _GIB = 1024, 1024**2, 1024**3


def _host(above: dict[str, Any]) -> str:
    return _EVERYWHERE if above.get("environment") == "production" else "127.0.0.1"


def _database_file(above: dict[str, Any]) -> str:
    return f"sqlite://{above.get('data_dir')}/eev-webhooks.db"


def _redis_broker(above: dict[str, Any]) -> str:
    broker = str(above.get("broker_url"))
    return broker if broker.startswith("redis") else "memory://"


def _two_seconds(above: dict[str, Any]) -> int:
    return max(1, 2 * int(above.get("rate_limit_per_second", 0)))  # Without a rate the burst has no effect.


def _twice_the_cost(above: dict[str, Any]) -> int:
    return 2 * int(above.get("max_query_cost", 0))


class Settings(BaseSettings):
    """All settings. The environment variable of each is its name in capitals; an empty one counts as not set."""

    model_config = SettingsConfigDict(
        frozen=True,
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        hide_input_in_errors=True,
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - a directory of secrets, which is not used
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given wins over the environment, and that over `.env`; in both, NAME_FILE stands for NAME."""
        environment, file = cast(EnvSettingsSource, env_settings), cast(EnvSettingsSource, dotenv_settings)
        # Most installations have no `.env`, and reading a source looks at every setting.
        given = [source for source in (environment, file) if source.env_vars]
        return (init_settings, *(read for source in given for read in (source, SecretFiles(settings_cls, source))))

    environment: Literal["development", "production"] = setting(
        "development",
        "In development, deliveries may use loopback and plain http, and an encryption key is generated on"
        " the first start; in production, neither.",
        "A fresh clone runs without configuration; the container image sets production.",
    )
    host: str = setting(
        Derived(f"127.0.0.1 in development, {_EVERYWHERE} in production", _host),
        "Address that the server listens on.",
        "In development, only this machine can connect; in production, a proxy or the container's network must.",
        right="an IP address or a host name",
    )
    port: int = setting(
        8000,
        "Port that the server listens on.",
        "0 picks a free one, which the first line of the log names.",
        at_least=0,
        at_most=65_535,
    )
    tls_certificate_file: Path | None = setting(
        None,
        "PEM file with the certificate that the server shows, followed by its chain. With it, PORT speaks https and wss"
        " only. The file is read again within seconds of a change, for new connections.",
        "Without it, a proxy before the server ends TLS, or nobody does.",
        right="a PEM file",
    )
    tls_key_file: KeyFile = setting(
        None,
        "PEM file with the key of TLS_CERTIFICATE_FILE, if that does not hold it; it must not be encrypted.",
        "Programs that renew certificates write both files.",
        right="a PEM file, with TLS_CERTIFICATE_FILE",
    )
    hsts_seconds: int = setting(
        31_536_000,
        "How long browsers that have seen the server over TLS_CERTIFICATE_FILE insist on https"
        " (Strict-Transport-Security); 0 does not send the header.",
        "A year, as is usual. A proxy that ends TLS itself adds the header itself.",
        unit="seconds",
        at_least=0,
        at_most=10 * 31_536_000,
    )
    data_dir: Path = setting(
        Path("data"),
        "Directory of the SQLite file and of the generated encryption key.",
        "It is created if it does not exist, and is all there is to back up.",
        right="a directory",
    )
    database_url: DatabaseUrl = setting(
        Derived("sqlite://DATA_DIR/eev-webhooks.db", _database_file),
        "Database: an SQLite file, or PostgreSQL.",
        "SQLite needs no installation; PostgreSQL is for more than one machine.",
        right="sqlite://path or postgres://user:password@host/database",
        secret=True,
    )
    database_pool_size: int = setting(
        10,
        "Maximum number of PostgreSQL connections per process; with SQLite, a process uses three.",
        "Statements are batched, so a PostgreSQL with its usual 100 connections serves several processes.",
        unit="connections",
        at_least=2,
        at_most=500,
    )
    broker_url: BrokerUrl = setting(
        "memory://",
        "Broker that carries wake-ups to workers: within the server's process, or over Redis or RabbitMQ to"
        " `eev-webhooks worker`.",
        "In memory, nothing needs to be installed and one process does everything.",
        right="memory://, redis://, rediss://, amqp:// or amqps://",
        secret=True,
    )
    updates_url: UpdatesUrl = setting(
        Derived("BROKER_URL if that is a Redis, else memory://", _redis_broker),
        "Transport of live updates to GraphQL subscriptions: within the process, or through Redis Streams.",
        "One Redis serves both. With RabbitMQ it must be set, because workers run in other processes.",
        right="memory://, redis:// or rediss://",
        secret=True,
    )

    bootstrap_api_key: Token = setting(
        None,
        "Admin API key created on the very first start, instead of a generated one that is shown once.",
        "Scripts and deployments know it in advance.",
        right=f"visible ASCII characters; in production {MIN_PRODUCTION_KEY_CHARACTERS} or more",
        secret=True,
    )
    encryption_keys: EncryptionKeys = setting(
        Derived("in development a key made on the first start, in DATA_DIR/encryption.key", lambda _: None),
        "Keys that encrypt secrets in the database, newest first; the older ones only decrypt.",
        "Required in production: a key stored beside the database protects nothing once both are copied.",
        right="32 random bytes each in base64, as `openssl rand -base64 32` prints them, separated by commas",
        secret=True,
    )
    metrics_token: Token = setting(
        None,
        "Token that GET /metrics requires as `Authorization: Bearer …`; without it, /metrics answers only loopback.",
        "Metrics reveal how much is published; a scraper on another machine needs the token.",
        right=f"visible ASCII characters; in production {MIN_PRODUCTION_KEY_CHARACTERS} or more",
        secret=True,
    )

    allowed_networks: Networks = setting(
        (),
        "Networks that deliveries may reach although they are not public.",
        "A webhook must not reach what only this server can reach, so every exception is named.",
        right="CIDR blocks separated by commas, at most 50",
    )
    blocked_ports: Ports = setting(
        Derived("those of mail, databases, caches, shells and the like, listed below", lambda _: BLOCKED_PORTS),
        "Ports that deliveries may not use, at any address. A list replaces the default; none blocks no port.",
        "Much that is not HTTP obeys the lines of a request that it understands, so browsers block such ports as well.",
        right="port numbers separated by commas, or none",
    )
    egress_addresses: Addresses = setting(
        (),
        "Addresses that deliveries are sent from: connections bind to the first IPv4 and the first IPv6"
        " address; the API lists all.",
        "If none is given, the system chooses. Receivers use them to restrict the sources of webhooks.",
        right="IP addresses separated by commas",
    )
    egress_proxy: ProxyUrl = setting(
        None,
        "Forward proxy that deliveries go through, by HTTP CONNECT. The server still resolves names, judges addresses"
        " itself and asks the proxy for the address. Connections to the proxy do not bind to EGRESS_ADDRESSES, which"
        " then are the proxy's.",
        "Some networks let nothing out but a proxy. While it is away, deliveries wait, and no attempt is counted.",
        right="http://host:port or http://user:password@host:port",
        secret=True,
    )
    cors_origins: Origins = setting(
        (),
        "Origins whose pages may call the API from a browser.",
        "By default, only the same origin.",
        right="origins such as https://app.example.com separated by commas, or *",
    )
    trusted_proxies: Networks = setting(
        (),
        "Proxies whose X-Forwarded-For and X-Forwarded-Proto headers are trusted.",
        "Anyone else could forge them, and so use API keys that are bound to addresses.",
        right="CIDR blocks separated by commas, at most 50",
    )
    max_request_bytes: int = setting(
        4 * _MIB,
        "Maximum size of a request body and of a message on a WebSocket.",
        "1,000 events of 4 kB fit, and one of 256 kB however it is escaped. A body is held and parsed as a"
        " whole, so a much larger one would delay everyone else; send a larger batch in several requests.",
        unit="bytes",
        at_least=64 * _KIB,
        at_most=64 * _MIB,
    )
    max_head_bytes: int = setting(
        64 * _KIB,
        "Approximate maximum size of the URL and headers of a request together; reading more closes the connection.",
        "A GET with the longest useful operation fits; anyone can send a head, with or without a key.",
        unit="bytes",
        at_least=8 * _KIB,
        at_most=_MIB,
    )
    request_head_seconds: float = setting(
        10,
        "Maximum time for the URL and headers of a request to arrive, counted from the opening of the connection or, on"
        " one that is kept, from its first byte. The server answers 408 and closes the connection.",
        "A head is one packet; anyone can send half of one, with or without a key.",
        unit="seconds",
        at_least=1,
        at_most=3_600,
    )
    request_body_seconds: float = setting(
        60,
        "Maximum time for the body of a request to arrive after its headers.",
        "The largest body takes 35 s at 1 Mbit/s.",
        unit="seconds",
        at_least=1,
        at_most=3_600,
    )
    max_event_bytes: EventBytes = setting(
        256 * _KIB,
        "Maximum size of the `data` of an event, as JSON.",
        "Many receivers refuse bodies above 1 MB.",
        unit="bytes",
        at_least=_KIB,
        at_most=16 * _MIB,
    )

    max_in_flight: int = setting(
        1_000,
        "Maximum number of requests to receivers in flight per process, over all webhooks.",
        "It keeps a core busy with receivers that take 200 ms; the more requests are in flight, the more"
        " share a commit.",
        unit="requests",
        at_least=1,
        at_most=10_000,
    )
    worker_port: int | None = setting(
        None,
        "Port, on HOST, on which `eev-webhooks worker` answers /health and /metrics; if not set, the worker"
        " does not listen.",
        "Several workers may run on one machine, and most are monitored by their supervisor.",
        at_least=0,
        at_most=65_535,
    )
    lease_seconds: float = setting(
        5,
        "How long a process keeps its claims after its last heartbeat.",
        "Deliveries of a killed process are sent again within seconds, and a short stall of the machine is survived.",
        unit="seconds",
        at_least=0.5,
        at_most=300,
    )
    heartbeat_seconds: HeartbeatSeconds = setting(
        1,
        "Interval at which a process renews its lease while it sends; at most a third of LEASE_SECONDS. While nothing"
        " is in flight, half of the lease may pass.",
        "Four heartbeats may be missed before the lease ends.",
        unit="seconds",
        at_least=0.1,
        at_most=60,
    )
    sweep_seconds: float = setting(
        1,
        "Interval at which a process looks for due deliveries, operations and messages, and for dead processes.",
        "A retry is late by at most about this; one sweep is one index scan.",
        unit="seconds",
        at_least=0.1,
        at_most=60,
    )
    shutdown_seconds: float = setting(
        10,
        "How long a stopping process waits for requests in flight; it then releases the remaining deliveries"
        " for others.",
        "Most receivers answer within a few seconds, and orchestrators kill after 30.",
        unit="seconds",
        at_least=0,
        at_most=600,
    )
    response_body_bytes: int = setting(
        64 * _KIB,
        "How much of a receiver's response body is read and stored.",
        "Enough for a page that explains an error; every attempt stores it.",
        unit="bytes",
        at_least=0,
        at_most=_MIB,
    )
    ordering_gives_way_seconds: int = setting(
        86_400,
        "How long a delivery with an ordering key waits for an earlier one that is still being retried.",
        "A receiver that was down for a day gets everything in order, but an event it can never accept does"
        " not block it forever.",
        unit="seconds",
        at_least=1,
        at_most=30 * 86_400,
    )
    backlog_alert_seconds: float = setting(
        30,
        "How long the oldest open delivery of an active webhook may wait before `backlog.growing` is published.",
        "An outage of a receiver is reported within a minute.",
        unit="seconds",
        above=0,
        at_most=86_400,
    )
    disable_after_days: float = setting(
        5,
        "How long all attempts of a webhook must have failed before it is disabled.",
        "Longer than a long weekend.",
        unit="days",
        above=0,
        at_most=365,
    )
    breaker_threshold: int = setting(
        10,
        "Number of consecutive failures after which a webhook's deliveries wait and only one probe at a time is sent.",
        "Some failures are chance; ten in a row are not.",
        unit="attempts",
        at_least=1,
        at_most=10_000,
    )
    breaker_open_seconds: float = setting(
        30,
        "How long deliveries then wait before the first probe; up to 5 minutes before later ones.",
        "Most restarts are over by then.",
        unit="seconds",
        at_least=0.1,
        at_most=300,
    )
    public_url: PublicUrl = setting(
        Derived("http://localhost:PORT in development", own_url),
        "URL under which people reach the server, for links in messages to contacts.",
        "The server does not know the name that a proxy before it has.",
        right="a URL such as https://webhooks.example.com",
    )
    smtp_host: SmtpHost = setting(
        None,
        "Mail server that takes messages to contacts of the kind EMAIL; without it, there are no such contacts."
        " Connections to it are the operator's choice, so ALLOWED_NETWORKS and BLOCKED_PORTS do not concern them.",
        "Delivering mail is the work of a mail server, which every provider has.",
        right="a host name or an IP address",
    )
    smtp_security: Literal["starttls", "tls", "none"] = setting(
        "starttls",
        "Encryption of connections to SMTP_HOST: by STARTTLS, which is then required, by TLS from the start, or none.",
        "What mail servers take from programs today. The certificate must be valid for SMTP_HOST.",
    )
    smtp_port: int = setting(
        Derived("587 for starttls, 465 for tls, 25 for none", smtp_port),
        "Port of SMTP_HOST.",
        "The usual port of each kind of encryption.",
        at_least=1,
        at_most=65_535,
    )
    smtp_from: SmtpFrom = setting(
        None,
        "Sender of messages to contacts. Required with SMTP_HOST.",
        "Mail servers take only senders that they know.",
        right="webhooks@example.com or Webhooks <webhooks@example.com>",
    )
    smtp_username: SmtpUsername = setting(
        None,
        "Username for SMTP_HOST, with SMTP_PASSWORD.",
        "Without it, the server does not log in, as a relay within a network expects.",
        right="a username, with SMTP_PASSWORD",
    )
    smtp_password: SmtpPassword = setting(
        None, "Password of SMTP_USERNAME.", "It is set together with the username.", right="a password", secret=True
    )
    max_webhooks_per_workspace: int = setting(
        500,
        "Maximum number of webhooks per workspace.",
        "Every event is matched against all of them.",
        unit="webhooks",
        at_least=1,
        at_most=100_000,
    )

    keep_events_days: float = setting(
        30,
        "How long an event is kept with its payload, deliveries and idempotency key, counted from its"
        " publication and from the end of each delivery; 0 keeps it forever. An event with an open delivery is"
        " kept.",
        "Long enough to investigate customer questions and to replay; tables stay as large as a month of traffic.",
        unit="days",
        at_least=0,
        at_most=36_500,
    )
    keep_failed_days: float = setting(
        90,
        "How long, if longer, an event is kept of which a delivery FAILED or was CANCELED, counted from the"
        " end of the delivery; 0 keeps it forever. Statistics reach back as far. A problem is kept as long after it was"
        " resolved.",
        "Questions about failed deliveries come late, and they can still be retried.",
        unit="days",
        at_least=0,
        at_most=36_500,
    )
    keep_attempts_days: float = setting(
        14,
        "How long attempts of SUCCEEDED deliveries are kept, with the receiver's response, but at most as"
        " long as their event. Other attempts are kept as long as their event. 0 sets no separate limit.",
        "They take the most space and lose their value first.",
        unit="days",
        at_least=0,
        at_most=36_500,
    )
    keep_operations_days: float = setting(
        90,
        "How long an operation (a bulk retry or cancellation, a replay) is kept after its end; 0 keeps it forever.",
        "As long as the deliveries it concerns.",
        unit="days",
        at_least=0,
        at_most=36_500,
    )
    keep_audit_days: float = setting(
        730,
        "How long entries of the audit log are kept; 0 keeps them forever.",
        "Questions about who changed what come late, and entries are few.",
        unit="days",
        at_least=0,
        at_most=36_500,
    )

    updates_kept: int = setting(
        20_000,
        "Number of live updates, over all workspaces, kept for followers that resume with a cursor; before the oldest"
        " there is a gap.",
        "Half a minute of a busy server, at about 300 bytes each.",
        unit="updates",
        at_least=1,
        at_most=10_000_000,
    )
    introspection: bool = setting(
        True, "Whether the GraphQL schema can be queried.", "The schema is public, and tools need introspection."
    )
    graphiql: bool = setting(
        True,
        "Whether the page /graphiql is served, a console for queries, mutations and subscriptions.",
        "It needs no internet access, and can do only what the API key entered there allows.",
    )
    dashboard: bool = setting(
        True,
        "Whether the pages for people are served at /dashboard.",
        "They use the public API only, so they can do what the key of the person who signs in may do, and no more.",
    )
    mcp: bool = setting(
        True,
        "Whether agents can use the Model Context Protocol at /mcp.",
        "It answers through the public API, with the key or token of the caller. Its library is loaded on first use.",
    )
    frame_ancestors: Origins = setting(
        (),
        "Sites that may embed the dashboard in a frame.",
        "A page in a frame of an unknown site can be made to be clicked unseen.",
        right="origins such as https://app.example.com, separated by commas",
    )
    dashboard_accent: Colour = setting(
        None,
        "Colour of the dashboard's links and main buttons.",
        "Without it, a blue that reads well in light and dark.",
        right="#rrggbb, such as #0a7d5a",
    )
    dashboard_logo: Image = setting(
        None,
        "Image shown on the dashboard in place of the word Webhooks.",
        "The page loads nothing from other servers, so the image is a file on this one.",
        right="an SVG, PNG, JPEG or WebP file",
    )
    dashboard_language: Language = setting(
        None,
        "Language of the dashboard's dates and numbers.",
        "Without it, the browser's.",
        right="a language tag such as de or de-CH",
    )
    persisted_queries_bytes: int = setting(
        4 * _MIB,
        "How much text of automatic persisted queries a process remembers; 0 disables them.",
        "Thousands of operations. The least recently used is evicted first; a client sends it again.",
        unit="bytes",
        at_least=0,
        at_most=_GIB,
    )
    trusted_documents: Path | None = setting(
        None,
        "Manifest of trusted documents. If set, only these run, by their IDs or by their exact texts.",
        "Without it, any holder of a key may run any operation, which suits clients that are not known in advance.",
        right='a JSON file {"id": "text of the document"}, as GraphQL Code Generator and Relay write it, or Apollo\'s',
    )
    max_query_depth: int = setting(
        15,
        "Maximum nesting depth of the fields of an operation.",
        "The headers of the attempts of webhooks' deliveries are 12 levels deep. Introspection is not counted.",
        unit="levels",
        at_least=1,
        at_most=100,
    )
    max_query_characters: int = setting(
        200_000,
        "Maximum length of the text of an operation, without its variables.",
        "Parsing it takes about 25 ms, in which the process does nothing else; most documents have hundreds"
        " of characters.",
        unit="characters",
        at_least=1_000,
        at_most=64 * _MIB,
    )
    max_query_tokens: int = setting(
        2_000,
        "Maximum number of tokens in the text of an operation.",
        "Several times what the largest useful operation has.",
        unit="tokens",
        at_least=100,
        at_most=1_000_000,
    )
    max_query_aliases: int = setting(
        30,
        "Maximum number of aliases in an operation.",
        "Aliases repeat a costly field within one request.",
        unit="aliases",
        at_least=1,
        at_most=10_000,
    )
    max_query_cost: int = setting(
        50_000,
        "Maximum number of fields an operation may request, each counted as often as the connections around"
        " it may return it.",
        "A page of 100 deliveries with all fields of 20 attempts each fits, at a cost of 37,000.",
        unit="fields",
        at_least=1,
        at_most=100_000_000,
    )
    max_operations_per_socket: int = setting(
        50,
        "Maximum number of concurrent operations on one WebSocket.",
        "Enough for a page full of live widgets.",
        unit="operations",
        at_least=1,
        at_most=10_000,
    )
    max_pending_sockets: int = setting(
        1_000,
        "Maximum number of WebSockets that have not sent connection_init yet. Beyond it, a new one gets the place of"
        " the oldest if that has waited for a second; otherwise it is answered with 503.",
        "Anyone can open sockets, with or without a key. A client sends connection_init at once, so 1,000 places admit"
        " thousands in a few seconds.",
        unit="sockets",
        at_least=1,
        at_most=1_000_000,
    )
    max_pending_sockets_per_address: int = setting(
        500,
        "The same, for the sockets of one client address.",
        "All people of an office may reconnect at once, and one address cannot take every place. Behind a proxy, set"
        " TRUSTED_PROXIES, or all clients share one address.",
        unit="sockets",
        at_least=1,
        at_most=1_000_000,
    )
    rate_limit_per_second: int = setting(
        1_000,
        "Maximum number of requests per second with one API key, including its access tokens; 0 disables the"
        " limit. An HTTP request, the opening of a WebSocket and each operation on it count as one, whatever"
        " their cost, which COST_LIMIT_PER_SECOND limits. Servers that share a Redis (UPDATES_URL, or else"
        " BROKER_URL) count together, others separately.",
        "Close to what one process can serve. A publisher that batches never reaches it; a runaway loop does.",
        unit="requests per second",
        at_least=0,
        at_most=1_000_000,
    )
    rate_limit_burst: int = setting(
        Derived("twice RATE_LIMIT_PER_SECOND", _two_seconds),
        "Number of requests that may be made at once with one API key after a pause. Several servers may"
        " allow slightly more before they learn of one another; the excess is deducted from what follows.",
        "A client that reconnects after a pause is let in.",
        unit="requests",
        at_least=1,
        at_most=10_000_000,
    )
    cost_limit_per_second: int = setting(
        Derived("twice MAX_QUERY_COST", _twice_the_cost),
        "Cost of operations that one API key, including its access tokens, may cause per second; 0 disables the"
        " limit. After a pause, a key may cause MAX_QUERY_COST at once. Servers count together as for"
        " RATE_LIMIT_PER_SECOND.",
        "About what one process can serve. A dashboard stays far below; a loop over the heaviest pages does not.",
        unit="cost per second",
        at_least=0,
        at_most=200_000_000,
    )
    socket_compression: bool = setting(
        False,
        "Whether messages on WebSockets are compressed.",
        "Each message would be compressed separately for each client.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = setting(
        "info", "Lowest level that is logged.", "At info, there is one line for every attempt."
    )
    log_format: Literal["auto", "console", "json"] = setting(
        "auto",
        "Format of the log.",
        "auto is console in development, for people, and JSON in production, for machines.",
    )
    send_traceparent: bool = setting(
        True,
        "Whether receivers get the trace of a publisher that sent a valid traceparent: `traceparent` and `tracestate`"
        " on every attempt.",
        "A publisher that sends one wants to see where its event goes. Other events carry none.",
    )
    otel_exporter_otlp_traces_endpoint: EndpointUrl = setting(
        None,
        "Where spans are exported to, by OTLP over HTTP: the complete URL. Needs the extra `opentelemetry`. The SDK"
        " reads other OTEL_* variables, such as OTEL_TRACES_SAMPLER and OTEL_EXPORTER_OTLP_HEADERS, from the"
        " environment.",
        "Nothing of OpenTelemetry is loaded unless one of these names a collector.",
        right="an http or https URL",
    )
    otel_exporter_otlp_endpoint: EndpointUrl = setting(
        None,
        "The same as the URL of a collector, to which `/v1/traces` is added.",
        "The standard variable for all signals.",
        right="an http or https URL",
    )
    otel_traces_exporter: str | None = setting(
        None,
        "`otlp` exports spans to a collector on this machine if no endpoint is set; `none` exports nothing.",
        "With an endpoint it need not be set.",
        right="otlp or none",
    )
    otel_sdk_disabled: bool = setting(
        False, "Exports nothing, whatever the other variables say.", "The standard switch."
    )
    otel_service_name: str | None = setting(
        None,
        "Name of the service in traces.",
        "`eev-webhooks`, unless OTEL_RESOURCE_ATTRIBUTES names another.",
        right="a name",
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
        """The Redis that all processes of the installation share, if there is one."""
        return next((url for url in (self.updates_url, self.broker_url) if url.startswith("redis")), None)

    def __repr_args__(self) -> Any:
        """The fields as they may be shown: URLs without passwords; secrets mask themselves."""
        for name, value in super().__repr_args__():
            yield name, without_password(value) if isinstance(value, str) else value
