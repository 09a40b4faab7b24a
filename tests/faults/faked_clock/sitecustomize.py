"""Python runs this first in programs whose clock libfaketime fakes. Not imported by the suite.

libfaketime 0.9.10 fails `clock_nanosleep` with an absolute time (EINVAL) while it leaves the monotonic clock alone.
"""

import select
import time
from typing import SupportsIndex


def _sleep(seconds: float | SupportsIndex, /) -> None:
    select.select([], [], [], float(seconds))


time.sleep = _sleep
