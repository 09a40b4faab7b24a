"""A whole run of the quickest figure."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import orjson
import psutil

from tests.patience import PATIENCE_SECONDS

ROOT = Path(__file__).parents[2]


def test_a_run_measures_and_writes_what_it_shows(tmp_path: Path) -> None:
    output = tmp_path / "bench.json"
    command = [sys.executable, "-m", "bench", "start", "--quick", "--mode", "embedded", "--output", str(output)]

    ended = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    run = orjson.loads(output.read_bytes())
    values = {(line["case"], line["what"]): line["value"] for line in run["lines"]}
    assert values["embedded, first start", "serve to ready"] > 0
    assert values["embedded, api idle", "memory"] > 20
    assert "serve to ready" in ended.stdout


def test_a_figure_that_does_not_exist_is_named() -> None:
    command = [sys.executable, "-m", "bench", "deliverr"]

    ended = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)

    assert ended.returncode == 2
    assert "There is no figure deliverr" in ended.stderr


def command_of(process: psutil.Process) -> list[str]:
    """The command of a process; nothing if it has ended."""
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def test_a_run_that_is_stopped_ends_what_it_started(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench", "start", "--quick", "--output", str(tmp_path / "bench.json")]
    run = psutil.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        ends_at = time.monotonic() + PATIENCE_SECONDS
        while not any("bench.broadcast" in command_of(child) for child in run.children()):
            assert time.monotonic() < ends_at, "nothing was being measured in time"
            time.sleep(0.05)
        started = run.children()
    finally:
        run.terminate()

    assert run.wait(PATIENCE_SECONDS) == 128 + signal.SIGTERM
    assert len(started) >= 3  # PostgreSQL, Redis, and the measured process
    assert psutil.wait_procs(started, PATIENCE_SECONDS)[1] == []
