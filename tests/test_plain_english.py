"""What the public reads is free of the turns that made a native reader translate: schema, command line and pages.

Pages of decisions (docs/adr) tell how one came to them, and are left out.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import program
from graph.schema import export
from tests.app.cli.test_help import PATHS

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "examples" / "README.md", *sorted(ROOT.glob("docs/*.md"))]

# ", for" as "because" is followed by a subject, which is one of these; ", for example" and ", for people" are fine.
_SUBJECTS = "it|they|he|she|we|you|nobody|nothing|somebody|everybody|there|this|that|these|those|none|what|who"
ARCHAIC = re.compile(
    rf"what became of|all that the mutation|\b(?:is|are|was|were|be|been) told\b|\bwhoever\b|\bwhosoever\b|\bso many\b"
    rf"|\bwho need\b|\bwhereupon\b|\bwhence\b|\bthence\b|\blest\b|, for (?:{_SUBJECTS})\b|\b(?:null|empty|any) where\b"
    r"|, where left out\b",
    re.IGNORECASE,
)


def archaic_in(text: str) -> list[str]:
    """The archaic turns of a text, each with what surrounds it. Lines are joined: a turn may be broken over two."""
    joined = " ".join(text.split())
    return [joined[max(0, found.start() - 40) : found.end() + 40] for found in ARCHAIC.finditer(joined)]


def helps() -> Iterator[str]:
    for path in PATHS:
        shown = CliRunner().invoke(program, [*path, "--help"], env={"COLUMNS": "400"}).stdout
        yield re.sub("[─│╭╮╰╯]", " ", shown)


def test_the_schema_is_in_plain_english() -> None:
    assert archaic_in(export()) == []


def test_the_help_of_every_command_is_in_plain_english() -> None:
    assert [turn for text in helps() for turn in archaic_in(text)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_page_is_in_plain_english(page: Path) -> None:
    assert archaic_in(page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "text",
    [
        "What became of createWebhook.",
        "All that the mutation is told.",
        "It is kept, and delivered to whoever asks for it.",
        "They wait for so\nmany seconds.",
        "It cannot grow, for it is bounded.",
        "What came back; null where nothing did.",
    ],
)
def test_an_archaic_turn_is_found(text: str) -> None:
    assert archaic_in(text)


@pytest.mark.parametrize(
    "text", ["One of them, for example this.", "JSON in production, for machines.", "The webhook receives so much."]
)
def test_ordinary_words_are_not_taken_for_one(text: str) -> None:
    assert archaic_in(text) == []
