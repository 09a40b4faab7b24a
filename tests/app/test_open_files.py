"""How many files a process may open."""

import json
import subprocess
import sys

PROGRAM = """
import resource, sys
import structlog
from app.open_files import may_open_many

structlog.configure(
    processors=[structlog.processors.JSONRenderer()], logger_factory=structlog.PrintLoggerFactory(sys.stderr)
)
soft, hard, requests = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
may_open_many(requests)
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def limits_after(soft: int, hard: int, requests: int) -> tuple[tuple[int, ...], str]:
    """The limits of a process of its own, and what it logged."""
    arguments = [sys.executable, "-c", PROGRAM, str(soft), str(hard), str(requests)]
    ended = subprocess.run(arguments, check=True, capture_output=True, text=True)
    return tuple(map(int, ended.stdout.split())), ended.stderr


def test_the_limit_is_raised_as_far_as_the_process_may() -> None:
    assert limits_after(256, 3_000, 1_000) == ((3_000, 3_000), "")


def test_a_limit_too_low_for_the_requests_is_warned_of() -> None:
    limits, logged = limits_after(256, 1_200, 1_000)

    assert limits == (1_200, 1_200)
    line = json.loads(logged)
    assert (line["event"], line["limit"], line["needed"]) == ("process.few_files", 1_200, 1_500)
    assert "MAX_IN_FLIGHT" in line["hint"]
