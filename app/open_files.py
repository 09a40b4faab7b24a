"""Lets this process open as many files as it may: a connection is one, too.

The limit that counts, the soft one, is 1,024 nearly everywhere, for the sake of programs that use `select`. Others may
raise it to the hard limit (https://0pointer.net/blog/file-descriptor-limits.html). Programs started by this one begin
with what it has.
"""

import math
import os
import resource
from contextlib import suppress

# Enough for the most that MAX_IN_FLIGHT may be, and tens of thousands of followers.
ENOUGH = 65_536


def may_open_many() -> float:
    """Raise the limit as far as this process may; return how many files it may have open, `math.inf` for any number."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = ENOUGH if hard == resource.RLIM_INFINITY else min(ENOUGH, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):  # macOS says "infinity" and allows less
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return math.inf if soft == resource.RLIM_INFINITY else soft


def fill_standard_files() -> None:
    """Open /dev/null where the process was started without stdin, stdout or stderr.

    Otherwise the next file or socket gets that number, and what writes to stderr by its number (the interpreter when it
    ends by an error, libraries in C) writes into it.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # The lowest number that is free.
