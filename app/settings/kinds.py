"""The kinds of values of settings: how each is read from text, checked, and described in words.

This module knows only the settings that a check compares with one another; the others are in `app.settings.fields`.
"""

import re
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, cast, get_args, get_origin
from urllib.parse import urlsplit

from annotated_types import Ge, Gt, Le
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationInfo
from pydantic.config import JsonDict
from pydantic.fields import FieldInfo
from pydantic_settings import NoDecode

from app.encryption import Cipher, EncryptionError, parse_keys
from app.errors import Problem
from app.networks import Network, parse_networks

Address: TypeAlias = IPv4Address | IPv6Address

# A key short enough to be guessed would be the admin key of a server that the internet can reach.
MIN_PRODUCTION_KEY_CHARACTERS = 16
# What a request contains besides its one event: the operation, the names of fields, the idempotency key.
_REQUEST_OVERHEAD_BYTES = 16 * 1024
_PASSWORD_PARAMETER = re.compile(r"([?&]password=)[^&]*")
# Types of a logo, by the ending of the file's name.
IMAGE_TYPES = {
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
}


def setting(
    default: Any,
    what: str,
    why: str,
    *,
    unit: str = "",
    right: str = "",
    secret: bool = False,
    at_least: float | None = None,
    above: float | None = None,
    at_most: float | None = None,
) -> Any:
    """A field of the settings.

    Args:
        default: a value, or a `Derived` one.
        what: its effect, as a sentence.
        why: the reason for the default, as a sentence.
        unit: of its number.
        right: accepted values in words, if type and bounds do not say them.
        secret: whether NAME_FILE may name a file with the value (`app.settings.secret_files`).
    """
    texts: JsonDict = {"why": why, "unit": unit, "right": right, "secret": "yes" if secret else ""}
    bounds: dict[str, Any] = {"ge": at_least, "gt": above, "le": at_most}
    if isinstance(default, Derived):
        factory = cast("Callable[[], Any]", default.factory)  # pydantic passes the values of the fields above
        texts["default"] = default.words
        return Field(default_factory=factory, description=what, json_schema_extra=texts, **bounds)
    return Field(default, description=what, json_schema_extra=texts, **bounds)


class Derived:
    """A default that depends on the fields above: a function, and the same in words."""

    def __init__(self, words: str, factory: Callable[[dict[str, Any]], Any]) -> None:
        self.words = words
        self.factory = factory


def said(field: FieldInfo, key: Literal["why", "unit", "right", "default", "secret"]) -> str:
    """One of the texts that a field was made with, or an empty one."""
    extra = field.json_schema_extra
    return str(extra.get(key, "")) if isinstance(extra, dict) else ""


def right_values(field: FieldInfo) -> str:
    """The values that a field takes, as the end of "it must be …"."""
    if right := said(field, "right"):
        return right
    if field.annotation is bool:
        return "true or false"
    if get_origin(field.annotation) is Literal:
        *others, last = get_args(field.annotation)
        return f"{', '.join(others)} or {last}"
    kind = "a whole number" if "int" in str(field.annotation) else "a number"
    return f"{kind} {_bounds(field)}"


def _bounds(field: FieldInfo) -> str:
    lowest = next((bound.ge for bound in field.metadata if isinstance(bound, Ge)), None)
    lower = next((bound.gt for bound in field.metadata if isinstance(bound, Gt)), None)
    highest = next(bound.le for bound in field.metadata if isinstance(bound, Le))
    return f"from {lowest:,} to {highest:,}" if lowest is not None else f"above {lower:,} and at most {highest:,}"


# ── lists ──


def _split(value: Any) -> Any:
    """The parts between commas, stripped; a value that is not text passes unchanged."""
    return tuple(part for part in map(str.strip, value.split(",")) if part) if isinstance(value, str) else value


def _networks(value: Any) -> tuple[Network, ...]:
    problems: list[Problem] = []
    networks = parse_networks(problems, [str(network) for network in value], "This")
    if problems:
        raise ValueError(" ".join(problem.message for problem in problems))
    return networks


def _addresses(value: Any) -> tuple[Address, ...]:
    return tuple(_address(str(text)) for text in value)


def _address(text: str) -> Address:
    try:
        return ip_address(text)
    except ValueError:
        raise ValueError(f'"{text}" is no IP address; write one such as 203.0.113.7 or 2001:db8::7.') from None


def _ports(value: Any) -> frozenset[int]:
    if value == ("none",):
        return frozenset()
    for text in map(str, value):
        if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= 65_535):
            raise ValueError(f'"{text}" is no port; write numbers from 1 to 65535 separated by commas, or none.')
    return frozenset(int(port) for port in value)


def _origins(value: tuple[str, ...]) -> tuple[str, ...]:
    for text in value:
        parts = urlsplit(text)
        whole = text == f"{parts.scheme}://{parts.netloc}" and parts.hostname
        if text != "*" and not (whole and parts.scheme in {"http", "https"}):
            raise ValueError(
                f'"{text}" is no origin; write scheme and host without a path, such as https://app.example.com.'
            )
    return value


# ── URLs ──


def _checked_url(*right: str) -> Callable[[str], str]:
    """A check for URLs that look like one of these; only the scheme is compared."""
    schemes = {url.partition("://")[0] for url in right}

    def check(url: str) -> str:
        scheme, separator, rest = url.partition("://")
        if not separator or scheme not in schemes or (not rest and scheme != "memory"):
            raise ValueError(f"it must be {', '.join(right[:-1])} or {right[-1]}.")
        try:
            _ = urlsplit(url).port
        except ValueError:
            raise ValueError("its port must be a number from 0 to 65535.") from None
        return url

    return check


