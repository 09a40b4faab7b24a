"""Draws how far each target is reached, from the JSON of runs.

A bar is a measurement divided by its target, on a logarithmic axis, so that a bar that ends left of 1 holds; if the
target is a minimum, the other way round. Of several runs, a later one's figures replace an earlier one's. Colours
follow the reader's choice of light or dark. Pure: JSON in, text out.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any
from xml.sax.saxutils import escape

from bench.report import number

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 1_100, 540, 170, 64, 56
ROW, GAP, BAR = 19, 10, 11
LEAST = 0.1  # where the axis begins; smaller values are drawn at this length
STYLE = """
  svg { --ground: #ffffff; --ink: #1f2328; --faint: #59636e; --line: #d1d9e0; --holds: #1a7f5a; --fails: #c4432b }
  @media (prefers-color-scheme: dark) {
    svg { --ground: #0d1117; --ink: #f0f6fc; --faint: #9198a1; --line: #3d444d; --holds: #3fb68b; --fails: #f0785f }
  }
  text { font: 12px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: var(--ink) }
  .ground { fill: var(--ground) } .title { font-size: 15px; font-weight: 600 } .faint { fill: var(--faint) }
  .figure { font-weight: 600 } .end { text-anchor: end } .middle { text-anchor: middle }
  .halo { stroke: var(--ground); stroke-width: 3px; paint-order: stroke }
  .grid { stroke: var(--line) } .target { stroke: var(--ink); stroke-dasharray: 4 3 }
  .holds { fill: var(--holds) } .fails { fill: var(--fails) }
"""


def merged(runs: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The lines of all runs: each figure from the last run that has it, at the place of its first appearance."""
    figures: dict[str, list[Mapping[str, Any]]] = {}
    for run in runs:
        for figure, lines in groupby(run["lines"], key=lambda line: str(line["figure"])):
            figures[figure] = list(lines)
    return [line for lines in figures.values() for line in lines]


def share(line: Mapping[str, Any]) -> float:
    """A measurement as a multiple of its target; at most 1 if it holds."""
    of_ratio = line["target"].endswith("×")
    measured = line["ratio"] if of_ratio else line["value"]
    return float(measured / line["limit"] if line["target"].startswith("≤") else line["limit"] / measured)


def svg(runs: Sequence[Mapping[str, Any]]) -> str:
    """The chart of every line that has a target.

    Raises:
        ValueError: no line has one.
    """
    judged = [line for line in merged(runs) if line["target"]]
    if not judged:
        raise ValueError("No line of these runs has a target, so there is nothing to draw.")
    figures = [(name, list(lines)) for name, lines in groupby(judged, key=lambda line: line["figure"])]
    height = TOP + BOTTOM + ROW * len(judged) + GAP * len(figures)
    scale = _Scale(max(10.0, *(share(line) for line in judged)))
    held = sum(line["holds"] for line in judged)
    machine = runs[-1]["machine"]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="title">',
        f'<title id="title">Measurements divided by their targets; {held} of {len(judged)} hold</title>',
        f"<style>{STYLE}</style>",
        f'<rect class="ground" width="{WIDTH}" height="{height}"/>',
        f'<text class="title" x="16" y="26">{held} of {len(judged)} targets hold</text>',
        f'<text class="faint" x="16" y="44">{machine["cores"]} cores shared by everything that ran, '
        f"Python {escape(machine['python'])}, {runs[-1]['at'][:10]}</text>",
        *_axis(scale, height),
        *_rows(figures, scale),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


class _Scale:
    """Where a multiple of a target lies on the logarithmic axis."""

    def __init__(self, most: float) -> None:
        self._decades = math.ceil(math.log10(most / LEAST))
        self.ticks = [LEAST * 10**decade for decade in range(self._decades + 1)]

    def x(self, multiple: float) -> float:
        decades = math.log10(max(multiple, LEAST * 1.02) / LEAST)
        return round(LEFT + (WIDTH - LEFT - RIGHT) * decades / self._decades, 1)


def _axis(scale: _Scale, height: int) -> Iterator[str]:
    bottom = height - BOTTOM + 4
    for tick in scale.ticks:
        x = scale.x(tick) if tick > LEAST else LEFT
        kind = "target" if math.isclose(tick, 1) else "grid"
        label = f"{tick:,g}" if kind == "grid" else "target"
        yield f'<line class="{kind}" x1="{x}" x2="{x}" y1="{TOP - 6}" y2="{bottom}"/>'
        yield f'<text class="faint middle" x="{x}" y="{bottom + 16}">{label}</text>'
    middle = (LEFT + WIDTH - RIGHT) / 2
    yield (
        f'<text class="faint middle" x="{middle}" y="{bottom + 36}">multiple of the target, logarithmic;'
        " what ends left of the dashed line holds</text>"
    )


def _rows(figures: Sequence[tuple[str, Sequence[Mapping[str, Any]]]], scale: _Scale) -> Iterator[str]:
    y = TOP
    for figure, lines in figures:
        yield f'<text class="figure" x="16" y="{y + BAR}">{escape(figure)}</text>'
        for line in lines:
            end = scale.x(share(line))
            label = _shortened(f"{line['what']} – {line['case']}")
            measured = f"{line['ratio']:.2f} ×" if line["target"].endswith("×") else _with_unit(line)
            yield f'<text class="end" x="{LEFT - 8}" y="{y + BAR - 1}">{escape(label)}</text>'
            kind = "holds" if line["holds"] else "fails"
            yield f'<rect class="{kind}" x="{LEFT}" y="{y}" width="{round(end - LEFT, 1)}" height="{BAR}"/>'
            text = f"{measured} ({line['target']})"
            yield f'<text class="faint halo" x="{round(end + 6, 1)}" y="{y + BAR - 1}">{escape(text)}</text>'
            y += ROW
        y += GAP


def _with_unit(line: Mapping[str, Any]) -> str:
    return f"{number(line['value'])} {line['unit']}"


def _shortened(label: str, most: int = 70) -> str:
    return label if len(label) <= most else label[: most - 1] + "…"
