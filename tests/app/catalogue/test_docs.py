"""docs/events.md, which is written from the catalogue."""

import subprocess
import sys
from pathlib import Path

from app.catalogue import BUILT_IN
from app.catalogue.docs import page
from tests.patience import PATIENCE_SECONDS

ROOT = Path(__file__).parents[3]


def test_the_page_is_what_the_catalogue_says_today() -> None:
    written = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")

    assert written == page(), "docs/events.md is stale: run python -m app.catalogue.docs > docs/events.md"


def test_the_command_prints_the_page() -> None:
    printed = subprocess.run(
        [sys.executable, "-X", "utf8", "-m", "app.catalogue.docs"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        timeout=PATIENCE_SECONDS,
    )

    assert printed.stdout.decode() == page()


def test_the_page_has_a_section_forevery_event_type() -> None:
    sections = [line.removeprefix("## ") for line in page().splitlines() if line.startswith("## ")]

    assert sections == [*BUILT_IN, "Shared objects"]


def test_the_page_shows_fields_inside_objects_and_lists() -> None:
    assert "| `ai.sources[].title` | string or null | Title of the source. |" in page()
    assert "| `dueAt` | date and time or null | Due time. |" in page()
    assert "| `ticket` | [Ticket](#ticket) (required) | The new ticket. |" in page()
    assert "| `status` | `open`, `pending`, `snoozed`, `closed` | Status. |" in page()
