"""docs/configuration.md, which is generated from the settings."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.settings import Settings
from app.settings.docs import page
from app.settings.kinds import said
from tests.patience import PATIENCE_SECONDS

ROOT = Path(__file__).parents[3]
NUMBERS_WITHOUT_UNIT = {"port", "worker_port", "smtp_port"}


def test_the_page_is_what_the_settings_say_today() -> None:
    written = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")

    assert written == page(), "It is stale: run python -m app.settings.docs > docs/configuration.md"


def test_the_command_prints_the_page() -> None:
    printed = subprocess.run(
        [sys.executable, "-X", "utf8", "-m", "app.settings.docs"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        timeout=PATIENCE_SECONDS,
    )

    assert printed.stdout.decode() == page()


def test_the_page_has_a_row_forevery_setting() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| .+", page(), re.MULTILINE)

    assert rows == [name.upper() for name in Settings.model_fields]


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_says_what_it_does_and_why_in_sentences(name: str) -> None:
    field = Settings.model_fields[name]

    for sentence in (field.description or "", said(field, "why")):
        assert re.fullmatch(r"\S.+\S\.", sentence), sentence
        assert "|" not in sentence


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_number_has_a_unit(name: str) -> None:
    field = Settings.model_fields[name]
    is_number = field.annotation in {int, float, int | None} and name not in NUMBERS_WITHOUT_UNIT

    assert bool(said(field, "unit")) == is_number


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_that_is_accepted_is_used(name: str) -> None:
    sources = [path for folder in ("app", "graph", "tasks") for path in (ROOT / folder).rglob("*.py")]
    used = re.compile(rf"settings\.{name}\b")

    assert any(used.search(path.read_text(encoding="utf-8")) for path in sources)
