"""The rules for what is kept of the events of a type, and its copy in the workspace's row, which claims read."""

from collections.abc import Sequence
from typing import Any

import orjson

from app.catalogue.explanation import quoted
from app.database.database import Statements
from app.errors import Problem, UserErrorCode
from app.event_types.drafts import KeepingChanges
from app.json_pointers import BadPointer, parse
from app.keeping import Keeping, plain, unpacked
from app.statuses import KeepBodies
from app.webhooks.validation import texts_and_numbers as plain_values

MAX_DAYS = 3650
# They are read with every claim, and looked for in every answer.
MAX_POINTERS = 20
MAX_POINTER_CHARACTERS = 200


def changed_keeping(problems: list[Problem], present: Keeping, changes: KeepingChanges) -> Keeping:
    """The settings after changes, with problems for what cannot be set."""
    rules = present.rules if changes.keep_bodies is None else _rules(changes.keep_bodies)
    days = _days(problems, rules, present.days, changes.keep_bodies_days)
    redact = present.redact if changes.redact is None else _pointers(problems, changes.redact)
    return Keeping(rules, days, redact)


def differences(old: Keeping, new: Keeping) -> dict[str, list[Any]]:
    """What changed, as {"field": [old, new]} with the names of the API."""
    fields = (
        ("keepBodies", list(old.rules), list(new.rules)),
        ("keepBodiesDays", old.days, new.days),
        ("redact", list(old.redact), list(new.redact)),
    )
    return {name: [before, after] for name, before, after in fields if before != after}


async def copy_to_workspace(statements: Statements, workspace_id: str) -> None:
    """Write what is kept of all event types into the workspace's row, which the transaction has locked."""
    rows = await statements.fetch(
        "SELECT name, keeping FROM event_type WHERE workspace_id = $1 AND keeping IS NOT NULL ORDER BY name",
        workspace_id,
    )
    kept = {row["name"]: plain(unpacked(row["keeping"])) for row in rows}
    text = orjson.dumps(kept).decode() if kept else None
    await statements.execute("UPDATE workspace SET keeping = $2 WHERE id = $1", workspace_id, text)


def _rules(given: Sequence[KeepBodies]) -> tuple[KeepBodies, ...]:
    """Each once, in the order of the enum, so that equal settings are equal."""
    return tuple(rule for rule in KeepBodies if rule in given)


def _days(problems: list[Problem], rules: Sequence[KeepBodies], present: int | None, given: int | None) -> int | None:
    if KeepBodies.DAYS not in rules:
        if given is not None:
            message = "keepBodiesDays is given, but keepBodies does not contain DAYS; add it, or leave out the number."
            problems.append(Problem(message, ("keepBodiesDays",), UserErrorCode.INVALID))
        return None
    if given is None:
        if present is None:
            message = "keepBodies contains DAYS; say in keepBodiesDays for how many days bodies are kept."
            problems.append(Problem(message, ("keepBodiesDays",), UserErrorCode.REQUIRED))
        return present
    return plain_values.whole_number(problems, given, "keepBodiesDays", 1, MAX_DAYS, "days", "keepBodiesDays")


def _pointers(problems: list[Problem], given: Sequence[str]) -> tuple[str, ...]:
    if len(given) > MAX_POINTERS:
        message = f"There are {len(given)} pointers; at most {MAX_POINTERS} are allowed."
        problems.append(Problem(message, ("redact",), UserErrorCode.TOO_MANY))
        return ()
    for index, pointer in enumerate(given):
        if problem := _problem(pointer, "redact", str(index)):
            problems.append(problem)
    return tuple(dict.fromkeys(given))


def _problem(pointer: str, *path: str) -> Problem | None:
    if len(pointer) > MAX_POINTER_CHARACTERS:
        message = f"The pointer has {len(pointer)} characters; at most {MAX_POINTER_CHARACTERS} are allowed."
        return Problem(message, path, UserErrorCode.TOO_LONG)
    try:
        parse(pointer)
        pointer.encode()
    except BadPointer as error:
        message = (
            f"{quoted(pointer)} is not a JSON Pointer (RFC 6901) to a part of a body: {error}. Write one such as"
            ' "/data/customer/email".'
        )
        return Problem(message, path, UserErrorCode.INVALID)
    except UnicodeEncodeError:
        message = f"{quoted(pointer)} has a lone surrogate, which no JSON text can contain."
        return Problem(message, path, UserErrorCode.INVALID)
    return None
