"""Reads what an erasure means in windows, in the order of IDs, so that no statement runs without limit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.access.narrowing import Narrowing
from app.data_conditions import DataCondition, of_data
from app.database.database import Row, Statements
from app.delivery_filter import Condition, of_types
from app.operations.selection import numbered


@dataclass(frozen=True, slots=True)
class Chosen:
    """Rows to erase, by the ID of their delivery (or of the event, without a webhook) and of their event."""

    rows: Sequence[Row]
    position: str | None
    ended: bool


async def choose(
    statements: Statements,
    workspace_id: str,
    request: Mapping[str, Any],
    position: str | None,
    size: int,
    most: int,
) -> Chosen:
    """The next rows that match, from one window in the order of their IDs."""
    window, values = _window(workspace_id, request, position, size)
    meets, given = numbered(_sought(request), len(values))
    text = f"SELECT looked.id, looked.event_id, {f'CASE WHEN {meets} THEN 1 ELSE 0 END' if meets else '1'} AS meets"
    text += f" FROM ({window}) AS looked LEFT JOIN event e ON e.id = looked.event_id ORDER BY looked.id"
    rows = await statements.fetch(text, *values, *given)
    matching = [row for row in rows if row["meets"]]
    if len(matching) > most:
        return Chosen(matching[:most], matching[most - 1]["id"], ended=False)
    return Chosen(matching, rows[-1]["id"] if rows else position, ended=len(rows) < size)


def _window(workspace_id: str, request: Mapping[str, Any], position: str | None, size: int) -> tuple[str, list[Any]]:
    found: list[Condition] = [("workspace_id = ?", (workspace_id,)), ("id < ?", (request["before"],))]
    if position is not None:
        found.append(("id > ?", (position,)))
    if request["webhookId"] is not None:
        found.append(("webhook_id = ?", (request["webhookId"],)))
    if request["eventIds"] is not None:
        column = "id" if request["webhookId"] is None else "event_id"
        ids = request["eventIds"]
        found.append((f"{column} IN ({', '.join('?' * len(ids))})", tuple(ids)) if ids else ("1 = 0", ()))
    where, values = numbered(found)
    if request["webhookId"] is None:
        return f"SELECT id, id AS event_id FROM event WHERE {where} ORDER BY id LIMIT {size}", values
    # What the webhook missed while it was DISABLED has IDs as deliveries have.
    parts = " UNION ALL ".join(
        f"SELECT * FROM (SELECT id, event_id FROM {table} WHERE {where} ORDER BY id LIMIT {size}) AS {table}s"
        for table in ("delivery", "missed_delivery")
    )
    return f"SELECT * FROM ({parts}) AS both_kinds ORDER BY id LIMIT {size}", values


def _sought(request: Mapping[str, Any]) -> list[Condition]:
    """What has to be checked row by row, on `event e`."""
    found = [of_data("e.body", DataCondition(*one)) for one in request["data"]]
    if (types := Narrowing.of_text(request["narrowing"]).event_types) is not None:
        found.append(of_types("e.type", types))
    return found
