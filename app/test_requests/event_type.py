"""The event type with the example that a test request sends."""

from collections.abc import Iterable

from app.catalogue.patterns import compile_patterns
from app.catalogue.suggestions import unknown_event_type
from app.errors import Problem, UserErrorCode
from app.registry import Registry


def chosen_event_type(problems: list[Problem], registry: Registry, patterns: Iterable[str], asked: str | None) -> str:
    """The requested event type; by default the first known one that matches the patterns, or else any."""
    if asked is None:
        matcher = compile_patterns(patterns)
        return next((name for name in registry.event_types if matcher.matches(name)), next(iter(registry.event_types)))
    if asked not in registry.event_types:
        message = unknown_event_type(asked, registry.event_types)
        problems.append(Problem(message, ("eventType",), UserErrorCode.INVALID))
    return asked
