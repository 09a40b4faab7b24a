"""Rewrites the head of an answer that the parser refuses so that it keeps to the grammar (RFC 9112), where that can do
no harm. Pure: bytes in, bytes out.

A receiver whose framework is sloppy has the event all the same, and its status says so. Only what says where the body
ends is never guessed: an answer with two lengths is refused. The caller reads one answer at most after such a head and
then closes the connection, so a wrong end cannot be taken for the answer to another request.
"""

import re
from dataclasses import dataclass

from app.sender.refusals import HeaderRefused, is_name

# Lines end in CR LF; one that ends in LF alone is read, too (RFC 9112, section 2.2).
_END = re.compile(rb"\r?\n\r?\n")
# A control character in a value stands for a space (RFC 9110, section 5.5; a bare CR: RFC 9112, section 2.2).
_CONTROLS = bytes(0x20 if code < 0x20 or code == 0x7F else code for code in range(256))
# llhttp counts the bytes of a body in 64 bits.
_MOST_DIGITS = 18


@dataclass(slots=True)
class _Field:
    name: bytes
    value: bytes
    line: int


def end_of_head(received: bytes | bytearray, start: int = 0) -> int:
    """Where the head that begins at `start` ends, its empty line included; -1 if it has not all come."""
    found = _END.search(received, start)
    return found.end() if found else -1


def tidy(head: bytes) -> bytes:
    """Return a head, its empty line included, as the grammar has it.

    Raises:
        HeaderRefused: a header has no name, or it is not certain where the body ends.
    """
    status_line, *lines = [line.removesuffix(b"\r") for line in head.split(b"\n")]
    fields = _framed(_fields(lines))
    status_line = _plain(status_line)
    return b"\r\n".join([status_line, *(b"%b: %b" % (field.name, field.value) for field in fields), b"", b""])


def _fields(lines: list[bytes]) -> list[_Field]:
    """The headers, without those whose names are none. A folded line is part of the header before it (RFC 9112, section
    5.2), and of nothing if there is none (section 2.2)."""
    fields: list[_Field] = []
    for number, line in enumerate(lines, start=2):
        if not line:
            continue
        if line[:1] in b" \t":
            if fields:
                fields[-1].value = _plain(fields[-1].value + b" " + line.lstrip(b" \t"))
            continue
        name, colon, value = line.partition(b":")
        name = name.rstrip(b" \t")  # section 5.1
        if not colon or not name:
            raise HeaderRefused(b"", number, "has no name" if colon else "has no colon")
        fields.append(_Field(name, _plain(value), number))
    return [field for field in fields if is_name(field.name)]


def _framed(fields: list[_Field]) -> list[_Field]:
    """The headers with one length at most. Chunks outdo a length; a length that is repeated counts once (RFC 9112,
    section 6.3)."""
    lengths = [field for field in fields if field.name.lower() == b"content-length"]
    codings = [field for field in fields if field.name.lower() == b"transfer-encoding"]
    others = [field for field in fields if field not in lengths and (field not in codings or field.value)]
    if not lengths or any(field.value for field in codings):
        return others
    first = lengths[0]
    values = {value.strip() for field in lengths for value in field.value.split(b",")}
    if len(values) > 1:
        raise HeaderRefused(first.name, lengths[-1].line, "comes with different values")
    length = values.pop()
    if not length.isdigit() or len(length) > _MOST_DIGITS:
        raise HeaderRefused(first.name, first.line, "is no number of bytes")
    return [*others, _Field(first.name, length, first.line)]


def _plain(value: bytes) -> bytes:
    return value.translate(_CONTROLS).strip(b" \t")
