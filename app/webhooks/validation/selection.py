"""The rules for which events a webhook selects, by name; `filters` has those for the events' contents."""

from collections.abc import Collection, Sequence

from app.catalogue.explanation import quoted
from app.catalogue.patterns import is_pattern, matches
from app.catalogue.suggestions import did_you_mean
from app.errors import Problem, UserErrorCode

# Every publish compares against all of them; a pattern can cover many names.
MAX_EVENT_TYPES = 50


def event_types(
    problems: list[Problem],
    patterns: Sequence[str],
    known: Collection[str],
    archived: Collection[str],
    selected: Collection[str],
    *path: str,
) -> tuple[str, ...]:
    """The names and patterns, each once, in the order given.

    Each must match at least one of the `known` names; `archived` ones cannot be newly selected. Those already
    `selected` stay valid, even if their event types have changed since.
    """
    if not patterns:
        message = 'There is no event type; give at least one, such as "ticket.created", "ticket.*" or "*".'
        problems.append(Problem(message, path, UserErrorCode.REQUIRED))
    if len(patterns) > MAX_EVENT_TYPES:
        message = (
            f"There are {len(patterns)} event types; at most {MAX_EVENT_TYPES} are allowed. Use a pattern such as"
            ' "ticket.*", or "*" for all.'
        )
        problems.append(Problem(message, path, UserErrorCode.TOO_MANY))
        return ()
    for index, pattern in enumerate(patterns):
        wrong = None if pattern in selected else _wrong_with(pattern, known, archived)
        if wrong is not None:
            problems.append(Problem(wrong, (*path, str(index)), UserErrorCode.INVALID))
    return tuple(dict.fromkeys(patterns))


def _wrong_with(pattern: str, known: Collection[str], archived: Collection[str]) -> str | None:
    if pattern == "*":
        return None
    if not is_pattern(pattern):
        return (
            f"{quoted(pattern)} is neither an event type nor a pattern; write a lower-case name such as"
            f' "ticket.created", the beginning of names such as "ticket.*", or "*".{_suggestion(pattern, known)}'
        )
    if pattern in archived:
        return (
            f"The event type {quoted(pattern)} is archived and is not published any more.{_suggestion(pattern, known)}"
        )
    if not any(matches(pattern, name) for name in known):
        return f"There is no event type {quoted(pattern)} in this workspace.{_suggestion(pattern, known)}"
    return None


def _suggestion(pattern: str, known: Collection[str]) -> str:
    families = {f"{name.rsplit('.', count)[0]}.*" for name in known for count in range(1, name.count(".") + 1)}
    return did_you_mean(pattern, {*known, *families})
