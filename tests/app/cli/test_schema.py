"""The schema as text, and whether a file is up to date."""

from pathlib import Path

from tests.app.cli.conftest import Invoke
from tests.exported_schema import SDL

ROOT = Path(__file__).parents[3]


def test_the_schema_is_printed_as_it_is(invoke: Invoke) -> None:
    result = invoke("schema")

    assert (result.exit_code, result.stdout) == (0, SDL)


def test_a_file_that_was_just_written_is_current(invoke: Invoke, tmp_path: Path) -> None:
    file = str(tmp_path / "some.graphql")

    written = invoke("schema", file)
    checked = invoke("schema", "--check", file)

    assert (written.exit_code, written.output) == (checked.exit_code, checked.output) == (0, "")
    assert (tmp_path / "some.graphql").read_text() == SDL


def test_a_stale_file_is_refused_with_what_differs(invoke: Invoke, tmp_path: Path) -> None:
    stale = SDL.replace("type Query {", "type Query {\n  forgotten: Int", 1)
    (tmp_path / "schema.graphql").write_text(stale)

    result = invoke("schema", "--check")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "-  forgotten: Int" in result.stderr
    assert "schema.graphql is stale; `make schema` writes" in result.stderr
    assert (tmp_path / "schema.graphql").read_text() == stale


def test_a_missing_file_is_refused(invoke: Invoke) -> None:
    result = invoke("schema", "--check", "nowhere.graphql")

    assert result.exit_code == 1
    assert "nowhere.graphql does not exist" in result.stderr


def test_the_file_of_this_repository_is_current(invoke: Invoke) -> None:
    result = invoke("schema", "--check", str(ROOT / "schema.graphql"))

    assert result.exit_code == 0, result.stderr
