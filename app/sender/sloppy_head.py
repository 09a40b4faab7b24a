"""Rewrites the head of an answer that the parser refuses so that it follows the grammar (RFC 9112), if that is
harmless. Pure: bytes in, bytes out.

A receiver with a sloppy framework has the event all the same, and its status says so. Only the end of the body is never
guessed: an answer with two lengths is refused. The caller reads at most one answer after such a head and then closes
the connection, so a wrong end cannot be mistaken for the answer to another request.
"""

import re
from dataclasses import dataclass

from app.sender.refusals import HeaderRefused, is_name

# Lines end in CR LF; LF alone is accepted, too (RFC 9112, section 2.2).
_END = re.compile(rb"\r?\n\r?\n")
# A control character in a value counts as a space (RFC 9110, section 5.5; a bare CR: RFC 9112, section 2.2).
_CONTROLS = bytes(0x20 if code < 0x20 or code == 0x7F else code for code in range(256))
# llhttp counts the bytes of a body in 64 bits.
_MOST_DIGITS = 18


@dataclass(slots=True)
class _Field:
    name: bytes
    value: bytes
    line: int


def end_of_head(received: bytes | bytearray, start: int = 0) -> int:
    """Where the head that begins at `start` ends, including its empty line; -1 if it is not complete."""
    found = _END.search(received, start)
    return found.end() if found else -1


def tidy(head: bytes) -> bytes:
    """Return a head, including its empty line, in the form that the grammar requires.

    Raises:
        HeaderRefused: a header has no name, or it is not certain where the body ends.
    """
    status_line, *lines = [line.removesuffix(b"\r") for line in head.split(b"\n")]
    fields = _framed(_fields(lines))
    status_line = _plain(status_line)
    return b"\r\n".join([status_line, *(b"%b: %b" % (field.name, field.value) for field in fields), b"", b""])


def _fields(lines: list[bytes]) -> list[_Field]:
    """The headers, without those with an invalid name. A folded line is part of the header before it (RFC 9112, section
    5.2), and is dropped if there is none (section 2.2).
    """
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
    """The headers with at most one length. Chunks override a length; a repeated length counts once (RFC 9112, section
    6.3).
    """
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
