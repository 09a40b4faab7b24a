"""The project's texts are free of the turns that made native readers translate.

Schema, command line and pages are searched as a whole; of all other files, docstrings and comments are searched. Names
and strings are not.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import program
from tests.app.cli.test_help import PATHS
from tests.exported_schema import SDL

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*.md")])
FOLDERS = ["app", "bench", "examples", "graph", "tasks", "tests", "tools"]
OTHERS = [
    *(
        ROOT / name
        for name in ("Makefile", "Dockerfile", "docker-compose.yml", "pyproject.toml", ".env.example", ".ci/run")
    ),
    *ROOT.glob("deploy/**/*.yml"),
]
# Comments that start a line in files other than Python's.
COMMENT = re.compile(r"^\s*(?:#|//|/?\*+)(.*)$", re.MULTILINE)

# ", for" instead of "because" precedes a subject, which is one of these; ", for example" and ", for people" are fine.
_SUBJECTS = "it|they|he|she|we|you|nobody|nothing|somebody|everybody|there|none|what|who|th(?:is|at|ese|ose) (?:is|are)"
TURNS = (
    r"what (?:came|comes|became|becomes) of",
    r"all that the mutation",
    r"\b(?:is|are|was|were|be|been|being) told\b(?! apart)",
    r"\b(?:tells?|told) of\b",
    r"\bwho(?:m|so)?ever\b",
    r"\bwho need\b",
    r"\bso many\b",
    r"\b(?:whereupon|whence|thence|therein|thereof|wherein|hitherto|lest|amid|anew|in vain|for ever|turn about)\b",
    rf", for (?:{_SUBJECTS})\b",
    r"\b(?:null|empty|any|none|true|false|nothing|or) where\b",
    r", where left out\b",
    r"\brefuses? to know\b",
    r"\bwr(?:ites?|itten|ote|iting) (?:\w+ )?down\b",
    r"(?<!there )\b(?:is|are|be) (?-i:none)\b(?! of)",
    r"\bbe it\b",
    r"\bstands? there\b",
    r"\bnot to be had\b",
)
ARCHAIC = re.compile("|".join(TURNS), re.IGNORECASE)

# A model's docstring is the comment of its table, which only a migration can change.
TABLE_COMMENTS = {"What became of five minutes of one webhook, or of a whole workspace, that will not change any more."}


def archaic_in(text: str) -> list[str]:
    """The archaic turns of a text, each with its surroundings. Lines are joined, because a turn may span two."""
    joined = " ".join(text.split())
    return [joined[max(0, found.start() - 40) : found.end() + 40] for found in ARCHAIC.finditer(joined)]


def helps() -> Iterator[str]:
    for path in PATHS:
        shown = CliRunner().invoke(program, [*path, "--help"], env={"COLUMNS": "400"}).stdout
        yield re.sub("[─│╭╮╰╯]", " ", shown)


def docstrings(source: str) -> Iterator[str]:
    """Texts that stand alone as a statement: docstrings, and those of attributes."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value.value


def comments(source: str) -> str:
    """All comments of a Python module, one after another."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return "\n".join(token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT)


def prose_in(path: Path) -> Iterable[str]:
    """The texts of a file that are written for its readers."""
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return [text for text in docstrings(source) if text.strip() not in TABLE_COMMENTS] + [comments(source)]
    return ["\n".join(COMMENT.findall(source))]


def turns_in(paths: Iterable[Path]) -> list[str]:
    found = ((path, turn) for path in paths for text in prose_in(path) for turn in archaic_in(text))
    return [f"{path.relative_to(ROOT)}: … {turn} …" for path, turn in found]


def sources(folder: str) -> list[Path]:
    written = {".py", ".js", ".mjs", ".ts", ".css"} | ({".graphql"} if folder != "tests" else set())
    return [path for path in (ROOT / folder).rglob("*") if path.suffix in written and "node_modules" not in path.parts]


def test_the_schema_is_in_plain_english() -> None:
    assert archaic_in(SDL) == []


def test_no_description_of_the_schema_gives_a_purpose_behind_a_comma() -> None:
    assert re.findall(r".*, for (?!example\b|about\b|at most\b|\d).*", SDL) == []


def test_the_help_of_every_command_is_in_plain_english() -> None:
    assert [turn for text in helps() for turn in archaic_in(text)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_page_is_in_plain_english(page: Path) -> None:
    assert archaic_in(page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_docstrings_and_comments_are_in_plain_english(folder: str) -> None:
    paths = sources(folder)

    assert paths
    assert turns_in(paths) == []


def test_comments_of_configuration_are_in_plain_english() -> None:
    assert turns_in(OTHERS) == []


@pytest.mark.parametrize(
    "text",
    [
        "What became of createWebhook.",
        "All that the mutation is told.",
        "It is kept, and delivered to whoever asks for it.",
        "They wait for so\nmany seconds.",
        "It cannot grow, for it is bounded.",
        "What came back; null where nothing did.",
        "Refuses to know any event type.",
        "Kept for ever, then written down anew.",
        "Tells of what changed.",
        "The URL is none.",
    ],
)
def test_an_archaic_turn_is_found(text: str) -> None:
    assert archaic_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "One of them, for example this.",
        "JSON in production, for machines.",
        "It is for callers with READ and, with less, for those with FEED.",
        "The webhook receives so much.",
        "The value is None if there is none.",
        "Two variants that can be told apart.",
        "The statement finds rows where the status is PENDING.",
    ],
)
def test_ordinary_words_are_not_taken_for_one(text: str) -> None:
    assert archaic_in(text) == []


def test_docstrings_and_comments_are_read_and_strings_are_not() -> None:
    source = 'NAME = "whoever"  # lest\n\n\ndef of() -> None:\n    """Amid."""\n    print("anew")\n'

    assert (list(docstrings(source)), comments(source)) == (["Amid."], "lest")
