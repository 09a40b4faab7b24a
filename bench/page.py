"""Writes runs into the documentation: `python -m bench.page build/bench.json …` writes their tables below the mark in
docs/benchmarks.md, and their chart into docs/benchmarks.svg.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from bench.chart import svg
from bench.report import number

MARK = "<!-- Below, python -m bench.page writes. -->\n"


def markdown(run: Mapping[str, Any]) -> str:
    """The machine, and a table with a row for each line."""
    machine = run["machine"]
    rows = [
        f"{run['at']}, {machine['cores']} cores, Python {machine['python']}, size {run['size']}.",
        "",
        "| Figure | Case | What | Value | Baseline | Ratio | Target | Holds | Beside |",
        "|---|---|---|--:|--:|--:|--:|---|---|",
        *(_row(line) for line in run["lines"]),
    ]
    return "\n".join(rows) + "\n"


def write(runs: Sequence[Mapping[str, Any]], directory: Path) -> None:
    """Write the runs into `benchmarks.md` and `benchmarks.svg` of a directory.

    Raises:
        ValueError: the page has no mark below which to write.
    """
    page = directory / "benchmarks.md"
    above, mark, _ = page.read_text(encoding="utf-8").partition(MARK)
    if not mark:
        raise ValueError(f"{page} has no line {MARK.strip()!r}, so there is no place to write to.")
    tables = "\n".join(markdown(run) for run in runs)
    page.write_text(f"{above}{mark}\n{tables}", encoding="utf-8")
    page.with_suffix(".svg").write_text(svg(runs), encoding="utf-8")


def _row(line: Mapping[str, Any]) -> str:
    verdict = {None: "", True: "yes", False: "**no**"}[line["holds"]]
    details = ", ".join(f"{name} {number(value)}" for name, value in line["details"].items())
    beside = "; ".join([details, *(f"`{plan['short']}`" for plan in line["plans"])])
    cells = [
        *(line["figure"], line["case"], line["what"], f"{number(line['value'])} {line['unit']}"),
        "" if line["baseline"] is None else number(line["baseline"]),
        "" if line["ratio"] is None else f"{line['ratio']:.2f} ×",
        *(line["target"] or "", verdict, beside),
    ]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    write([orjson.loads(Path(path).read_bytes()) for path in sys.argv[1:]], Path(__file__).parents[1] / "docs")
