"""Spares the garbage collector what stays for good: modules, the schema, compiled validators.

A full collection walks every object that is alive, and a server that has just started holds some 150,000 of them which
will never be garbage. Frozen, they are not looked at again. docs/performance.md has what it gave.
"""

import gc


def keep_what_is_here() -> None:
    """Collect once, then take everything that is alive to stay until the process ends. For processes of their own."""
    gc.collect()
    gc.freeze()
