"""IDs of rows: TypeIDs, such as `evt_01jd7k3m9pegxv0t5c8h2n4w6z`, that sort by their time of creation.

A TypeID is a prefix, an underscore and 26 characters of Crockford's base32 for a UUIDv7. Sources: the TypeID
specification 0.3 (github.com/jetify-com/typeid) and RFC 9562, sections 5.7 and 6.2. An ID is not secret: knowing one
grants no access.

Of the 74 bits that a UUIDv7 leaves free, the left 50 are a sequence and the right 24 random. The sequence is the
process's monotonic clock in microseconds from a random start, incremented by one if two calls share a microsecond. IDs
of one process and one millisecond therefore sort in the order of the calls, even if the given times jump back and forth
between milliseconds. Unlike those of a plain counter, two IDs do not reveal how many were made between them.
"""

import hashlib
import os
import random
import re
import secrets
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

from app.clock import Micros, from_micros, to_micros

WORKSPACE = "ws"
WEBHOOK = "wh"
EVENT = "evt"
DELIVERY = "dlv"
ATTEMPT = "att"
SECRET = "sec"  # noqa: S105 - a prefix
API_KEY = "key"
AUDIT_ENTRY = "aud"
OPERATION = "op"
PROBLEM = "prb"
EVENT_TYPE = "typ"
WORKER = "wrk"
CONTACT = "con"
NOTICE = "ntc"

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}
_PAIRS = tuple(high + low for high in _ALPHABET for low in _ALPHABET)
_PAIR_SHIFTS = tuple(range(120, -1, -10))
_SUFFIX_LENGTH = 26

# The version and variant bits of a UUIDv7 determine part of the 11th and the 14th character.
_ANY = "[0-9a-hjkmnp-tv-z]"
_TYPE_ID = re.compile(rf"([a-z](?:[a-z_]{{0,61}}[a-z])?)_([0-7]{_ANY}{{9}}[ef]{_ANY}{{2}}[89abrstv]{_ANY}{{12}})")
_VERSION_AND_VARIANT = 0x7 << 76 | 0b10 << 62
_LATEST_MILLISECOND = to_micros(datetime.max.replace(tzinfo=UTC)) // 1000


class IdSequence:
    """Strictly increasing numbers below 2**50: elapsed microseconds, from a random start below 2**49 (18 years).

    Args:
        monotonic_ns: a clock of nanoseconds that never goes back, from any start.
    """

    def __init__(self, monotonic_ns: Callable[[], int]) -> None:
        self._monotonic_ns = monotonic_ns
        self.restart()

    def restart(self) -> None:
        """Begin at a new random start, because a forked process must not continue its parent's numbers."""
        self._lock = threading.Lock()
        self._last = secrets.randbits(49)
        self._offset = self._last - self._monotonic_ns() // 1000

    def next(self) -> int:
        """Return a number above all returned before, in any thread."""
        with self._lock:
            number = self._offset + self._monotonic_ns() // 1000
            if number <= self._last:
                number = self._last + 1
            self._last = number
            return number


_sequence = IdSequence(time.monotonic_ns)
os.register_at_fork(after_in_child=_sequence.restart)
# Randomness, not secrecy: a generator seeded by the system, instead of a system call for every ID.
_random = random.Random()
os.register_at_fork(after_in_child=_random.seed)


def new_id(prefix: str, at: datetime) -> str:
    """Make an ID that sorts by `at`, to the millisecond, and within it after all IDs this process has made for it.

    Args:
        prefix: one of this module's constants.
        at: an aware time since 1970.

    Raises:
        ValueError: the time is naive or before 1970.
    """
    return new_id_at(prefix, to_micros(at))


def new_id_at(prefix: str, micros: Micros) -> str:
    """As `new_id`, for a time in microseconds since the epoch.

    Raises:
        ValueError: it is before 1970.
    """
    if micros < 0:
        raise _impossible(micros)
    number = _sequence.next()
    # 80 bits after the time, in parts of whole characters that are small integers to Python (every event needs several
    # IDs): the version, the number's first 12 bits, the variant and 2 bits more; 30 bits; the last 6 and the random 24.
    high = 0x7 << 16 | number >> 38 << 4 | 0b10 << 2 | number >> 36 & 0b11
    middle = number >> 6 & 0x3FFFFFFF
    low = (number & 0x3F) << 24 | _random.getrandbits(24)
    return (
        f"{prefix}_{_encode_time(micros // 1000)}{_PAIRS[high >> 10]}{_PAIRS[high & 0x3FF]}"
        f"{_PAIRS[middle >> 20]}{_PAIRS[middle >> 10 & 0x3FF]}{_PAIRS[middle & 0x3FF]}"
        f"{_PAIRS[low >> 20]}{_PAIRS[low >> 10 & 0x3FF]}{_PAIRS[low & 0x3FF]}"
    )


def id_of_name(prefix: str, name: str) -> str:
    """The ID of something that has the same name on every server: always the same, with 1970 as its time."""
    digest = int.from_bytes(hashlib.sha256(f"{prefix}:{name}".encode()).digest()[:10])
    free = digest & ~(0xF << 76) & ~(0b11 << 62)
    return f"{prefix}_{encode_suffix(free | _VERSION_AND_VARIANT)}"


def lowest_id(prefix: str, at: datetime) -> str:
    """Return the smallest ID of the millisecond of `at`, so that a time range is an ID range.

    To the millisecond, `since <= time < until` is the same as `lowest_id(prefix, since) <= id < lowest_id(prefix,
    until)`.

    Raises:
        ValueError: the time is naive or before 1970.
    """
    micros = to_micros(at)
    if micros < 0:
        raise _impossible(micros)
    return f"{prefix}_{encode_suffix(micros // 1000 << 80 | _VERSION_AND_VARIANT)}"


def id_time(text: str) -> datetime:
    """Return when an ID was made: an aware UTC time, whole milliseconds.

    Raises:
        ValueError: the text is not an ID.
    """
    if prefix_of(text) is None:
        raise ValueError(f"{text[:80]!r} is not an id; an id reads like {EVENT}_01jd7k3m9pegxv0t5c8h2n4w6z.")
    return from_micros(Micros((decode_suffix(text[-_SUFFIX_LENGTH:]) >> 80) * 1000))


def is_id(prefix: str, text: str) -> bool:
    """Whether a text is an ID with exactly this prefix, in exactly the spelling of `new_id`. Never raises."""
    return prefix_of(text) == prefix


def prefix_of(text: str) -> str | None:
    """Return the prefix of an ID, or None for any other text. Never raises."""
    match = _TYPE_ID.fullmatch(text)
    if match is None or decode_suffix(match[2]) >> 80 > _LATEST_MILLISECOND:
        return None
    return match[1]


def encode_suffix(uuid: int) -> str:
    """Write the 128 bits of a UUID as the 26 characters of a TypeID."""
    return "".join([_PAIRS[uuid >> shift & 0x3FF] for shift in _PAIR_SHIFTS])


def decode_suffix(suffix: str) -> int:
    """Read the 26 characters of a TypeID, which must be in its alphabet, as the 128 bits of a UUID."""
    uuid = 0
    for character in suffix:
        uuid = uuid << 5 | _VALUES[character]
    return uuid


@lru_cache(maxsize=64)
def _encode_time(milliseconds: int) -> str:
    """The first 10 characters of a suffix, which hold only its time."""
    return encode_suffix(milliseconds << 80)[:10]


def _impossible(micros: Micros) -> ValueError:
    return ValueError(f"No id can be made for {-micros} microseconds before 1970; the times of ids begin there.")
