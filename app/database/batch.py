"""One statement for many rows: the same SQL text on PostgreSQL and SQLite, whatever the size of the batch.

A statement names its rows as `{rows}`, a derived table with the given columns. PostgreSQL gets one array per column
(`unnest`), SQLite one JSON document (`json_each`). The text is therefore the same for one row and for a thousand, and
the server's prepared statement is reused.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Literal, TypeAlias

import orjson

Dialect: TypeAlias = Literal["sqlite", "postgres"]
ColumnType: TypeAlias = Literal["text", "bigint", "float8", "boolean"]
Columns: TypeAlias = tuple[tuple[str, ColumnType], ...]

# The columns of rows that are IDs.
IDS: Columns = (("id", "text"),)
# The column that holds the parent, among the rows of a statement made by `of_each_parent`.
PARENT = "parent_id"
PARENTS: Columns = ((PARENT, "text"),)

_SELECT_NEW = re.compile(r"\bSELECT (.*) FROM \{rows\} AS new(?: WHERE true)?", re.DOTALL)
_NEW = re.compile(r"\bnew\.(\w+)")


@lru_cache(maxsize=256)
def with_rows(dialect: Dialect, statement: str, columns: Columns, parameters: int) -> str:
    """The statement with `{rows}` replaced by a derived table; `parameters` other parameters ($1 …) precede those of
    the rows.
    """
    if dialect == "postgres":
        arrays = ", ".join(f"${parameters + n}::{kind}[]" for n, (_, kind) in enumerate(columns, 1))
        names = ", ".join(name for name, _ in columns)
        source = f"(SELECT * FROM unnest({arrays}) AS unnested({names}))"
    else:
        fields = ", ".join(f"json_extract(value, '$[{n}]') AS {name}" for n, (name, _) in enumerate(columns))
        source = f"(SELECT {fields} FROM json_each(${parameters + 1}))"
    return statement.replace("{rows}", source)


@lru_cache(maxsize=64)
def all_in_one(writes: tuple[tuple[str, Columns], ...]) -> str:
    """Combine several statements over batches of rows into one for PostgreSQL: a transaction of one round trip. Its
    first parameter is the number of rows that they must touch together; if it differs, the statement divides by zero,
    which rolls it back.

    A statement may refer to the result of the one before it as `{previous}`. They run in this order.
    """
    parts, parameters = [], 1
    for number, (statement, columns) in enumerate(writes):
        returning = "" if statement.startswith("SELECT") or " RETURNING " in statement else " RETURNING 1"
        text = with_rows("postgres", statement, columns, parameters).replace("{previous}", f"part{number - 1}")
        parts.append(f"part{number} AS ({text}{returning})")
        parameters += len(columns)
    touched = " + ".join(f"(SELECT count(*) FROM part{number})" for number in range(len(writes)))
    return f"WITH {', '.join(parts)} SELECT 1 / ({touched} = $1)::int"


@lru_cache(maxsize=256)
def for_one_row(statement: str, columns: Columns, parameters: int) -> str:
    """Turn a statement `… FROM {rows} AS new …` into one that SQLite runs row by row, with a parameter in each place of
    a `new.column`. That takes half the time of extracting the rows from a JSON document (INSERT … SELECT takes twice as
    long as INSERT … VALUES).
    """
    numbers = {name: parameters + n for n, (name, _) in enumerate(columns, 1)}
    text = _SELECT_NEW.sub(r"VALUES (\1)", statement).replace(" FROM {rows} AS new", "")
    return in_dialect("sqlite", _NEW.sub(lambda found: f"${numbers[found[1]]}", text))


def of_each_parent(dialect: Dialect, table: str, columns: str, select: Callable[[str], str]) -> str:
    """The statement that reads a few rows of each parent in `{rows}`, which are `PARENTS`, from the end of an index.

    Args:
        columns: columns of the table to read; `PARENT` is not among them.
        select: makes the SELECT … LIMIT of the given columns for the rows of one parent, whose ID is `PARENT`.
    """
    if dialect == "postgres":
        return f"SELECT part.* FROM {{rows}} AS parents CROSS JOIN LATERAL ({select(columns)}) AS part"
    # SQLite has no LATERAL and allows at most 500 SELECTs in one statement, so it searches parent by parent.
    return f"SELECT {columns} FROM {{rows}} AS parents CROSS JOIN {table} WHERE id IN ({select('id')})"


def rows_parameters(dialect: Dialect, columns: Columns, rows: Sequence[Sequence[Any]]) -> list[Any]:
    """The parameters for the rows: one list per column on PostgreSQL, one JSON text on SQLite."""
    if dialect == "sqlite":
        return [orjson.dumps(rows, default=tuple).decode()]  # rows may be named tuples, which orjson refuses
    if not rows:
        return [[] for _ in columns]
    return [list(column) for column in zip(*rows, strict=True)]


def among(dialect: Dialect) -> str:
    """What follows a column that is to have one of the IDs in `{rows}`.

    An array, because PostgreSQL has no statistics of a table that grew from nothing in minutes and would scan all of
    it.
    """
    return "= ANY (ARRAY(SELECT id FROM {rows} AS given))" if dialect == "postgres" else "IN (SELECT id FROM {rows})"


@lru_cache(maxsize=512)
def in_dialect(dialect: Dialect, statement: str) -> str:
    """The statement with its `$1` placeholders in the form that the dialect's driver expects.

    A `$` that begins a parameter is followed by a digit; JSON paths (`'$[0]'`) stay unchanged.
    """
    if dialect == "postgres":
        return statement
    pieces = statement.split("$")
    return pieces[0] + "".join(("?" if piece[:1].isdigit() else "$") + piece for piece in pieces[1:])
