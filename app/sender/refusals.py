"""Why an answer is refused, as exceptions with a sentence that says what is wrong.

    AnswerRefused
    ├── NotHttp             its status line or its chunks cannot be read
    ├── SpeaksHttp2         frames of HTTP/2
    ├── HeaderRefused       one header, which is named
    ├── HeadTooLong         status line and headers together
    ├── TooManyHeaders
    ├── TooMuchFraming      empty chunks, trailers: the answer goes on without content
    └── TooManyInterim      endless interim answers

A sentence repeats nothing of the receiver's data but the name of a header.
"""

import re
from typing import Literal

Part = Literal["status line", "chunks"]

_NOT_HTTP: dict[Part, str] = {
    "status line": "The answer is not HTTP: its status line cannot be read.",
    "chunks": "The body of the answer is not HTTP: its chunks cannot be read.",
}
# RFC 9110, section 5.6.2; no name in use is longer.
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}")


class AnswerRefused(Exception):
    """The received data is not an answer that this server accepts; its text is a sentence for a person."""


class NotHttp(AnswerRefused):
    """The received data cannot be read as an answer."""

    def __init__(self, part: Part) -> None:
        super().__init__(_NOT_HTTP[part])
        self.part = part


class SpeaksHttp2(AnswerRefused):
    """The receiver answers with frames of HTTP/2."""

    def __init__(self) -> None:
        super().__init__("The receiver speaks HTTP/2 only; deliveries use HTTP/1.1.")


class HeaderRefused(AnswerRefused):
    """One header is wrong. `line` counts the lines of the head from 1, the status line; it identifies a header without
    a valid name.
    """

    def __init__(self, name: bytes, line: int, fault: str) -> None:
        which = f"header {name.decode('ascii')}" if is_name(name) else f"header in line {line}"
        super().__init__(f"The answer cannot be read: its {which} {fault}.")


class HeadTooLong(AnswerRefused):
    """The status line and the headers are longer than any receiver's should be."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"The answer breaks a limit: its status line and headers take more than {limit // 1024} KiB.")


class TooManyHeaders(AnswerRefused):
    """There are more headers than any receiver should send."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"The answer breaks a limit: it has more than {limit:,} headers.")


class TooMuchFraming(AnswerRefused):
    """The answer goes on without content."""

    def __init__(self) -> None:
        super().__init__("The answer breaks a limit: what lies around its body is longer than any body needs.")


class TooManyInterim(AnswerRefused):
    """One interim answer too many."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"The receiver sent more than {limit} interim answers (1xx) and no final one.")


def is_name(name: bytes) -> bool:
    """Whether these bytes can be the name of a header."""
    return _NAME.fullmatch(name) is not None
