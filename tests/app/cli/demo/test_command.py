"""The demonstration: that it shows what it says, and that it fails when something is missing."""

import json
import signal
from dataclasses import replace
from io import StringIO
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from app.cli.demo.narration import Narrator
from app.cli.demo.summary import Summary
from tests.app.cli.installed import Running, run

COMPLETE = Summary(
    events=4,
    deliveries=5,
    succeeded=5,
    attempts=7,
    failed_attempts=2,
    requests=7,
    verified=7,
    live_updates=12,
    seconds=6.0,
)


def test_the_demonstration_delivers_everything_and_tells_how(tmp_path: Path) -> None:
    # Settings from the environment of the caller do not reach it.
    result = run("demo", "--json", directory=tmp_path, BROKER_URL="redis://127.0.0.1:9/0", PORT="1")

    summary = json.loads(result.stdout)
    assert result.returncode == 0, result.stderr
    assert summary.pop("seconds") < 60
    assert summary.pop("liveUpdates") >= 7
    assert summary == {
        "events": 4,
        "deliveries": 5,
        "succeeded": 5,
        "attempts": 7,
        "failedAttempts": 2,
        "requests": 7,
        "verified": 7,
        "missing": [],
    }
    assert result.stderr.count("✓ signature verified") == 7
    assert result.stderr.count("an event it has seen before") == 2
    assert "ticket.created to shaky: attempt 1 HTTP_ERROR, the delivery is RETRYING" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_missing_where_all_went_well() -> None:
    assert COMPLETE.missing == []


@pytest.mark.parametrize(
    ("summary", "sentence"),
    [
        (replace(COMPLETE, succeeded=4), "Only 4 of 5 deliveries succeeded."),
        (replace(COMPLETE, verified=6), "Only 6 of 7 requests were verified."),
        (replace(COMPLETE, requests=8, verified=8), "7 attempts were recorded, but 8 requests came."),
        (replace(COMPLETE, failed_attempts=0), "No attempt failed, though one receiver was told to."),
        (replace(COMPLETE, live_updates=6), "Fewer live updates came than attempts were made."),
    ],
)
def test_what_is_missing_is_said(summary: Summary, sentence: str) -> None:
    assert summary.missing == [sentence]
    assert summary.fields()["missing"] == [sentence]


@pytest.mark.parametrize(
    ("summary", "last"),
    [
        (COMPLETE, "✓ Everything was delivered and verified."),
        (replace(COMPLETE, verified=6), "✗ Only 6 of 7 requests were verified."),
    ],
)
def test_people_read_how_it_ended(summary: Summary, last: str) -> None:
    console = Console(file=StringIO(), width=100)

    Narrator(console).summary(summary)

    assert isinstance(console.file, StringIO)
    assert console.file.getvalue().splitlines()[-1] == last


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_ends_it_early_ends_all_of_it(tmp_path: Path, number: signal.Signals) -> None:
    with Running("demo", directory=tmp_path, TMPDIR=str(tmp_path)) as demo:
        while "Two receivers listen" not in demo.line():
            pass
        started = psutil.Process(demo.pid).children(recursive=True)
        code = demo.stop(number)

    assert code == 130
    assert len(started) >= 1
    assert not any(process.is_running() for process in started)
    assert list(tmp_path.iterdir()) == []
