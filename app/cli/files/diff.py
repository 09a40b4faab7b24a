"""A plan as a person reads it, and as JSON. Credentials are masked in both."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import typer

from app.cli.files.step import Action, Step

_MARKS = {Action.CREATE: "+", Action.UPDATE: "~", Action.ARCHIVE: "-", Action.DELETE: "-"}
_COLOURS = {"+": typer.colors.GREEN, "~": typer.colors.YELLOW, "-": typer.colors.RED}
_VERBS = {
    Action.CREATE: "create",
    Action.UPDATE: "change",
    Action.ARCHIVE: "archive",
    Action.DELETE: "delete",
}


def diff(steps: Sequence[Step]) -> str:
    """Every step with its changes, and the numbers of steps."""
    return "\n".join([*(line for step in steps for line in _lines(step)), summary(steps)])


def summary(steps: Sequence[Step]) -> str:
    """The numbers of steps in a sentence."""
    counts = Counter(step.action for step in steps)
    parts = [f"{counts[action]} to {verb}" for action, verb in _VERBS.items() if counts[action]]
    return f"{', '.join(parts)}." if parts else "Nothing to change."


def as_json(step: Step) -> dict[str, Any]:
    """A step as `--json` prints it."""
    changes = {name: {"before": before, "after": after} for name, (before, after) in step.changes.items()}
    return {"action": step.action, "kind": step.kind, "name": step.name, "id": step.id, "changes": changes}


def _lines(step: Step) -> Iterator[str]:
    mark = _MARKS[step.action]
    yield typer.style(f"{mark} {_printable(step.title)}", fg=_COLOURS[mark])
    for name, (before, after) in step.changes.items():
        if step.action is Action.CREATE:
            yield f"    {name}: {_shown(after)}"
        elif before == after:
            yield f"    {name}: {_shown(after)} (another value)"
        else:
            yield f"    {name}: {_shown(before)} → {_shown(after)}"


def _shown(value: Any) -> str:
    import orjson

    return "–" if value is None else _printable(value if isinstance(value, str) else orjson.dumps(value).decode())


def _printable(text: str) -> str:
    """Untrusted text, without escape sequences that could move the cursor."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)
