"""How the program logs: one line an event, `noun.verb_past` with fields; for people in development, as JSON otherwise.

What libraries log through the standard library (uvicorn, Dramatiq, Tortoise) takes the same way. Lines go to stderr, so
that what a command prints stays clean. Secrets are not to be logged in the first place; the last processor masks what
looks like one all the same.
"""

import json
import logging
import re
import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TextIO

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from app.settings import Settings

MASK = "***"
_SECRET_NAME = re.compile(
    r"(authorization|cookie|credential|passphrase|password|secret|token|bearer|(api|private|encryption|signing)_?keys?)$"
)
# What this program hands out (signing secrets, API keys, access tokens), header values, and passwords within URLs.
_SECRET_TEXT = re.compile(
    r"\b(whsec_|whsk_)[\w+/=-]{6,}"
    r"|\b(eev_|eevt_)[\w.-]{30,}"
    r"|\b(Bearer )[\w+/=.~-]{6,}|\b(Basic )[\w+/=]{12,}"
    r"|(://[^\s/:@]*:)[^\s/@]+(?=@)"
)

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure_logging(settings: Settings, stream: TextIO | None = None) -> None:
    """Send everything that is logged from here on to `stream` (stderr), as the settings say."""
    stream = stream or sys.stderr
    as_json = settings.log_format == "json" or (settings.log_format == "auto" and not settings.in_development)
    level = _LEVELS[settings.log_level]
    structlog.configure(
        processors=_processors(as_json=as_json, colors=stream.isatty()),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    # Never below info: at debug, Tortoise logs every statement with its parameters.
    logging.basicConfig(handlers=[_ToStructlog()], level=max(level, logging.INFO), force=True)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # It logs every URL, which may hold a token.
    logging.captureWarnings(capture=True)


def mask_secrets(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """A structlog processor: fields named like secrets read `***`, and so does what looks like one within texts."""
    return {name: _masked(name, value) for name, value in event.items()}


def _masked(name: str, value: Any) -> Any:
    if value is not None and _is_secret_name(name):
        return MASK
    if isinstance(value, str):
        return _SECRET_TEXT.sub(_mask_text, value) if _may_hold_secret(value) else value
    if isinstance(value, Mapping):
        return {str(key): _masked(str(key), inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_masked("", inner) for inner in value]
    return value


@lru_cache(maxsize=1024)
def _is_secret_name(name: str) -> bool:
    return _SECRET_NAME.search(name.lower().replace("-", "_")) is not None


def _may_hold_secret(text: str) -> bool:
    """Whether a part of each alternative of `_SECRET_TEXT` is there: quick, because every attempt logs many texts."""
    return "whs" in text or "eev" in text or "Bearer " in text or "Basic " in text or "://" in text


def _mask_text(match: re.Match[str]) -> str:
    return str(match[match.lastindex or 0]) + MASK


def _processors(*, as_json: bool, colors: bool) -> list[Processor]:
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.StackInfoRenderer(),
        structlog.processors.TimeStamper(fmt="iso" if as_json else "%H:%M:%S", utc=as_json),
        structlog.processors.format_exc_info,  # Without the values of local variables.
        mask_secrets,
    ]
    if as_json:
        return [*shared, structlog.processors.JSONRenderer(serializer=_json)]
    return [*shared, structlog.dev.ConsoleRenderer(colors=colors, pad_event_to=22)]


def _json(event: EventDict, **_: Any) -> str:
    event = {"timestamp": event.pop("timestamp"), "level": event.pop("level"), "event": event.pop("event"), **event}
    try:
        return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z).decode()
    except TypeError:  # An integer over 64 bits, or half a surrogate pair: no reason to break what is logged.
        return json.dumps(event, default=str)


class _ToStructlog(logging.Handler):
    """Passes what the standard library is told on to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            level = min(max(record.levelno // 10 * 10, logging.DEBUG), logging.CRITICAL)
            structlog.get_logger().log(level, record.getMessage(), logger=record.name, exc_info=record.exc_info)
        except Exception:  # noqa: BLE001 - logging must not break what is logged
            self.handleError(record)
