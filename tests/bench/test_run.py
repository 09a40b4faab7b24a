"""A whole run of the quickest figure."""

import subprocess
import sys
from pathlib import Path

import orjson
import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(180)
def test_a_run_measures_and_writes_what_it_shows(tmp_path: Path) -> None:
    output = tmp_path / "bench.json"
    command = [sys.executable, "-m", "bench", "start", "--quick", "--mode", "embedded", "--output", str(output)]

    ended = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=150)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    run = orjson.loads(output.read_bytes())
    values = {(line["case"], line["what"]): line["value"] for line in run["lines"]}
    assert values["embedded, first start", "serve to ready"] > 0
    assert values["embedded, api idle", "memory"] > 20
    assert "serve to ready" in ended.stdout


def test_a_figure_that_does_not_exist_is_named() -> None:
    command = [sys.executable, "-m", "bench", "deliverr"]

    ended = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert ended.returncode == 2
    assert "There is no figure deliverr" in ended.stderr
