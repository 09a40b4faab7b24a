"""The custom scalars: DateTime and JSON."""

import math
import re
from datetime import UTC, datetime
from typing import Any

import strawberry
from graphql import GraphQLError, ValueNode, value_from_ast_untyped
from strawberry.scalars import JSON
from strawberry.types.scalar import ScalarDefinition

from app.clock import rfc3339

_RFC3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)


def parse_time(value: object) -> datetime:
    """Parse an RFC 3339 time with its offset to an aware UTC time; digits beyond microseconds are cut off.

    Raises:
        GraphQLError: it is not written so, or no such time exists.
    """
    if isinstance(value, str) and _RFC3339.fullmatch(value):
        try:
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    shown = repr(value)[:60]
    raise GraphQLError(f"{shown} is not a time; write RFC 3339 with an offset, such as 2026-11-23T10:00:00Z.")


def parse_json(value: Any) -> Any:
    """A JSON value as received.

    Raises:
        GraphQLError: it contains a number that JSON cannot express (1e999 in a query's text becomes infinite).
    """
    if not _is_finite(value):
        raise GraphQLError("A number in this JSON is too large to be represented.")
    return value


def _parse_json_literal(node: ValueNode, variables: dict[str, Any] | None = None) -> Any:
    return parse_json(value_from_ast_untyped(node, variables))


def _is_finite(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict):
        return all(map(_is_finite, value.values()))
    if isinstance(value, list):
        return all(map(_is_finite, value))
    return True


SCALARS: dict[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="A date and time in RFC 3339 form, e.g. 2026-11-23T10:00:00.123Z. The server always returns UTC.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=rfc3339,
        parse_value=parse_time,
    ),
    JSON: strawberry.scalar(
        name="JSON",
        description="Any JSON value.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc8259",
        serialize=lambda value: value,
        parse_value=lambda value: value,  # variables come from a JSON parser, which has no infinity
        parse_literal=_parse_json_literal,
    ),
}
