"""Lets this process open as many files as the system allows, because every connection is a file.

The soft limit is 1,024 almost everywhere, for programs that use `select`. Others may raise it to the hard limit
(https://0pointer.net/blog/file-descriptor-limits.html). Child processes inherit this process's limit.
"""

import math
import os
import resource
from contextlib import suppress

# Enough for the highest MAX_IN_FLIGHT, and tens of thousands of followers.
ENOUGH = 65_536


def may_open_many() -> float:
    """Raise the limit as far as this process may; return how many files it may have open, `math.inf` if unlimited."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = ENOUGH if hard == resource.RLIM_INFINITY else min(ENOUGH, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):  # macOS reports "infinity" and allows less
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return math.inf if soft == resource.RLIM_INFINITY else soft


def fill_standard_files() -> None:
    """Open /dev/null if the process was started without stdin, stdout or stderr.

    Otherwise the next file or socket gets that number, and code that writes to stderr by number (the interpreter when
    it ends with an error, libraries in C) writes into it.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # The lowest number that is free.
