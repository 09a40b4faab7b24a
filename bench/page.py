"""Writes runs as Markdown: `python -m bench.page build/bench.json …` prints the tables of docs/benchmarks.md."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from bench.report import number


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
    print("\n".join(markdown(orjson.loads(Path(path).read_bytes())) for path in sys.argv[1:]), end="")
