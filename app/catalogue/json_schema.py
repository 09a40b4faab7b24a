"""A vocabulary for payload schemas, so that a schema reads like the payload it describes.

Each word takes the description first, so no field goes without one. Objects stay open (JSON Schema's default), because
a consumer must survive a field added later. This module knows no event type; the dialect is JSON Schema 2020-12.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_DEFINITION_POINTER = "#/$defs/"


def string(description: str) -> Schema:
    """Any text."""
    return {"description": description, "type": "string"}


def identifier(description: str) -> Schema:
    """An id: opaque text that is not empty."""
    return {"description": description, "type": "string", "minLength": 1}


def timestamp(description: str) -> Schema:
    """A moment, RFC 3339 with a time zone, as in `2026-11-23T10:00:00Z`."""
    return {"description": description, "type": "string", "format": "date-time"}


def url(description: str) -> Schema:
    """An absolute URI that the platform itself made. Values from visitors (referrers, page addresses) are a `string`,
    because browsers allow what RFC 3986 does not, and an event must not be lost because of it.
    """
    return {"description": description, "type": "string", "format": "uri"}


def email(description: str) -> Schema:
    """An e-mail address; international ones (RFC 6531) are welcome."""
    return {"description": description, "type": "string", "format": "email"}


def integer(description: str) -> Schema:
    """A whole number that may be negative."""
    return {"description": description, "type": "integer"}


def count(description: str) -> Schema:
    """A whole number from zero: how many, or how long in whole units."""
    return {"description": description, "type": "integer", "minimum": 0}


def number(description: str) -> Schema:
    """Any number."""
    return {"description": description, "type": "number"}


def duration(description: str) -> Schema:
    """A length of time from zero, fractions allowed; the field's name says the unit."""
    return {"description": description, "type": "number", "minimum": 0}


def share(description: str) -> Schema:
    """A number from 0 to 1."""
    return {"description": description, "type": "number", "minimum": 0, "maximum": 1}


def boolean(description: str) -> Schema:
    """True or false."""
    return {"description": description, "type": "boolean"}


def choice(description: str, values: Sequence[str]) -> Schema:
    """One of a closed set of words."""
    return {"description": description, "type": "string", "enum": list(values)}


def list_of(items: Schema, description: str, *, at_most: int | None = None) -> Schema:
    """A list of items that all match `items`, with at most `at_most` of them if given."""
    limit = {} if at_most is None else {"maxItems": at_most}
    return {"description": description, "type": "array", "items": items} | limit


def mapping(description: str, values: Schema | None = None) -> Schema:
    """An object with keys of the publisher's choice, and values that all match `values` if given."""
    return {"description": description, "type": "object"} | ({} if values is None else {"additionalProperties": values})


def record(description: str, fields: Mapping[str, Schema], *, required: Sequence[str] = ()) -> Schema:
    """An object with known fields; those in `required` must be present, and unknown ones may be."""
    demands = {"required": list(required)} if required else {}
    return {"description": description, "type": "object"} | demands | {"properties": dict(fields)}


def shared(name: str, description: str) -> Schema:
    """A use of the shared definition `name`; the description says what it is here."""
    return {"description": description, "$ref": f"{_DEFINITION_POINTER}{name}"}


def either(description: str, *alternatives: Schema) -> Schema:
    """A value that matches at least one of `alternatives`."""
    return {"description": description, "anyOf": list(alternatives)}


def nullable(schema: Schema) -> Schema:
    """The same, or null if the value is not known or does not apply."""
    if "$ref" in schema:
        return {"description": schema["description"], "anyOf": [{"$ref": schema["$ref"]}, {"type": "null"}]}
    if "anyOf" in schema:
        return schema | {"anyOf": [*schema["anyOf"], {"type": "null"}]}
    values = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return schema | {"type": [schema["type"], "null"]} | values


def self_contained(schema: Schema, definitions: Mapping[str, Schema]) -> Schema:
    """`schema` as a separate document: with the dialect, and in `$defs` those of `definitions` that it uses, directly
    or through others. Raises KeyError if it uses one that does not exist.
    """
    needed: set[str] = set()
    waiting = [schema]
    while waiting:
        new = set(_uses(waiting.pop())) - needed
        needed |= new
        waiting += [definitions[name] for name in new]
    used = {"$defs": {name: definitions[name] for name in definitions if name in needed}} if needed else {}
    return {"$schema": DIALECT} | schema | used


def _uses(schema: object) -> Iterator[str]:
    match schema:
        case {"$ref": str(pointer)}:
            yield pointer.removeprefix(_DEFINITION_POINTER)
        case dict():
            for part in schema.values():
                yield from _uses(part)
        case list():
            for part in schema:
                yield from _uses(part)
