"""Spares the garbage collector what stays for good: modules, the schema, compiled validators.

A full collection walks every object that is alive, and a server that has just started holds some 150,000 of them which
will never be garbage. Frozen, they are not looked at again. docs/performance.md has what it gave.
"""

import gc

# How many objects more there have to be before a collection. A program that starts makes a hundred thousand, all to
# stay, and would be collected over and over: a quarter of the time that starting takes.
_WHILE_STARTING = 100_000
_DEFAULT = gc.get_threshold()[0]


def collect_seldom() -> None:
    """Spare the collector the start of this process: until `keep_what_is_here`, or, for a command, its end."""
    gc.set_threshold(_WHILE_STARTING)


def keep_what_is_here() -> None:
    """Collect once, then take everything that is alive to stay until the process ends. For processes of their own."""
    gc.set_threshold(_DEFAULT)
    gc.collect()
    gc.freeze()
