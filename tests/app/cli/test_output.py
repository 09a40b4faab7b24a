"""Tables for people, on terminals of any width."""

import re

import pytest

from app.cli.output import print_table

ID = "dlv_01jd7k3m9pegxv0t5c8h2n4w6z"
COLUMNS = ("id", "event", "status", "next attempt")
ROWS = [[ID, "ticket.created for the support desk", "RETRYING", "2026-11-30T13:45:51.123Z"]]


def printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int) -> list[str]:
    """The lines of the table on a terminal."""
    for name, value in {"FORCE_COLOR": "1", "TERM": "xterm", "COLUMNS": str(width), "LINES": "50"}.items():
        monkeypatch.setenv(name, value)
    print_table(COLUMNS, ROWS)
    return re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out).splitlines()


@pytest.mark.parametrize("width", [80, 90, 100, 120, 200])
def test_a_table_fits_the_terminal_and_breaks_no_word(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int
) -> None:
    lines = printed(monkeypatch, capsys, width)

    assert {word for cell in ROWS[0] for word in cell.split()} <= set(" ".join(lines).split())
    assert max(map(len, lines)) <= max(width, len("next attempt  ") + len(ID))


def test_rows_that_do_not_fit_are_blocks(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(monkeypatch, capsys, 70)

    assert lines == [
        f"id            {ID}",
        "event         ticket.created for the support desk",
        "status        RETRYING",
        "next attempt  2026-11-30T13:45:51.123Z",
        "",
    ]


def test_in_a_pipe_every_row_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.setenv("COLUMNS", "40")
    print_table(COLUMNS, ROWS)

    assert sum(ID in line and "2026-11-30T13:45:51.123Z" in line for line in capsys.readouterr().out.splitlines()) == 1
