"""Keeps the garbage collector from walking objects that are permanent or that are freed without it.

A full collection walks every live object, and a server that has just started holds some 150,000 of them that never
become garbage: modules, the schema, compiled validators. Once frozen, they are not walked again. Objects of a request
or a delivery are almost never part of a cycle, so they are freed as soon as they are unused. A collection then finds
only objects in use, and the busier the process is, the more of them. docs/performance.md has the effect of both
measures.
"""

import gc

# How many more objects there must be before a collection. A starting server makes 150,000 permanent ones, which would
# be collected again and again: a quarter of the start time.
_WHILE_STARTING = 200_000
# Hundreds of events being published and a thousand requests in flight are tens of thousands of objects; with Python's
# default of 700, each is walked several times before it is freed. Walking thirty thousand takes ten milliseconds.
_WHILE_SERVING = 30_000
# What survived is walked again after this many collections, all at once: with Python's default of 10, 300,000 objects,
# which takes a quarter of a second when hundreds of followers connect. What survives that too is walked after 40 of
# those, which is as seldom as with Python's defaults.
_SURVIVORS, _OLD = 2, 40


def collect_seldom() -> None:
    """Reduce collections while this process starts: until `keep_what_is_here`, or, for a command, its end."""
    gc.set_threshold(_WHILE_STARTING)


def keep_what_is_here() -> None:
    """Treat every object as permanent. Only for a process that is the product's own.

    It does not collect before, because a start leaves a few hundred objects of garbage, and finding them takes a tenth
    of a second.
    """
    gc.set_threshold(_WHILE_SERVING, _SURVIVORS, _OLD)
    gc.freeze()
