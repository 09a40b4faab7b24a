"""An answer is the same in whatever pieces it arrives, and invalid data is refused however it arrives."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sender.answer import AnswerReader, Received
from app.sender.refusals import (
    AnswerRefused,
    HeaderRefused,
    HeadTooLong,
    NotHttp,
    SpeaksHttp2,
    TooManyHeaders,
    TooManyInterim,
    TooMuchFraming,
)
from tests.receiver import head

LENGTH = [("Content-Length", "5")]
CHUNKED = [("Transfer-Encoding", "chunked")]
HELLO = Received(200, [(b"Content-Length", b"5")], b"hello", truncated=False)


def read(data: bytes, cuts: list[int], *, cap: int = 100) -> tuple[AnswerReader, bool]:
    reader = AnswerReader()
    return reader, feed(reader, data, cuts, cap=cap)


def feed(reader: AnswerReader, data: bytes, cuts: list[int], *, cap: int = 100) -> bool:
    reader.expect(cap=cap)
    ends = [0, *sorted({min(cut, len(data)) for cut in cuts}), len(data)]
    whole = False
    for first, last in pairwise(ends):
        if data[first:last] and not whole:
            whole = reader.feed(data[first:last])
    return whole


@given(st.lists(st.integers(0, 80)))
def test_an_answer_is_the_same_in_any_pieces(cuts: list[int]) -> None:
    reader, whole = read(head(103, [("Link", "</a>")]) + head(200, LENGTH) + b"hello", cuts)

    assert whole
    assert reader.received() == HELLO
    assert reader.reusable


@given(st.lists(st.integers(0, 120)))
def test_chunks_and_trailers_are_read_in_any_pieces(cuts: list[int]) -> None:
    reader, whole = read(head(200, CHUNKED) + b"2\r\nhe\r\n3;a=b\r\nllo\r\n0\r\nX-Sum: 1\r\n\r\n", cuts)

    assert whole
    assert reader.received() == Received(200, [(b"Transfer-Encoding", b"chunked")], b"hello", truncated=False)


@given(st.binary(max_size=300), st.lists(st.integers(0, 300)))
def test_whatever_comes_is_an_answer_or_is_refused(data: bytes, cuts: list[int]) -> None:
    try:
        reader, whole = read(b"HTTP/1.1 " + data, cuts)
    except AnswerRefused:
        return
    assert whole or not reader.reusable


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_that_has_no_body_is_whole_without_one_and_what_follows_is_not_read(status: int) -> None:
    reader, whole = read(head(status, LENGTH) + b"hello", [])

    assert whole
    assert (reader.received().status, reader.received().body) == (status, b"")
    assert not reader.reusable


def test_an_answer_without_a_length_ends_with_the_connection() -> None:
    reader, whole = read(head(200) + b"hello", [])

    assert not whole
    assert reader.end()
    assert reader.received().body == b"hello"
    assert not reader.reusable


def test_an_answer_with_a_length_does_not_end_before_it() -> None:
    reader, whole = read(head(200, LENGTH) + b"hell", [])

    assert not whole
    assert not reader.end()


@pytest.mark.parametrize("part", ["HTTP/1.1 200 OK\r\nX: ", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 "])
def test_a_line_without_end_is_refused_before_it_fills_the_memory(part: str) -> None:
    sentence = "The answer breaks a limit: its status line and headers take more than 64 KiB."

    with pytest.raises(HeadTooLong, match=sentence):
        read(part.encode() + b"x" * 1_000_000, list(range(0, 1_000_000, 1_000)))


def test_chunks_that_carry_nothing_are_refused_some_time() -> None:
    pieces = b"1;" + b"x" * 1_000 + b"\r\ny\r\n"

    with pytest.raises(TooMuchFraming):
        read(head(200, CHUNKED) + pieces * 2_000, list(range(0, 2_000_000, 10_000)), cap=1_000_000)


OK = b"HTTP/1.1 200 OK\r\n"
SLOPPY = {
    "a space before a colon": OK + b"Content-Length : 5\r\n\r\nhello",
    "a folded header": OK + b"X: a\r\n  b\r\nContent-Length: 5\r\n\r\nhello",
    "a folded header before any other": OK + b" X: a\r\nContent-Length: 5\r\n\r\nhello",
    "control characters in a value": OK + b"X: a\x01b\0c\rd\r\nContent-Length: 5\r\n\r\nhello",
    "a control character in the reason": b"HTTP/1.1 200 O\rK\r\nContent-Length: 5\r\n\r\nhello",
    "a name that is none": OK + b"X (a): b\r\nContent-Length: 5\r\n\r\nhello",
    "lines that end in LF": b"HTTP/1.1 200 OK\nX: a\nContent-Length: 5\n\nhello",
    "chunks whose lines end in LF": b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n5\nhello\n0\n\n",
    "only chunks whose lines end in LF": head(200, CHUNKED) + b"2\nhe\n3 ;x\nllo\n0\nX : y\n\n",
    "the same Content-Length twice": OK + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    "a list of the same Content-Length": OK + b"Content-Length: 5, 5\r\n\r\nhello",
    "chunks beside a Content-Length": head(200, [*LENGTH, *CHUNKED]) + b"5\r\nhello\r\n0\r\n\r\n",
    "an empty Transfer-Encoding": head(200, [("Transfer-Encoding", ""), *LENGTH]) + b"hello",
    "early hints before it": b"HTTP/1.1 103 E\nLink : </a>\n\nHTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
    "proper early hints before it": head(103, [("Link", "</a>")]) + b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
    "an empty line before it": b"\r\n\nHTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
}


@pytest.mark.parametrize("data", SLOPPY.values(), ids=SLOPPY)
@given(st.lists(st.integers(0, 130)))
def test_a_sloppy_answer_is_read_and_its_connection_is_not_used_again(data: bytes, cuts: list[int]) -> None:
    reader, whole = read(data, cuts)

    assert whole
    assert (reader.status, reader.received().status, reader.received().body) == (200, 200, b"hello")
    assert not reader.reusable


def test_what_is_sloppy_about_a_header_is_put_in_order() -> None:
    reader, _ = read(OK + b"A : 1\r\nB: 2\r\n\t 3\r\nC: 4\x015\r\nContent-Length: 0\r\n\r\n", [])

    assert reader.received().headers == [(b"A", b"1"), (b"B", b"2 3"), (b"C", b"4 5"), (b"Content-Length", b"0")]


def test_a_connection_is_used_again_after_150_headers() -> None:
    reader, whole = read(head(200, [("X-Many", "x")] * 150 + LENGTH) + b"hello", [])

    assert whole
    assert reader.reusable


def test_a_sloppy_answer_without_a_length_ends_with_the_connection() -> None:
    reader, whole = read(b"HTTP/1.1 200 OK\n\nhello", [])

    assert not whole
    assert reader.end()
    assert reader.received().body == b"hello"


def test_the_body_of_a_sloppy_answer_is_cut_off_at_the_cap() -> None:
    reader, whole = read(SLOPPY["chunks whose lines end in LF"], [], cap=3)

    assert whole
    assert (reader.received().body, reader.received().truncated) == (b"hel", True)


_FRAGMENTS = [b"Content-Length: 5", b"Content-Length: 6", b"Transfer-Encoding: chunked", b"Transfer-Encoding:"]
_FRAGMENTS += [
    b"X: y",
    b" ",
    b"\t",
    b":",
    b",",
    b"5",
    b"\r",
    b"\n",
    b"\0",
    b"\xff",
    b"hello",
    b"5\r\nhello\r\n0\r\n\r\n",
]
_FRAGMENTS += [b"\r\n\r\n", b"Connection: close", b"HTTP/1.1 103 E", b"HTTP/1.1 200 OK"]


@given(st.lists(st.sampled_from(_FRAGMENTS + [b"\r\n"] * 10)), st.lists(st.integers(0, 100)))
def test_an_answer_of_any_headers_is_read_the_same_in_any_pieces(fragments: list[bytes], cuts: list[int]) -> None:
    data = OK + b"".join(fragments) + b"\r\n\r\n"

    assert _read_or_refused(data, cuts) == _read_or_refused(data, [])


def _read_or_refused(data: bytes, cuts: list[int]) -> object:
    try:
        reader, whole = read(data, cuts)
    except AnswerRefused as refused:
        return type(refused), str(refused)
    return whole, reader.received() if reader.head_is_whole else None


FRAME_OF_HTTP2 = b"\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64"


@pytest.mark.parametrize(
    ("data", "error", "status", "sentence"),
    [
        (b"220 smtp.example ESMTP\r\n\r\n", NotHttp, None, "The answer is not HTTP: its status line cannot be read."),
        (b"HTTP/1.1 2000 OK\r\n\r\n", NotHttp, None, "The answer is not HTTP: its status line cannot be read."),
        (
            head(200, CHUNKED) + b"no chunk\r\n",
            NotHttp,
            200,
            "The body of the answer is not HTTP: its chunks cannot be read.",
        ),
        (
            head(503, [("Content-Length", "5"), ("Content-length", "6")]),
            HeaderRefused,
            503,
            "The answer cannot be read: its header Content-Length comes with different values.",
        ),
        (
            head(200, [("Content-Length", "five")]),
            HeaderRefused,
            200,
            "The answer cannot be read: its header Content-Length is no number of bytes.",
        ),
        (
            head(200, [("Content-Length", "9" * 30)]),
            HeaderRefused,
            200,
            "The answer cannot be read: its header Content-Length is no number of bytes.",
        ),
        (
            head(201, [("X-A", "x")])[:-2] + b"no header\r\n\r\n",
            HeaderRefused,
            201,
            "The answer cannot be read: its header in line 3 has no colon.",
        ),
        (OK + b": x\r\n\r\n", HeaderRefused, 200, "The answer cannot be read: its header in line 2 has no name."),
        (
            head(200, [("X-Long", "x" * 8190)]),
            HeaderRefused,
            200,
            "The answer cannot be read: its header X-Long is longer than 8190 bytes.",
        ),
        (
            head(200, [("X", "x")] * 1_001),
            TooManyHeaders,
            200,
            "The answer breaks a limit: it has more than 1,000 headers.",
        ),
        (
            head(103) * 17,
            TooManyInterim,
            None,
            "The receiver sent more than 16 interim answers (1xx) and no final one.",
        ),
        (FRAME_OF_HTTP2, SpeaksHttp2, None, "The receiver speaks HTTP/2 only; deliveries use HTTP/1.1."),
    ],
)
@given(cuts=st.lists(st.integers(0, 100)))
def test_what_is_refused_says_what_is_wrong_and_keeps_the_status(
    data: bytes, error: type[AnswerRefused], status: int | None, sentence: str, cuts: list[int]
) -> None:
    reader = AnswerReader()

    with pytest.raises(AnswerRefused) as refused:
        feed(reader, data, cuts)

    assert (type(refused.value), str(refused.value), reader.status) == (error, sentence, status)


@given(st.sampled_from([b"HTTP/1.1 200 OK\nX: ", b"HTTP/1.1 200 OK\n: ", b"HTTP/1.1 200 \r"]))
def test_a_sloppy_head_without_end_is_refused_before_it_fills_the_memory(part: bytes) -> None:
    with pytest.raises(HeadTooLong):
        read(part + b"x" * 1_000_000, list(range(0, 1_000_000, 1_000)))


def test_sloppy_chunks_that_carry_nothing_are_refused_some_time() -> None:
    pieces = b"1;" + b"x" * 1_000 + b"\ny\n"

    with pytest.raises(TooMuchFraming):
        read(head(200, CHUNKED) + pieces * 2_000, list(range(0, 2_000_000, 10_000)), cap=1_000_000)


@given(
    st.sampled_from(
        ["HTTP/1.1", "HTTP/1.0", "RTSP/1.0", "ICE/1.0", "ICY", "SIP/2.0", "HTTP/1.2", "http/1.1", "HTTPS/1.1"]
    ),
    st.sampled_from([" ", "  ", "\t", ""]),
    st.from_regex(r"\A[0-9]{1,4}\Z"),
    st.sampled_from(["", " ", " OK", " \xe9"]),
    st.integers(0, 2),
    st.lists(st.integers(0, 200)),
)
def test_only_http_succeeds(protocol: str, space: str, status: str, reason: str, interim: int, cuts: list[int]) -> None:
    line = f"{protocol}{space}{status}{reason}".encode("latin-1")
    try:
        reader, _ = read(head(103, [("Link", "</a>")]) * interim + line + b"\r\nContent-Length: 0\r\n\r\n", cuts)
    except AnswerRefused:
        return
    if reader.head_is_whole and 200 <= reader.received().status < 300:
        assert re.fullmatch(rb"HTTP/1\.[01] 2[0-9]{2}( .*)?", line)


@pytest.mark.parametrize("protocol", ["RTSP/1.0", "ICE/1.0"])
@pytest.mark.parametrize("before", [b"", head(103, [("Link", "</a>")]), b"\r\n"])
@given(st.lists(st.integers(0, 80)))
def test_other_protocols_are_refused(protocol: str, before: bytes, cuts: list[int]) -> None:
    with pytest.raises(NotHttp) as refused:
        read(before + f"{protocol} 200 OK\r\nContent-Length: 0\r\n\r\n".encode(), cuts)

    assert refused.value.part == "status line"
