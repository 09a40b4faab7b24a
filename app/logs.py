"""The program's log: one line per event, `noun.verb_past` with fields; for people in development, as JSON otherwise.

Lines that libraries log through the standard library (uvicorn, Dramatiq, Tortoise) take the same path. Lines go to
stderr, so that a command's output stays clean. Secrets must not be logged in the first place; the last processor masks
anything that still looks like one. Logging never raises and never blocks; `app.log_output` handles lines that cannot be
written.
"""

import json
import logging
import re
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TextIO, TypeAlias

import orjson
import structlog
from structlog.contextvars import merge_contextvars
from structlog.typing import EventDict, Processor, WrappedLogger

from app.log_output import LogOutput
from app.settings import Settings

MASK = "***"
_SECRET_NAME = re.compile(
    r"(authorization|cookie|credential|passphrase|password|secret|token|bearer|(api|private|encryption|signing)_?keys?)$"
)
# Credentials that this program issues (signing secrets, API keys, access tokens), header values, and passwords in URLs.
_SECRET_TEXT = re.compile(
    r"\b(whsec_|whsk_)[\w+/=-]{6,}"
    r"|\b(eev_|eevt_)[\w.-]{30,}"
    r"|\b(Bearer )[\w+/=.~-]{6,}|\b(Basic )[\w+/=]{12,}"
    r"|(://[^\s/:@]*:)[^\s/@]+(?=@)"
)

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


LogMany: TypeAlias = Callable[[str, Sequence[EventDict]], None]


def log_many(event: str, lines: Sequence[EventDict]) -> None:
    """Log frequent events, such as attempts, at level info, one line each. Lines are structlog's own; their
    dictionaries are not kept, but may be changed.
    """
    _many(event, lines)


def _by_structlog(event: str, lines: Sequence[EventDict]) -> None:
    log = structlog.get_logger()
    for fields in lines:
        log.info(event, **fields)


_many: LogMany = _by_structlog
_output: LogOutput | None = None


def configure_logging(settings: Settings, stream: TextIO | None = None) -> None:
    """Write everything that is logged from now on to `stream` (stderr), as the settings say."""
    global _many, _output  # noqa: PLW0603 - as global as structlog's own configuration
    if stream is None:
        stream = sys.stderr
        _log_what_would_go_to_stderr()
    as_json = settings.log_format == "json" or (settings.log_format == "auto" and not settings.in_development)
    level = _LEVELS[settings.log_level]
    render = _rendered_by(_processors(as_json=as_json, colors=stream is not None and stream.isatty()))
    _output = output = LogOutput(stream, lambda lines: _notice(render, lines))
    structlog.configure(
        processors=[render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: output,
        cache_logger_on_first_use=False,
    )
    _many = _straight_to(output) if as_json and level <= logging.INFO else _by_structlog
    # Never below info: at debug, Tortoise logs every statement with its parameters.
    logging.basicConfig(handlers=[_ToStructlog()], level=max(level, logging.INFO), force=True)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # It logs every URL, which may contain a token.
    logging.captureWarnings(capture=True)


def lines_dropped() -> int:
    """Number of lines that could not be written since logging was configured."""
    return 0 if _output is None else _output.dropped


def _straight_to(output: LogOutput) -> LogMany:
    """Write lines of JSON all at once and without structlog, which costs more per call than the line itself."""

    def many(event: str, lines: Sequence[EventDict]) -> None:
        try:
            text = "\n".join([_json_line("info", event, merge_contextvars(None, "info", fields)) for fields in lines])
        except Exception:  # noqa: BLE001 - logging must not break what is logged
            _by_structlog(event, lines)
        else:
            output.msg(text)

    return many


def _rendered_by(processors: Sequence[Processor]) -> Processor:
    """One processor that applies all of these, and renders a shorter line if one of them raises."""

    def render(logger: WrappedLogger, level: str, event: EventDict) -> Any:
        name = event.get("event")
        line: Any = event
        try:
            for process in processors:
                line = process(logger, level, line)
        except Exception as error:  # noqa: BLE001 - logging must not break what is logged
            return _json_line(level, str(name), {"unreadable": type(error).__name__})
        return line

    return render


def _notice(render: Processor, lines: int) -> str:
    return str(render(None, "warning", {"event": "log.lines_dropped", "lines": lines}))


def _log_what_would_go_to_stderr() -> None:
    """Log errors that no code can catch. Otherwise the interpreter would write them itself, and block on stderr."""
    threading.excepthook = lambda thread: structlog.get_logger().error(
        "thread.failed", thread=thread.thread.name if thread.thread else None, exc_info=thread.exc_value
    )
    sys.unraisablehook = lambda error: structlog.get_logger().error(
        "error.unraisable", source=repr(error.object), exc_info=error.exc_value
    )


def mask_secrets(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """A structlog processor: fields named like secrets become `***`, and so does anything in texts that looks like
    one.
    """
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
    """Whether a part of any alternative of `_SECRET_TEXT` occurs. Fast, because a single rare character is the fastest
    search.
    """
    return (
        ("/" in text and "://" in text)
        or ("B" in text and ("Bearer " in text or "Basic " in text))
        or "eev" in text
        or "whs" in text
    )


def _mask_text(match: re.Match[str]) -> str:
    return str(match[match.lastindex or 0]) + MASK


def _processors(*, as_json: bool, colors: bool) -> list[Processor]:
    shared: list[Processor] = [
        merge_contextvars,
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,  # Without the values of local variables.
    ]
    if as_json:
        return [*shared, _render_json]
    return [
        *shared,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
        mask_secrets,
        structlog.dev.ConsoleRenderer(colors=colors, pad_event_to=22),
    ]


def _render_json(_: WrappedLogger, level: str, event: EventDict) -> str:
    return _json_line(level, event.pop("event"), event)


def _json_line(level: str, event: str, fields: EventDict) -> str:
    """One line of JSON. Secrets are searched for in the whole line first, and in its parts only if one may be there."""
    line = {"timestamp": datetime.now(UTC), "level": level, "event": event, **fields}
    text = _json(line)
    if _are_plain_names(tuple(fields)) and text.find("{", 1) < 0 and not _may_hold_secret(text):
        return text
    return _json(mask_secrets(None, level, line))


def _json(line: EventDict) -> str:
    try:
        return orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z).decode()
    except TypeError:  # An integer over 64 bits, or half a surrogate pair: the line is still logged.
        return json.dumps(line, default=_text)


def _text(value: Any) -> str:
    return f"{value:%Y-%m-%dT%H:%M:%S.%fZ}" if isinstance(value, datetime) and value.tzinfo is UTC else str(value)


@lru_cache(maxsize=1024)
def _are_plain_names(names: tuple[str, ...]) -> bool:
    return not any(map(_is_secret_name, names))


class _ToStructlog(logging.Handler):
    """Passes records of the standard library on to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            level = min(max(record.levelno // 10 * 10, logging.DEBUG), logging.CRITICAL)
            structlog.get_logger().log(level, record.getMessage(), logger=record.name, exc_info=record.exc_info)
        except Exception as error:  # noqa: BLE001 - logging must not break what is logged
            structlog.get_logger().error("log.unreadable", logger=record.name, error=type(error).__name__)
