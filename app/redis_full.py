"""Distinguishes a full Redis from one that does not answer. Does not import redis-py, which the default mode does not
use.
"""


def is_full(error: Exception) -> bool:
    """Whether Redis refused to write because it uses all memory it may (`maxmemory`)."""
    return "used memory > 'maxmemory'" in str(error)
