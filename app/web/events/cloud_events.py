"""A CloudEvent as an event of this server. Pure.

Source: CloudEvents 1.0.2 (github.com/cloudevents/spec). ADR 38 in docs/adr says why attributes are mapped as they are.

    type                    the event type
    source, id              together the idempotency key
    time                    occurredAt
    partitionkey            orderingKey (the extension of that name)
    data, data_base64       data, which must be JSON
    subject, dataschema     allowed, and not kept
    traceparent, tracestate the trace of the event (the extension for tracing)

Any other attribute is refused: its sender wants an effect that it would not have.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import orjson
from graphql import GraphQLError

from app.errors import Problem, Rejected, UserErrorCode
from app.publishing.draft import MAX_KEY_LENGTH, EventDraft
from app.trace_context import parse_trace_context
from graph.http import decode
from graph.scalars import parse_time

VERSION = "1.0"
# Where a draft's fields come from, for the paths of problems.
NAMES = {"occurredAt": "time", "idempotencyKey": "id", "orderingKey": "partitionkey"}
HEADER_PREFIX = "ce-"

_REQUIRED = ("id", "source", "type")
_OPTIONAL = ("time", "subject", "datacontenttype", "dataschema")
_EXTENSIONS = ("partitionkey", "traceparent", "tracestate")
_ALLOWED = frozenset(("specversion", *_REQUIRED, *_OPTIONAL, *_EXTENSIONS))
_DATA = frozenset(("data", "data_base64"))
_JSON_TYPE = re.compile(r"[^;\s]+[/+]json\s*(;.*)?", re.IGNORECASE)


def draft_of(event: Mapping[str, Any]) -> EventDraft:
    """The draft of an event in CloudEvents' JSON format: attributes, and `data` or `data_base64`.

    Raises:
        Rejected: something is wrong with its attributes, or its data is not JSON.
    """
    attributes = {name: value for name, value in event.items() if value is not None and name not in _DATA}
    if problems := _problems(attributes):
        raise Rejected(problems)
    return EventDraft(
        type=attributes["type"],
        data=_data(event),
        occurred_at=_time(attributes.get("time")),
        idempotency_key=key_of(attributes["source"], attributes["id"]),
        ordering_key=attributes.get("partitionkey"),
        trace=parse_trace_context([attributes["traceparent"]], [attributes.get("tracestate", "")])
        if "traceparent" in attributes
        else None,
    )


def draft_of_headers(headers: Mapping[str, str], body: bytes) -> EventDraft:
    """The draft of an event in the binary content mode: attributes in `ce-` headers, data in the body.

    Raises:
        Rejected: something is wrong with its attributes, or its data is not JSON.
    """
    event: dict[str, Any] = {
        name.removeprefix(HEADER_PREFIX): unquote(value)
        for name, value in headers.items()
        if name.startswith(HEADER_PREFIX)
    }
    event.pop("datacontenttype", None)  # The content-type is this attribute; the specification forbids the header.
    if content_type := headers.get("content-type"):
        event["datacontenttype"] = content_type
    draft = draft_of(event)
    return replace(draft, data=_parsed(body, "data")) if body else draft


def key_of(source: str, event_id: str) -> str:
    """The idempotency key of a source and an ID, which identify a CloudEvent: as they are, or if that is too long or
    cannot be printed, hashed.
    """
    # A source has no space, so no other pair gives the same key.
    key = f"{source} {event_id}"
    if len(key) <= MAX_KEY_LENGTH and key.isprintable():
        return key
    return f"sha256:{hashlib.sha256(key.encode(errors='surrogatepass')).hexdigest()}"


def _problems(attributes: Mapping[str, Any]) -> list[Problem]:
    if attributes.get("specversion") != VERSION:
        given = str(attributes.get("specversion", "missing"))[:20]
        return [_invalid(f'specversion must be "{VERSION}", but is {given}.', "specversion")]
    problems = [
        Problem(f"{name} is missing; a CloudEvent has one.", (name,), UserErrorCode.REQUIRED)
        for name in _REQUIRED
        if name not in attributes
    ]
    for name, value in attributes.items():
        if name not in _ALLOWED:
            problems.append(_invalid(_unknown(name), name[:64]))
        elif not isinstance(value, str) or not value:
            problems.append(_invalid(f"{name} must be a string that is not empty.", name))
    source = attributes.get("source")
    if isinstance(source, str) and any(map(str.isspace, source)):
        problems.append(_invalid("source must be a URI reference, which has no spaces.", "source"))
    content_type = attributes.get("datacontenttype")
    if isinstance(content_type, str) and not _JSON_TYPE.fullmatch(content_type):
        message = f"The data must be JSON, but its content type is {content_type[:100]}."
        problems.append(_invalid(message, "datacontenttype"))
    return problems


def _unknown(name: str) -> str:
    return (
        f'The attribute "{name[:64]}" has no effect here; leave it out, and put what receivers need into data.'
        " The extensions partitionkey, traceparent and tracestate are allowed."
    )


def _time(text: str | None) -> Any:
    try:
        return None if text is None else parse_time(text)
    except GraphQLError as error:
        raise Rejected([_invalid(error.message, "time")]) from None


def _data(event: Mapping[str, Any]) -> Any:
    encoded = event.get("data_base64")
    if encoded is None:
        return event.get("data")
    try:
        if event.get("data") is not None:
            raise ValueError("there is data as well")
        content = base64.b64decode(encoded, validate=True)
    except (ValueError, TypeError, binascii.Error) as error:
        raise Rejected([_not_json("data_base64", str(error))]) from None
    return _parsed(content, "data_base64")


def _parsed(content: bytes, name: str) -> Any:
    try:
        return decode(content)
    except orjson.JSONDecodeError as error:
        raise Rejected([_not_json(name, str(error))]) from None


def _not_json(name: str, reason: str) -> Problem:
    return Problem(f"{name} is not JSON: {reason}.", (name,), UserErrorCode.INVALID_PAYLOAD)


def _invalid(message: str, *path: str) -> Problem:
    return Problem(message, path, UserErrorCode.INVALID)
