"""Programs whose clocks step and differ, by libfaketime: nothing waits, nothing is sent twice, and health tells."""

from pathlib import Path

import pytest

from tests.faults import on_clocks
from tests.faults.faketime import find_faketime
from tests.faults.fault import Fault
from tests.faults.installation import distributed, embedded
from tests.faults.test_faults import QUICK, problems, run

pytestmark = pytest.mark.skipif(find_faketime() is None, reason="libfaketime is not installed")


async def test_a_server_and_a_worker_whose_clocks_are_ahead_deliver_at_once_and_nothing_twice(tmp_path: Path) -> None:
    async with distributed(tmp_path, QUICK) as at:
        results = await run(
            at,
            [
                Fault("the clock of a server is 30 s ahead", on_clocks.skew_server, prompt=True),
                Fault("the clock of a worker is 30 s ahead", on_clocks.skew_worker, prompt=True),
            ],
        )

    assert "\n".join(problems(results)) == ""


async def test_an_embedded_server_delivers_on_when_its_clock_is_set_back_an_hour(tmp_path: Path) -> None:
    async with embedded(tmp_path, QUICK) as at:
        results = await run(at, [Fault("the clock is set an hour forward and back", on_clocks.step_clock, gap=True)])

    assert "\n".join(problems(results)) == ""
