"""One statement for many rows: the same SQL text on PostgreSQL and SQLite, whatever the size of the batch.

A statement names its rows as `{rows}`, a derived table with the given columns. PostgreSQL gets one array a column
(`unnest`), SQLite one JSON document (`json_each`); so the text stays the same for one row and for a thousand, and the
server's prepared statement is used again.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal, TypeAlias

import orjson

Dialect: TypeAlias = Literal["sqlite", "postgres"]
ColumnType: TypeAlias = Literal["text", "bigint", "float8", "boolean"]
Columns: TypeAlias = tuple[tuple[str, ColumnType], ...]


@lru_cache(maxsize=256)
def with_rows(dialect: Dialect, statement: str, columns: Columns, parameters: int) -> str:
    """The statement with `{rows}` replaced by a derived table; `parameters` others ($1 …) come before those of the
    rows."""
    if dialect == "postgres":
        arrays = ", ".join(f"${parameters + n}::{kind}[]" for n, (_, kind) in enumerate(columns, 1))
        names = ", ".join(name for name, _ in columns)
        source = f"(SELECT * FROM unnest({arrays}) AS unnested({names}))"
    else:
        fields = ", ".join(f"json_extract(value, '$[{n}]') AS {name}" for n, (name, _) in enumerate(columns))
        source = f"(SELECT {fields} FROM json_each(${parameters + 1}))"
    return statement.replace("{rows}", source)


def rows_parameters(dialect: Dialect, columns: Columns, rows: Sequence[Sequence[Any]]) -> list[Any]:
    """The parameters that stand for the rows: one list a column on PostgreSQL, one JSON text on SQLite."""
    if dialect == "sqlite":
        return [orjson.dumps(rows).decode()]
    if not rows:
        return [[] for _ in columns]
    return [list(column) for column in zip(*rows, strict=True)]


@lru_cache(maxsize=512)
def in_dialect(dialect: Dialect, statement: str) -> str:
    """The statement with its `$1` placeholders as the dialect's driver wants them.

    A `$` that begins a parameter is followed by a digit; JSON paths (`'$[0]'`) are left alone.
    """
    if dialect == "postgres":
        return statement
    pieces = statement.split("$")
    return pieces[0] + "".join(("?" if piece[:1].isdigit() else "$") + piece for piece in pieces[1:])
