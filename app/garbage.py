"""Spares the garbage collector what stays for good, and what goes by itself.

A full collection walks every object that is alive, and a server that has just started holds some 150,000 of them which
will never be garbage: modules, the schema, compiled validators. Frozen, they are not looked at again. And of what a
request or a delivery makes next to nothing holds itself, so it goes as soon as it is done with: a collection finds only
what is in use, which is the more the busier the process is. docs/performance.md has what both gave.
"""

import gc

# How many objects more there have to be before a collection. A program that starts makes a hundred thousand, all to
# stay, and would be collected over and over: a quarter of the time that starting takes.
_WHILE_STARTING = 100_000
# Hundreds of events being published and a thousand requests under way are tens of thousands of objects; with Python's
# default of 700 each is walked several times before it is done with. Walking thirty thousand takes ten milliseconds.
_WHILE_SERVING = 30_000


def collect_seldom() -> None:
    """Spare the collector the start of this process: until `keep_what_is_here`, or, for a command, its end."""
    gc.set_threshold(_WHILE_STARTING)


def keep_what_is_here() -> None:
    """Collect once, then take everything that is alive to stay until the process ends. For processes of their own."""
    gc.set_threshold(_WHILE_SERVING)
    gc.collect()
    gc.freeze()
