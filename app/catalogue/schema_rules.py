"""Restrictions on schemas of workspaces beyond JSON Schema.

A schema must be self-contained: every `$ref` refers to the same document, so nothing is ever fetched. It must also be
cheap: no definition refers to itself, and the schema stays small with every `$ref` expanded. Otherwise forty
definitions that each refer twice to the next would keep a processor busy for hours over one small payload.

Pure. Expects a schema that the meta-schema has accepted.
"""

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any
from urllib.parse import unquote

from app.catalogue.explanation import MAX_ERRORS, PayloadError, quoted
from app.catalogue.json_schema import DIALECT

MAX_EXPANDED_SIZE = 10_000
MAX_EXPANDED_DEPTH = 100

_ONE_SCHEMA = frozenset(
    {
        "additionalProperties",
        "contains",
        "contentSchema",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    }
)
_LIST_OF_SCHEMAS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_SCHEMAS_BY_NAME = frozenset({"$defs", "definitions", "dependentSchemas", "patternProperties", "properties"})

Path = tuple[str, ...]


def broken_rules(schema: dict[str, Any]) -> list[PayloadError]:
    """The rules that `schema` breaks; empty if it follows all of them."""
    places = dict(_places(schema))
    errors = [error for path, place in places.items() for error in _keyword_errors(path, place, places)]
    return errors[:MAX_ERRORS] or _expansion_errors(places)


def _places(schema: dict[str, Any]) -> Iterator[tuple[Path, Any]]:
    """The schema and every schema inside it, with their paths."""
    waiting: list[tuple[Path, Any]] = [((), schema)]
    while waiting:
        path, place = waiting.pop()
        yield path, place
        waiting += [((*path, *step), inner) for step, inner in _inner_schemas(place)]


def _inner_schemas(place: Any) -> Iterator[tuple[Path, Any]]:
    for keyword, value in place.items() if isinstance(place, dict) else ():
        if keyword in _ONE_SCHEMA:
            yield (keyword,), value
        elif keyword in _LIST_OF_SCHEMAS:
            yield from (((keyword, str(index)), inner) for index, inner in enumerate(value))
        elif keyword in _SCHEMAS_BY_NAME:
            yield from (((keyword, name), inner) for name, inner in value.items())


def _keyword_errors(path: Path, place: Any, places: Mapping[Path, Any]) -> Iterator[PayloadError]:
    if not isinstance(place, dict):
        return
    dialect, reference = place.get("$schema", DIALECT), place.get("$ref")
    if dialect.removesuffix("#") != DIALECT:
        yield PayloadError((*path, "$schema"), f'"$schema" must be {quoted(DIALECT)} but is {quoted(dialect)}.')
    if "$id" in place and path:
        yield PayloadError((*path, "$id"), '"$id" must stand only at the top: further in it changes what "$ref" means.')
    if "$dynamicRef" in place:
        yield PayloadError((*path, "$dynamicRef"), '"$dynamicRef" is not supported: "$ref" must be used.')
    if reference is not None and _target(reference) not in places:
        yield PayloadError(
            (*path, "$ref"),
            f'"$ref" must lead to a schema in this document, such as "#/$defs/address", but is {quoted(reference)}.',
        )


def _target(reference: str) -> Path | None:
    """The path that a JSON Pointer in a fragment (RFC 6901, section 6) refers to; None for any other reference."""
    if not reference.startswith("#/"):
        return None
    return tuple(unquote(step).replace("~1", "/").replace("~0", "~") for step in reference[2:].split("/"))


def _expansion_errors(places: Mapping[Path, Any]) -> list[PayloadError]:
    """Measure how big and how deep every schema is with its references expanded, inner ones first."""
    parts = {path: _parts(path, place) for path, place in places.items()}
    try:
        innermost_first = list(TopologicalSorter(parts).static_order())
    except CycleError as error:
        cycle: list[Path] = error.args[1]
        return [PayloadError(min(cycle), "A schema must not refer to itself, directly or through others.")]
    size: dict[Path, int] = {}
    depth: dict[Path, int] = {}
    for path in innermost_first:
        size[path] = 1 + sum(size[part] for part in parts[path])
        depth[path] = 1 + max((depth[part] for part in parts[path]), default=0)
    if size[()] <= MAX_EXPANDED_SIZE and depth[()] <= MAX_EXPANDED_DEPTH:
        return []
    return [
        PayloadError(
            (),
            f'With every "$ref" written out, the schema must have at most {MAX_EXPANDED_SIZE} schemas in it, '
            f"nested at most {MAX_EXPANDED_DEPTH} deep.",
        )
    ]


def _parts(path: Path, place: Any) -> list[Path]:
    """The paths of what is applied as part of a schema."""
    target = _target(place["$ref"]) if isinstance(place, dict) and "$ref" in place else None
    inner = [(*path, *step) for step, _ in _inner_schemas(place)]
    return inner if target is None else [*inner, target]