def _on_disk(url: str) -> str:
    if url.startswith("sqlite://:memory:"):
        raise ValueError("it must name a file, for what is in memory is lost with the process.")
    return url


def _reaches_other_processes(url: str, info: ValidationInfo) -> str:
    broker = info.data.get("broker_url", "memory://")
    if url.startswith("memory:") and not broker.startswith("memory:"):
        raise ValueError(
            f"with BROKER_URL {broker.partition(':')[0]}:// workers run in other processes, so live updates need a"
            " Redis; set UPDATES_URL to redis://host:6379/0."
        )
    return url


def _proxy(url: str | None) -> str | None:
    if url is None:
        return None
    parts = urlsplit(url)
    try:
        whole = parts.scheme == "http" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        whole = False
    if not whole or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("it must be http://host:port, with user:password@ before the host if the proxy wants them.")
    return url


def without_password(url: str) -> str:
    """A URL as it may be shown: its password, if it has one, is replaced by `***`."""
    url = _PASSWORD_PARAMETER.sub(r"\1***", url)
    before, at, after = url.rpartition("@")
    scheme, separator, user = before.partition("://")
    return f"{scheme}{separator}{user.partition(':')[0]}:***@{after}" if at and ":" in user else url


# ── secrets ──


def _fits_a_header(secret: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
    if secret is None:
        return None
    text = secret.get_secret_value()
    if not (text.isascii() and text.isprintable() and " " not in text):
        raise ValueError("it must be visible ASCII characters without blanks.")
    if info.data.get("environment") == "production" and len(text) < MIN_PRODUCTION_KEY_CHARACTERS:
        raise ValueError(
            f"it has {len(text)} characters; in production it must have {MIN_PRODUCTION_KEY_CHARACTERS} or more."
        )
    return secret


def _opens_secrets(keys: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
    if keys is None and info.data.get("environment") == "production":
        raise ValueError("in production it must be set; `openssl rand -base64 32` prints a key.")
    if keys is not None:
        try:
            Cipher(parse_keys(keys.get_secret_value().split(",")))
        except EncryptionError as error:
            raise ValueError(str(error)) from None
    return keys


# ── looks ──


def _matching(pattern: str, example: str) -> Callable[[str | None], str | None]:
    def check(value: str | None) -> str | None:
        if value is not None and not re.fullmatch(pattern, value, re.ASCII):
            raise ValueError(f"it must be written as {example}.")
        return value

    return check


def _beside_a_certificate(path: Path | None, info: ValidationInfo) -> Path | None:
    if path is not None and info.data.get("tls_certificate_file", path) is None:
        raise ValueError("it needs TLS_CERTIFICATE_FILE beside it.")
    return path


def _image(path: Path | None) -> Path | None:
    if path is not None and (path.suffix.lower() not in IMAGE_TYPES or not path.is_file()):
        raise ValueError(f"it must name a file that ends in {', '.join(IMAGE_TYPES)}.")
    return path


# ── numbers that depend on others ──


def _fits_a_request(size: int, info: ValidationInfo) -> int:
    most = info.data.get("max_request_bytes", size + _REQUEST_OVERHEAD_BYTES) - _REQUEST_OVERHEAD_BYTES
    if size > most:
        raise ValueError(
            f"it must be at most {most:,}, which is 16 kB less than MAX_REQUEST_BYTES; or set that higher."
        )
    return size


def _keeps_the_lease(heartbeat: float, info: ValidationInfo) -> float:
    lease = info.data.get("lease_seconds", heartbeat * 3)
    if heartbeat * 3 > lease:
        raise ValueError(f"it must be at most a third of LEASE_SECONDS, which is {lease:g}.")
    return heartbeat


_POSTGRES = "postgresql://user:password@host/database"
DatabaseUrl = Annotated[
    str,
    AfterValidator(_on_disk),
    AfterValidator(_checked_url("sqlite://path", _POSTGRES.replace("ql", ""), _POSTGRES)),
]
_MEMORY_OR_REDIS = ("memory://", "redis://host:6379/0", "rediss://host:6379/0")
_RABBITMQ = ("amqp://user:password@host", "amqps://user:password@host")
ProxyUrl = Annotated[str | None, AfterValidator(_proxy)]
BrokerUrl = Annotated[str, AfterValidator(_checked_url(*_MEMORY_OR_REDIS, *_RABBITMQ))]
UpdatesUrl = Annotated[str, AfterValidator(_reaches_other_processes), AfterValidator(_checked_url(*_MEMORY_OR_REDIS))]
Networks = Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_networks), BeforeValidator(_split)]
Addresses = Annotated[tuple[Address, ...], NoDecode, BeforeValidator(_addresses), BeforeValidator(_split)]
Ports = Annotated[frozenset[int], NoDecode, BeforeValidator(_ports), BeforeValidator(_split)]
Origins = Annotated[tuple[str, ...], NoDecode, AfterValidator(_origins), BeforeValidator(_split)]
Colour = Annotated[str | None, AfterValidator(_matching("#[0-9a-fA-F]{6}", "#0a7d5a"))]
Image = Annotated[Path | None, AfterValidator(_image)]
KeyFile = Annotated[Path | None, AfterValidator(_beside_a_certificate)]
Language = Annotated[str | None, AfterValidator(_matching("[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", "de or de-CH"))]
Token = Annotated[SecretStr | None, AfterValidator(_fits_a_header)]
EncryptionKeys = Annotated[SecretStr | None, AfterValidator(_opens_secrets)]
EventBytes = Annotated[int, AfterValidator(_fits_a_request)]
HeartbeatSeconds = Annotated[float, AfterValidator(_keeps_the_lease)]
