"""An answer is the same in whatever pieces it comes, and what is no answer is refused however it comes."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sender.answer import AnswerReader, AnswerRefused, LineTooLong, NotHttp, Received, TooMuchFraming
from tests.receiver import head

LENGTH = [("Content-Length", "5")]
CHUNKED = [("Transfer-Encoding", "chunked")]
HELLO = Received(200, [(b"Content-Length", b"5")], b"hello", truncated=False)


def read(data: bytes, cuts: list[int], *, cap: int = 100) -> tuple[AnswerReader, bool]:
    reader = AnswerReader()
    reader.expect(cap=cap)
    ends = [0, *sorted({min(cut, len(data)) for cut in cuts}), len(data)]
    whole = False
    for first, last in pairwise(ends):
        if data[first:last] and not whole:
            whole = reader.feed(data[first:last])
    return reader, whole


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
    with pytest.raises(LineTooLong):
        read(part.encode() + b"x" * 1_000_000, list(range(0, 1_000_000, 1_000)))


def test_chunks_that_carry_nothing_are_refused_some_time() -> None:
    pieces = b"1;" + b"x" * 1_000 + b"\r\ny\r\n"

    with pytest.raises(TooMuchFraming):
        read(head(200, CHUNKED) + pieces * 2_000, list(range(0, 2_000_000, 10_000)), cap=1_000_000)


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (b"220 smtp.example ESMTP\r\n\r\n", "status line"),
        (head(200, [*LENGTH, *CHUNKED]), "headers"),
        (head(200, [("X-Many", "x")] * 101), "headers"),
        (b"HTTP/1.1 200 OK\r\nno header\r\n\r\n", "headers"),
        (head(200, CHUNKED) + b"no chunk\r\n", "chunks"),
    ],
)
def test_what_cannot_be_read_is_said_by_its_part(data: bytes, part: str) -> None:
    with pytest.raises(NotHttp) as refused:
        read(data, [])

    assert refused.value.part == part


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
