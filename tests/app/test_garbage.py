"""Objects that are frozen for the garbage collector."""

import gc
import subprocess
import sys

PROGRAM = """
import gc
from app.garbage import keep_what_is_here

cycle = []
cycle.append(cycle)
del cycle
keep_what_is_here()
print(gc.get_freeze_count(), gc.collect(), *gc.get_threshold())
"""


def test_what_is_there_after_the_start_is_never_walked_again() -> None:
    # In a separate process, because objects frozen here would stay until the last test.
    before = gc.get_freeze_count()
    output = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True).stdout

    frozen, found_later, youngest, collections, _ = map(int, output.split())
    assert frozen > 1_000
    assert found_later == 0
    # How many objects a collection of survivors walks, while everything else waits.
    assert youngest * (collections + 1) <= 100_000
    assert gc.get_freeze_count() <= before  # fewer, if some of them were freed
