"""docs/standard-webhooks.md names a test for each point of the specification, and each of them exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "standard-webhooks.md").read_text(encoding="utf-8")
POINTS = [line for line in PAGE.splitlines() if re.match(r"\| (?!The specification \|)[^-|]", line)]
TESTS = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))


@pytest.mark.parametrize("point", POINTS)
def test_every_point_has_a_test(point: str) -> None:
    assert re.search(r"`tests/[\w/]+\.py::test_\w+`", point)


@pytest.mark.parametrize(("path", "name"), TESTS)
def test_every_test_that_the_page_names_exists(path: str, name: str) -> None:
    assert re.search(rf"^(?:async )?def {name}\(", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)


def test_the_page_has_the_points_of_the_specification() -> None:
    assert len(POINTS) > 25
