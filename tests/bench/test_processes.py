"""What the operating system reports of processes, and processes that end too early."""

import sys
from pathlib import Path

import psutil
import pytest

from bench.processes import Died, NotStarted, running

BUSY = "import time\nwhile time.process_time() < 0.3: pass\nprint('ready', flush=True)\ntime.sleep(60)"


async def test_the_cpu_of_a_process_is_what_the_operating_system_counts(tmp_path: Path) -> None:
    async with running(sys.executable, "-c", BUSY, ready="ready", log=tmp_path / "log") as started:
        counted = sum(psutil.Process(started.pid).cpu_times()[:2])
        cost = started.process.cost

    assert cost.cpu_seconds == pytest.approx(counted, abs=0.05)
    assert cost.cpu_seconds > 0.3
    assert cost.peak_mb >= cost.memory_mb > 1


async def test_a_process_that_ends_before_it_is_ready_says_what_it_wrote(tmp_path: Path) -> None:
    with pytest.raises(NotStarted, match="no such luck"):
        async with running(sys.executable, "-c", "print('no such luck')", ready="ready", log=tmp_path / "log"):
            pass


async def test_what_fails_because_a_process_died_says_so(tmp_path: Path) -> None:
    dying = "print('ready', flush=True); print('out of luck'); raise SystemExit(3)"

    with pytest.raises(Died, match=r"(?s)refused.*ended with 3.*out of luck"):
        async with running(sys.executable, "-c", dying, ready="ready", log=tmp_path / "log"):
            raise ConnectionError("refused")


async def test_what_fails_although_every_process_lives_stays_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(ConnectionError, match="refused"):
        async with running(sys.executable, "-c", BUSY, ready="ready", log=tmp_path / "log"):
            raise ConnectionError("refused")
