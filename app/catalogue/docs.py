"""Generates docs/events.md from the catalogue.

Run it as `python -m app.catalogue.docs > docs/events.md`.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from app.catalogue import BUILT_IN
from app.catalogue.event_type import EventType
from app.catalogue.shared import DEFINITIONS

_INTRODUCTION = """\
# Events

The event types that the platform publishes. A webhook selects them by name (`ticket.created`), by family (`ticket.*`)
or altogether (`*`). Every request body has the form `{"id", "type", "timestamp", "data"}`; this page describes `data`.
Only fields marked as required are always present. Others may be absent, and new fields may be added at any time: ignore
fields that you do not know. The query `eventTypes { name jsonSchema example }` returns the same schemas.

`data` arrives as it was published, but its form may differ: 19.90 becomes 19.9, 1E3 becomes 1000.0, -0 becomes 0,
spaces between tokens go, and escapes in strings become the characters themselves. Whole numbers are exact; one beyond
64 bits is refused as INVALID_PAYLOAD, with its path. Numbers with a fraction or an exponent are 64-bit floats (about
16 digits). If an object in JSON variables has a key twice, the last value counts, as in most JSON parsers; in a
GraphQL document it is an error.

This page is generated from the catalogue in `app/catalogue` by `python -m app.catalogue.docs > docs/events.md`.
"""

_FORMATS = {"date-time": "date and time", "email": "e-mail address", "uri": "URL"}


def page() -> str:
    """The whole of docs/events.md, as Markdown."""
    contents = "\n".join(f"- [{name}](#{_anchor(name)}): {event.description}" for name, event in BUILT_IN.items())
    events = "\n".join(_section(event_type) for event_type in BUILT_IN.values())
    definitions = "\n".join(
        f"### {name}\n\n{schema['description']}\n\n{_table(schema)}" for name, schema in DEFINITIONS.items()
    )
    return f"{_INTRODUCTION}\n{contents}\n\n{events}\n## Shared objects\n\n{definitions}"


def _section(event_type: EventType) -> str:
    example = json.dumps(event_type.example, indent=2, ensure_ascii=False)
    table = _table(event_type.json_schema)
    return f"## {event_type.name}\n\n{event_type.description}\n\n{table}\n```json\n{example}\n```\n"


def _table(schema: Mapping[str, Any]) -> str:
    rows = "\n".join(f"| {' | '.join(row)} |" for row in _rows(schema, ""))
    return f"| Field | Type | Description |\n|---|---|---|\n{rows}\n"


def _rows(schema: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str, str]]:
    """A row for each field, followed by the rows of its nested fields."""
    for name, field in schema.get("properties", {}).items():
        required = " (required)" if name in schema.get("required", ()) else ""
        yield f"`{prefix}{name}`", f"{_type(field)}{required}", field["description"].replace("|", "\\|")
        yield from _rows(field, f"{prefix}{name}.")
        yield from _rows(field.get("items", {}), f"{prefix}{name}[].")


def _type(schema: Mapping[str, Any]) -> str:
    match schema:
        case {"$ref": str(reference)}:
            name = reference.rpartition("/")[2]
            text = f"[{name}](#{_anchor(name)})"
        case {"anyOf": alternatives}:
            text = " or ".join(map(_type, alternatives))
        case {"enum": values}:
            text = ", ".join("or null" if value is None else f"`{value}`" for value in values)
        case {"type": [*types]}:
            text = " or ".join(_type({**schema, "type": name}) for name in types)
        case {"type": "array", "items": items}:
            text = f"list of {_type(items)}"
        case {"type": str(name)}:
            text = _FORMATS[schema["format"]] if name == "string" and "format" in schema else name
        case _:
            text = "anything"
    return text


def _anchor(heading: str) -> str:
    return heading.lower().replace(".", "")


if __name__ == "__main__":
    sys.stdout.write(page())
