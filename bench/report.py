"""Displays the lines of a run: as a table, and as JSON beside it."""

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

from bench.measure import Line


def table(lines: Sequence[Line]) -> Table:
    """All lines, with their baselines and whether their targets hold."""
    shown = Table("figure", "case", "what", title="eeV Webhooks, measured", title_justify="left")
    for name in ("value", "baseline", "ratio", "target"):
        shown.add_column(name, justify="right")
    shown.add_column("holds")
    shown.add_column("beside")
    for line in lines:
        shown.add_row(*cells(line))
    return shown


def cells(line: Line) -> list[str]:
    """One row of the table."""
    verdict = {None: "", True: "yes", False: "NO"}[line.holds]
    return [
        line.figure,
        line.case,
        line.name,
        f"{number(line.value)} {line.unit}",
        "" if line.baseline is None else number(line.baseline),
        "" if line.ratio is None else f"{line.ratio:.2f} ×",
        aim(line),
        verdict,
        "; ".join(
            [
                ", ".join(f"{name} {number(value)}" for name, value in line.details.items()),
                *(plan.short for plan in line.plans),
            ]
        ),
    ]


def aim(line: Line) -> str:
    """The target: of the value with its unit, or of the ratio."""
    if line.target is None:
        return ""
    return f"{line.target} {line.unit}" if line.target.of_value or line.ratio is None else f"{line.target} ×"


def number(value: float) -> str:
    """A number as a person reads it: three significant digits, with separators between thousands."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def as_json(lines: Sequence[Line], size: str) -> dict[str, Any]:
    """The run as JSON: on which machine, when, and each line with its ratio and whether its target holds."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cores": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()},
        "size": size,
        "lines": [
            {
                "figure": line.figure,
                "case": line.case,
                "what": line.name,
                "value": line.value,
                "unit": line.unit,
                "baseline": line.baseline,
                "ratio": line.ratio,
                "target": aim(line) or None,
                "limit": None if line.target is None else line.target.limit,
                "holds": line.holds,
                "details": dict(line.details),
                "plans": [asdict(plan) for plan in line.plans],
            }
            for line in lines
        ],
    }


def write(lines: Sequence[Line], size: str, path: Path) -> None:
    """Write the JSON, creating its directory."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(orjson.dumps(as_json(lines, size), option=orjson.OPT_INDENT_2) + b"\n")


def show(lines: Sequence[Line], console: Console) -> None:
    """Print the table, and how many targets hold."""
    console.print(table(lines))
    judged = [line for line in lines if line.target is not None]
    held = sum(line.holds is True for line in judged)
    console.print(f"{held} of {len(judged)} targets hold, on {os.cpu_count()} cores shared by everything that ran.")
