"""The rules for a workspace's own event type. Pure: values in, problems out, each with its path and what would be
right.
"""

from collections.abc import Mapping
from typing import Any

from app.catalogue.explanation import quoted
from app.catalogue.patterns import MAX_NAME_LENGTH, is_name
from app.catalogue.validation import PayloadValidator, check_schema
from app.errors import Problem, UserErrorCode
from app.webhooks.validation import texts_and_numbers as plain

# As for the schema: it is part of every list of event types.
MAX_EXAMPLE_BYTES = 64 * 1024


def name(problems: list[Problem], text: str, *path: str) -> str:
    """A dotted, lower-case name."""
    if len(text) > MAX_NAME_LENGTH:
        message = f"The name has {len(text)} characters; at most {MAX_NAME_LENGTH} are allowed."
        problems.append(Problem(message, path, UserErrorCode.TOO_LONG))
    elif not is_name(text):
        message = (
            f"{quoted(text)} cannot name an event type; write 2 to 6 parts joined by dots, each a lower-case letter and"
            ' then letters, digits and underscores, such as "invoice.paid".'
        )
        problems.append(Problem(message, path, UserErrorCode.INVALID))
    return text


def description(problems: list[Problem], text: str, *path: str) -> str:
    """What has happened when such an event is published; a multi-line text."""
    found = plain.description(problems, text, *path)
    if found is None:
        message = "The description is empty; say in a sentence what has happened when such an event is published."
        problems.append(Problem(message, path, UserErrorCode.REQUIRED))
    return found or ""


def json_schema(problems: list[Problem], schema: Any, *path: str) -> dict[str, Any]:
    """A JSON Schema (2020-12) of the payload's `data`, self-contained and cheap to apply."""
    errors = check_schema(schema)
    problems += [Problem(error.message, (*path, *error.path), UserErrorCode.INVALID) for error in errors]
    return {} if errors else schema


def example(problems: list[Problem], value: Any, schema: Mapping[str, Any], *path: str) -> dict[str, Any]:
    """A `data` that is valid under a valid schema."""
    if not isinstance(value, dict):
        message = f"The example is {quoted(value)}; it must be a JSON object, as the data of every event is."
        problems.append(Problem(message, path, UserErrorCode.INVALID))
        return {}
    size = plain.json_size(value)
    if size is None:
        message = (
            "The example has a value that JSON cannot carry; use text without lone surrogates, finite numbers, whole"
            " numbers of at most 64 bits, and at most 250 levels."
        )
        problems.append(Problem(message, path, UserErrorCode.INVALID))
    elif size > MAX_EXAMPLE_BYTES:
        message = f"The example has {size} bytes as JSON; at most {MAX_EXAMPLE_BYTES} are allowed."
        problems.append(Problem(message, path, UserErrorCode.TOO_LONG))
    else:
        errors = PayloadValidator(schema).errors(value)
        problems += [Problem(error.message, (*path, *error.path), UserErrorCode.INVALID_PAYLOAD) for error in errors]
    return value
