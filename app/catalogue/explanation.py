"""Turns errors of the JSON Schema library into sentences for the publisher.

Pure. A sentence names the field, what would be accepted and what was found, and quotes at most about a hundred
characters of any value, because payloads carry customers' texts and errors end up in logs.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from jsonschema_rs import ValidationError, ValidationErrorKind

MAX_ERRORS = 10
_MAX_QUOTED_CHARACTERS = 100
_MAX_LISTED = 20


class PayloadError(NamedTuple):
    """One error: its path from the root, and a sentence."""

    path: tuple[str, ...]
    message: str


_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "array": "a list",
        "boolean": "true or false",
        "integer": "a whole number",
        "null": "null",
        "number": "a number",
        "object": "an object",
        "string": "a string",
    }
)

_FORMATS: Mapping[str, str] = MappingProxyType(
    {
        "date-time": 'a date and time with a time zone as in RFC 3339, for example "2026-11-23T10:00:00Z",',
        "email": 'an e-mail address such as "ada@example.com"',
        "regex": "a regular expression without look-around and back-references, and not a huge one,",
        "uri": 'an absolute URI such as "https://example.com/help"',
    }
)

_RULES: Mapping[str, str] = MappingProxyType(
    {
        "anyOf": "fit one of the alternatives in the schema",
        "const": "be {expected_value}",
        "contains": "hold the items that the schema asks for",
        "exclusiveMaximum": "be less than {limit}",
        "exclusiveMinimum": "be greater than {limit}",
        "maxItems": "have {limit} or fewer items",
        "maxLength": "be {limit} or fewer characters long",
        "maxProperties": "have {limit} or fewer fields",
        "maximum": "be at most {limit}",
        "minItems": "have {limit} or more items",
        "minLength": "be {limit} or more characters long",
        "minProperties": "have {limit} or more fields",
        "minimum": "be at least {limit}",
        "multipleOf": "be a multiple of {multiple_of}",
        "not": "be something other than the schema rules out",
        "oneOf": "fit exactly one of the alternatives in the schema",
        "pattern": "match the regular expression {pattern}",
        "uniqueItems": "have no item twice",
    }
)


def explain(found: Iterable[ValidationError]) -> list[PayloadError]:
    """The first `MAX_ERRORS` errors, ordered by path, without duplicates."""
    errors = sorted(found, key=_order)
    of_wrong_type = {tuple(error.instance_path) for error in errors if isinstance(error.kind, ValidationErrorKind.Type)}
    said: dict[PayloadError, None] = {}
    for error in errors:
        # A value of the wrong type breaks most other rules as well, and listing those does not help.
        if isinstance(error.kind, ValidationErrorKind.Type) or tuple(error.instance_path) not in of_wrong_type:
            said.update(dict.fromkeys(_in_words(error)))
        if len(said) >= MAX_ERRORS:
            break
    return list(said)[:MAX_ERRORS]


def quoted(value: object) -> str:
    """`value` as JSON, truncated if it is long; of a list or an object only its kind."""
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    start = value[: _MAX_QUOTED_CHARACTERS + 1] if isinstance(value, str) else value
    text = json.dumps(start, ensure_ascii=False, default=str)
    if len(text) <= _MAX_QUOTED_CHARACTERS + len('""'):
        return text
    end = '…"' if isinstance(value, str) else "…"
    return text[:_MAX_QUOTED_CHARACTERS] + end


def cut(text: str) -> str:
    """`text`, truncated if it is long."""
    return text if len(text) <= _MAX_QUOTED_CHARACTERS else f"{text[:_MAX_QUOTED_CHARACTERS]}…"


def _order(error: ValidationError) -> list[tuple[bool, int, str]]:
    return [(False, step, "") if isinstance(step, int) else (True, 0, step) for step in _place(error)]


def _place(error: ValidationError) -> list[str | int]:
    """Path of the error; for a missing field, the path of that field."""
    match error.kind:
        case ValidationErrorKind.Required(missing):
            return [*error.instance_path, missing]
        case _:
            return list(error.instance_path)


def _in_words(error: ValidationError) -> list[PayloadError]:
    """What to say about an error. Where alternatives failed ("an Agent or null"), the sender most likely meant the one
    that is of the value's type and has the fewest errors, and wants to read those."""
    match error.kind:
        case ValidationErrorKind.AnyOf(alternatives) | ValidationErrorKind.OneOfNotValid(alternatives):
            meant = [explain(errors) for errors in alternatives if not _is_about_type(errors, error)]
            fewest = min(map(len, meant), default=0)
            likely = {tuple(errors) for errors in meant if len(errors) == fewest}
            if len(likely) == 1:
                return list(likely.pop())
    return [PayloadError(tuple(cut(str(step)) for step in _place(error)), _sentence(error))]


def _is_about_type(errors: Iterable[ValidationError], whole: ValidationError) -> bool:
    return all(
        isinstance(error.kind, ValidationErrorKind.Type) and error.instance_path == whole.instance_path
        for error in errors
    )


def _sentence(error: ValidationError) -> str:
    inside = _name(error.instance_path)
    name = inside[0].upper() + inside[1:]
    match error.kind:
        case ValidationErrorKind.Required(missing):
            return f"{quoted(missing)} is required in {inside} but is missing."
        case ValidationErrorKind.AdditionalProperties(fields) | ValidationErrorKind.UnevaluatedProperties(fields):
            return f"{name} must not have the fields {_listed(fields)}: the schema does not know them."
        case ValidationErrorKind.PropertyNames(cause):
            return f"{name} must not have a field with the name {quoted(cause.instance)}."
        case ValidationErrorKind.FalseSchema() if error.schema_path[-1] in ("additionalProperties", "propertyNames"):
            return f"{name} must not have fields that the schema does not know."
        case ValidationErrorKind.FalseSchema():
            return f"{name} must be left out: the schema allows no value here."
    return f"{name} must {_rule(error)} but is {quoted(error.instance)}."


def _rule(error: ValidationError) -> str:
    """What the value must do to be right."""
    match error.kind:
        case ValidationErrorKind.Type(types):
            return _one_type_of(types)
        case ValidationErrorKind.AnyOf(alternatives) | ValidationErrorKind.OneOfNotValid(alternatives) if all(
            _is_about_type(errors, error) for errors in alternatives
        ):
            kinds = [cause.kind for errors in alternatives for cause in errors]
            return _one_type_of(
                [name for kind in kinds if isinstance(kind, ValidationErrorKind.Type) for name in kind.types]
            )
        case ValidationErrorKind.Enum(options):
            return f"be one of {_listed(options)}"
        case ValidationErrorKind.Format(name):
            return f"be {_FORMATS.get(name, f'in the format {quoted(name)}')}"
    if error.kind.name not in _RULES:
        return f'fit the rule "{error.kind.name}" of the schema'
    return _RULES[error.kind.name].format_map({key: quoted(value) for key, value in error.kind.as_dict().items()})


def _one_type_of(types: Sequence[str]) -> str:
    # null last: it is what may be left unsaid.
    names = [_TYPES[name] for name in sorted(set(types), key=lambda name: (name == "null", name))]
    return f"be {' or '.join(names)}"


def _listed(values: Sequence[Any]) -> str:
    more = ["…"] if len(values) > _MAX_LISTED else []
    return ", ".join([*map(quoted, values[:_MAX_LISTED]), *more])


def _name(path: Sequence[str | int]) -> str:
    """What to call the value at the end of `path`: the field's name, or which item of which list."""
    if not path:
        return "the data"
    last = path[-1]
    return quoted(last) if isinstance(last, str) else f"item {last} of {_name(path[:-1])}"
