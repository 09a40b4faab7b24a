"""The event type with the example that a test request sends."""

from collections.abc import Collection, Iterable

from app.catalogue.patterns import compile_patterns
from app.catalogue.suggestions import unknown_event_type
from app.errors import Problem, UserErrorCode


def chosen_event_type(
    problems: list[Problem], known: Collection[str], patterns: Iterable[str], asked: str | None
) -> str:
    """The requested event type; by default the first known one that matches the patterns, or else any."""
    if asked is None:
        matcher = compile_patterns(patterns)
        chosen = next((name for name in known if matcher.matches(name)), next(iter(known), None))
        if chosen is None:
            message = "There is no event type that your token covers."
            problems.append(Problem(message, ("eventType",), UserErrorCode.INVALID))
        return chosen or ""
    if asked not in known:
        message = unknown_event_type(asked, known)
        problems.append(Problem(message, ("eventType",), UserErrorCode.INVALID))
    return asked
