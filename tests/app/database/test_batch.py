"""Statements over batches: the same text on both databases."""

import sqlite3
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from app.database.batch import Columns, for_one_row, in_dialect, rows_parameters, with_rows

COLUMNS: Columns = (("id", "text"), ("at", "bigint"), ("test", "boolean"))


def test_postgres_gets_one_array_a_column_after_the_other_parameters() -> None:
    text = with_rows("postgres", "SELECT * FROM {rows} AS new WHERE $1 = 1", COLUMNS, 1)

    expected = "(SELECT * FROM unnest($2::text[], $3::bigint[], $4::boolean[]) AS unnested(id, at, test))"
    assert text == f"SELECT * FROM {expected} AS new WHERE $1 = 1"
    rows = [("a", 1, True), ("b", 2, False)]
    assert rows_parameters("postgres", COLUMNS, rows) == [["a", "b"], [1, 2], [True, False]]
    assert rows_parameters("postgres", COLUMNS, []) == [[], [], []]


def test_placeholders_become_what_sqlite_wants_and_json_paths_stay() -> None:
    assert in_dialect("sqlite", "SELECT json_extract($1, '$[0]'), $12") == "SELECT json_extract(?1, '$[0]'), ?12"
    assert in_dialect("postgres", "SELECT $1") == "SELECT $1"


def test_for_one_row_every_new_column_becomes_a_parameter_after_the_others() -> None:
    insert = "INSERT INTO t (id, at, n) SELECT new.id, new.at, $1 FROM {rows} AS new WHERE true ON CONFLICT DO NOTHING"
    update = "UPDATE t SET at = new.at, n = $1 FROM {rows} AS new WHERE t.id = new.id"

    assert for_one_row(insert, COLUMNS, 1) == "INSERT INTO t (id, at, n) VALUES (?2, ?3, ?1) ON CONFLICT DO NOTHING"
    assert for_one_row(update, COLUMNS, 1) == "UPDATE t SET at = ?3, n = ?1 WHERE t.id = ?2"


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
            st.integers(-(2**62), 2**62) | st.none(),
            st.booleans(),
        ),
        max_size=5,
    )
)
def test_every_value_arrives_in_sqlite_as_it_was_given(rows: list[tuple[Any, ...]]) -> None:
    text = in_dialect("sqlite", with_rows("sqlite", "SELECT id, at, test FROM {rows} AS r", COLUMNS, 0))
    connection = sqlite3.connect(":memory:")

    found = connection.execute(text, rows_parameters("sqlite", COLUMNS, rows)).fetchall()
    connection.close()

    assert found == [(id_, at, int(test)) for id_, at, test in rows]
    assert orjson.loads(rows_parameters("sqlite", COLUMNS, rows)[0]) == [list(row) for row in rows]
