"""The chart of a run."""

from typing import Any
from xml.etree import ElementTree

import pytest

from bench.chart import merged, share, svg
from bench.measure import Line, Target
from bench.report import as_json

SVG = "{http://www.w3.org/2000/svg}"
LINES = [
    Line("deliver", "embedded, <1> & more", "CPU per delivery", 0.5, "ms", 0.1, Target(2.5)),
    Line("latency", "embedded, 200/s", "publish to answer, p95", 5, "ms", 1, Target(10, of_value=True)),
    Line("accept", "embedded", "publishEvent", 400, "events/s", 1_000, Target(0.8, at_most=False)),
    Line("start", "embedded", "serve to ready", 1.5, "s"),
]


def bars(text: str) -> list[tuple[str, float]]:
    """Which bars hold, and how wide each is."""
    drawn = ElementTree.fromstring(text).iter(f"{SVG}rect")
    return [(bar.attrib["class"], float(bar.attrib["width"])) for bar in drawn if bar.attrib["class"] != "ground"]


def run_of(*lines: Line) -> dict[str, Any]:
    return as_json(lines, "quick")


def test_a_bar_tells_a_measurement_as_a_multiple_of_its_target() -> None:
    assert [share(line) for line in run_of(*LINES)["lines"][:3]] == [pytest.approx(2), pytest.approx(0.5), 2]


def test_every_line_with_a_target_has_a_bar_that_grows_with_what_is_missed() -> None:
    [cpu, answer, accept] = bars(svg([run_of(*LINES)]))

    assert (cpu[0], answer[0], accept[0]) == ("fails", "holds", "fails")
    assert answer[1] < cpu[1] == pytest.approx(accept[1])


def test_the_chart_says_in_words_what_it_shows() -> None:
    texts = [text.text for text in ElementTree.fromstring(svg([run_of(*LINES)])).iter(f"{SVG}text")]

    assert "1 of 3 targets hold" in texts
    assert "CPU per delivery – embedded, <1> & more" in texts
    assert "5.00 × (≤ 2.5 ×)" in texts
    assert "5 ms (≤ 10 ms)" in texts
    assert any(text and text.startswith("multiple of the target") for text in texts)


def test_the_figures_of_a_later_run_take_the_place_of_an_earlier_ones() -> None:
    again = Line("deliver", "embedded", "CPU per delivery", 0.2, "ms", 0.1, Target(2.5))

    lines = merged([run_of(*LINES), run_of(again)])

    assert [(line["figure"], line["value"]) for line in lines] == [
        *(("deliver", 0.2), ("latency", 5), ("accept", 400), ("start", 1.5))
    ]


def test_there_is_no_chart_of_nothing() -> None:
    with pytest.raises(ValueError, match="nothing to draw"):
        svg([run_of(LINES[-1])])
