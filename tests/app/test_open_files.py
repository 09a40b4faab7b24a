"""How many files a process may open."""

import subprocess
import sys

PROGRAM = """
import resource, sys
from app.open_files import may_open_many

resource.setrlimit(resource.RLIMIT_NOFILE, tuple(map(int, sys.argv[1:])))
print(may_open_many(), *resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def limits_after(soft: int, hard: int) -> list[int]:
    """What a separate process reports it may open, and its limits."""
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(soft), str(hard)], check=True, capture_output=True, text=True
    )
    return list(map(int, ended.stdout.split()))


def test_the_limit_is_raised_as_far_as_the_process_may() -> None:
    assert limits_after(256, 3_000) == [3_000, 3_000, 3_000]


def test_a_limit_that_is_as_high_as_may_be_stays() -> None:
    assert limits_after(700, 700) == [700, 700, 700]
