"""The table and the JSON of a run."""

from pathlib import Path

import orjson
import pytest

from bench.measure import Line, Plan, Target
from bench.page import MARK, markdown
from bench.page import write as write_page
from bench.report import as_json, cells, number, write

LINE = Line("deliver", "embedded, fan-out 1", "CPU per delivery", 0.3, "ms", 0.1, Target(2.5), {"api peak MB": 163.4})


def test_a_row_shows_the_ratio_the_target_and_the_verdict() -> None:
    assert cells(LINE) == [
        *("deliver", "embedded, fan-out 1", "CPU per delivery", "0.3 ms", "0.1", "3.00 ×", "≤ 2.5 ×", "NO"),
        "api peak MB 163",
    ]


def test_a_row_leaves_empty_what_was_not_compared() -> None:
    row = cells(Line("start", "embedded", "ready", 1.25, "s"))

    assert row == ["start", "embedded", "ready", "1.25 s", "", "", "", "", ""]


def test_a_query_is_shown_with_how_the_database_runs_it() -> None:
    plan = Plan("SELECT 1", "Limit < Index Scan delivery_webhook", {"Node Type": "Limit"})
    line = Line("read", "many", "deliveries, 50", 3, "ms of CPU", 3, Target(1.2), {"p50 ms": 4}, [plan])

    run = as_json([line], "quick")

    assert cells(line)[-1] == "p50 ms 4; Limit < Index Scan delivery_webhook"
    assert run["lines"][0]["plans"] == [
        {"statement": "SELECT 1", "short": "Limit < Index Scan delivery_webhook", "whole": {"Node Type": "Limit"}}
    ]
    assert markdown(run).endswith("| p50 ms 4; `Limit < Index Scan delivery_webhook` |\n")


def test_a_target_of_a_value_is_shown_with_its_unit() -> None:
    line = Line("latency", "embedded, 200/s", "p95", 9.9, "ms", 3.3, Target(10, of_value=True))

    assert cells(line)[5:8] == ["3.00 ×", "≤ 10 ms", "yes"]


@pytest.mark.parametrize(("value", "shown"), [(12_345.6, "12,346"), (1.2345, "1.23"), (0.00012345, "0.000123")])
def test_numbers_show_the_digits_that_matter(value: float, shown: str) -> None:
    assert number(value) == shown


def test_the_json_holds_every_line_with_its_ratio_and_the_machine(tmp_path: Path) -> None:
    path = tmp_path / "build" / "bench.json"

    write([LINE], "quick", path)

    written = orjson.loads(path.read_bytes())
    [line] = written["lines"]
    assert (line["ratio"], line["holds"], line["target"]) == (pytest.approx(3), False, "≤ 2.5 ×")
    assert written["machine"]["cores"] >= 1
    assert written["size"] == "quick"


def test_the_page_has_a_row_forevery_line() -> None:
    page = markdown(as_json([LINE], "quick"))

    row = page.splitlines()[-1]
    assert row.startswith(
        "| deliver | embedded, fan-out 1 | CPU per delivery | 0.3 ms | 0.1 | 3.00 × | ≤ 2.5 × | **no** |"
    )
    assert "size quick" in page


def test_runs_take_the_place_of_those_that_the_page_had(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text(f"# How fast it is\n\n{MARK}\nan old table\n")
    run = as_json([LINE], "quick")

    write_page([run, run], tmp_path)

    table = markdown(run)
    assert page.read_text() == f"# How fast it is\n\n{MARK}\n{table}\n{table}"
    assert "0 of 1 targets hold" in (tmp_path / "benchmarks.svg").read_text()


def test_a_page_without_a_place_for_runs_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "benchmarks.md").write_text("# How fast it is\n")

    with pytest.raises(ValueError, match="no place to write to"):
        write_page([as_json([LINE], "quick")], tmp_path)
