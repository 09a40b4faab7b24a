"""Validates payloads against the schema of their event type, and the schemas of workspaces' event types.

Nothing is read from the network or from files: a schema that refers to something outside itself does not compile.
Formats are asserted, so receivers can rely on dates being dates.
"""

from collections.abc import Mapping
from typing import Any

import jsonschema_rs
import orjson

from app.catalogue.explanation import PayloadError, cut, explain, quoted
from app.catalogue.json_schema import DIALECT
from app.catalogue.schema_rules import broken_rules

# A schema is part of every list of event types, and bigger ones take longer to compile. The largest built-in one has 9
# KB.
MAX_SCHEMA_BYTES = 64 * 1024

# The library finds all errors at once, at some 15 µs each. A payload that consists of errors would block all others for
# seconds; real ones have a few hundred values.
MAX_EXPLAINED_VALUES = 2_000

# The linear-time engine, because patterns such as (a+)+$ keep a backtracking one busy without end.
_PATTERN_OPTIONS = jsonschema_rs.RegexOptions(size_limit=1024 * 1024)

_TOO_MANY_VALUES = (
    f"The data must fit the schema of its event type but does not. With more than {MAX_EXPLAINED_VALUES} values it is "
    "too big to say where: any JSON Schema validator can tell."
)

# "email" means RFC 5321 and refuses jörg@example.com, who writes to support all the same.
_is_email = jsonschema_rs.Draft202012Validator(
    {"format": "idn-email"}, validate_formats=True, email_options=jsonschema_rs.EmailOptions(allow_display_text=False)
).is_valid


class PayloadValidator:
    """One schema, compiled once, to check many payloads with. Safe to share between threads and tasks."""

    __slots__ = ("_validator",)

    def __init__(self, schema: Mapping[str, Any]) -> None:
        """`schema` is JSON Schema 2020-12. Raises ValueError if it is not, or refers to something outside itself."""
        self._validator = jsonschema_rs.Draft202012Validator(
            dict(schema),
            validate_formats=True,
            formats={"email": _is_email},
            pattern_options=_PATTERN_OPTIONS,
            offline=True,
        )

    def errors(self, data: object) -> list[PayloadError]:
        """What is wrong with `data` (JSON as Python objects): the first ten errors by path; empty if it is valid."""
        try:
            if self._validator.is_valid(data):
                return []
            if _has_more_values_than(MAX_EXPLAINED_VALUES, data):
                return [PayloadError((), _TOO_MANY_VALUES)]
            return explain(self._validator.iter_errors(data))
        except ValueError as error:  # unpaired surrogates, keys that are not text, hundreds of levels
            return [PayloadError((), f"The data must be JSON but cannot be read as such: {cut(str(error))}.")]


def _has_more_values_than(limit: int, data: object) -> bool:
    count, waiting = 0, [data]
    while waiting and count <= limit:
        value = waiting.pop()
        count += 1
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    return count > limit


_META_SCHEMA = PayloadValidator({"$ref": DIALECT})


def check_schema(schema: object) -> list[PayloadError]:
    """What prevents `schema` from being the schema of an event type: it must be an object of at most `MAX_SCHEMA_BYTES`
    as JSON, valid JSON Schema 2020-12, self-contained, and cheap to apply. Empty if nothing does.
    """
    if not isinstance(schema, dict):
        return [PayloadError((), f"The schema must be an object but is {quoted(schema)}.")]
    try:
        size = len(orjson.dumps(schema))
    except orjson.JSONEncodeError as error:
        return [PayloadError((), f"The schema must be JSON but cannot be written as such: {cut(str(error))}.")]
    if size > MAX_SCHEMA_BYTES:
        return [PayloadError((), f"The schema must have at most {MAX_SCHEMA_BYTES} bytes as JSON but has {size}.")]
    return _META_SCHEMA.errors(schema) or broken_rules(schema) or _compile_errors(schema)


def _compile_errors(schema: dict[str, Any]) -> list[PayloadError]:
    try:
        PayloadValidator(schema)
    except jsonschema_rs.ValidationError as error:
        return explain([error])
    return []
