"""The rules for a webhook's filter: a CEL expression over one event that returns true or false (https://cel.dev)."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from app.catalogue.explanation import cut, quoted
from app.errors import Problem, UserErrorCode
from app.expressions import cel
from app.webhooks.validation.filter_bounds import FilterRefused, require_bounded

# Longer conditions belong in the receiver, which can be tested.
MAX_FILTER_CHARACTERS = 2_000

_FUNCTIONS = frozenset(
    {
        *("size", "contains", "startsWith", "endsWith", "matches", "type", "dyn"),
        *("int", "uint", "double", "string", "bytes", "timestamp", "duration"),
        *("getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear"),
        *("getHours", "getMinutes", "getSeconds", "getMilliseconds"),
    }
)
_SYNTAX_ERROR = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
_EVALUATION_ERRORS = (LookupError, ValueError, TypeError, RuntimeError, ArithmeticError)


def filter_expression(problems: list[Problem], text: str, examples: Iterable[Mapping[str, Any]], *path: str) -> None:
    """An expression must be CEL, stay within bounds, and return true or false.

    Args:
        examples: events that the webhook would receive, each with id, type, timestamp and data.
    """
    if len(text) > MAX_FILTER_CHARACTERS:
        message = f"The filter has {len(text)} characters; at most {MAX_FILTER_CHARACTERS} are allowed."
        problems.append(Problem(message, path, UserErrorCode.TOO_LONG))
        return
    try:
        _require_runs(_compiled(text), examples)
    except FilterRefused as refused:
        problems.append(Problem(str(refused), path, UserErrorCode.INVALID_FILTER))


def _compiled(text: str) -> cel.Program:
    try:
        program = cel.compile(text)
    except ValueError as error:
        raise FilterRefused(_syntax_error(str(error))) from None
    unknown = next((name for name in program.functions() if name[0] not in "_!@-" and name not in _FUNCTIONS), None)
    if unknown is not None:
        known = ", ".join(sorted(_FUNCTIONS))
        raise FilterRefused(f"The filter calls {quoted(unknown)}, which is not a function here; there are {known}.")
    require_bounded(text)
    return program


def _require_runs(program: cel.Program, examples: Iterable[Mapping[str, Any]]) -> None:
    for example in examples:
        try:
            answer = program.execute(dict(example))
        except _EVALUATION_ERRORS as error:
            # A field may be missing or null in one event and present in the next; the other three are always texts.
            if "data" not in program.variables():
                raise FilterRefused(f"The filter cannot be evaluated: {cut(str(error))}") from None
            continue
        if answer is not None and not isinstance(answer, bool):
            raise FilterRefused(
                f"The filter answers {quoted(answer)} for the example of {example['type']}; it must answer true or"
                ' false, as data.ticket.priority == "urgent" does.'
            )


def _syntax_error(text: str) -> str:
    found = _SYNTAX_ERROR.search(text)
    line, column, reason = found.groups() if found else ("1", "1", text)
    where = f"line {line}, column {column}: {cut(reason)}"
    return f'The filter is not a CEL expression ({where}); write one such as data.ticket.priority == "urgent".'
