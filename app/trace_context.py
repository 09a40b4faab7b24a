"""The W3C Trace Context that publishers send and receivers get: headers in, a value, headers out. Pure.

It follows www.w3.org/TR/trace-context. A malformed `traceparent` counts as none, and `tracestate` is then ignored too;
a malformed `tracestate` is dropped alone. What passes consists of harmless characters, so it is safe in a header.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

_VERSION_00 = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_NO_TRACE, _NO_SPAN = "0" * 32, "0" * 16
# The flags of the standard: sampled, and random trace ID (level 2).
_KNOWN_FLAGS = 0x03
_SAMPLED = 0x01

_STATE_KEY = r"(?:[a-z][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})"
_STATE_VALUE = r"[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]"
_STATE_MEMBER = re.compile(f"{_STATE_KEY}={_STATE_VALUE}")
_MAX_STATE_MEMBERS = 32
# What the standard asks everybody to pass on at least; more is cut, long members first.
_MAX_STATE_CHARACTERS = 512
_LONG_MEMBER_CHARACTERS = 128

_BEGUN_HERE = "~"


class TraceContext(NamedTuple):
    """A position in a trace, in version 00 of the standard.

    `from_caller` is false for a trace that this server began.
    """

    traceparent: str
    tracestate: str = ""
    from_caller: bool = True

    @property
    def trace_id(self) -> str:
        """ID of the trace: 32 hexadecimal digits."""
        return self.traceparent[3:35]

    @property
    def span_id(self) -> str:
        """ID of the position in it: 16 hexadecimal digits."""
        return self.traceparent[36:52]

    @property
    def flags(self) -> int:
        """The trace flags."""
        return int(self.traceparent[53:], 16)

    @property
    def sampled(self) -> bool:
        """Whether its spans are recorded."""
        return bool(self.flags & _SAMPLED)

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """The headers that carry it."""
        own = (("traceparent", self.traceparent),)
        return (*own, ("tracestate", self.tracestate)) if self.tracestate else own

    def packed(self) -> str:
        """The same as one text, for the database."""
        text = f"{self.traceparent} {self.tracestate}" if self.tracestate else self.traceparent
        return text if self.from_caller else f"{_BEGUN_HERE}{text}"


def unpacked(text: str) -> TraceContext:
    """The context that `TraceContext.packed` wrote."""
    traceparent, _, tracestate = text.removeprefix(_BEGUN_HERE).partition(" ")
    return TraceContext(traceparent, tracestate, not text.startswith(_BEGUN_HERE))


def parse_trace_context(traceparents: Sequence[str], tracestates: Sequence[str]) -> TraceContext | None:
    """The context in the headers of a request, given their values in order; None without a valid one."""
    if len(traceparents) != 1 or (match := _VERSION_00.fullmatch(traceparents[0].strip(" \t"))) is None:
        return None
    version, trace_id, span_id, flags, more = match.groups()
    if version == "ff" or (version == "00" and more) or trace_id == _NO_TRACE or span_id == _NO_SPAN:
        return None
    traceparent = f"00-{trace_id}-{span_id}-{int(flags, 16) & _KNOWN_FLAGS:02x}"
    return TraceContext(traceparent, _state(",".join(tracestates)))


def _state(text: str) -> str:
    """A valid `tracestate`, cut to what is passed on; "" if it is malformed."""
    members = [member for part in text.split(",") if (member := part.strip(" \t"))]
    keys = {member.partition("=")[0] for member in members}
    if len(members) > _MAX_STATE_MEMBERS or len(keys) < len(members):
        return ""
    if not all(_STATE_MEMBER.fullmatch(member) for member in members):
        return ""
    if _length(members) > _MAX_STATE_CHARACTERS:
        members = [member for member in members if len(member) <= _LONG_MEMBER_CHARACTERS]
    while _length(members) > _MAX_STATE_CHARACTERS:
        members.pop()
    return ",".join(members)


def _length(members: Sequence[str]) -> int:
    return sum(map(len, members)) + max(0, len(members) - 1)
