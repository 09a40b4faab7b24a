"""Tells a Redis that is full from one that does not answer. Imports no Redis: the default mode uses none."""


def is_full(error: Exception) -> bool:
    """Whether Redis refused to write because it uses all the memory it may (`maxmemory`)."""
    return "used memory > 'maxmemory'" in str(error)
