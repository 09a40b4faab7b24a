"""Events from lines of JSON."""

import pytest

from app.cli.lines import BadLine, Line, batches, read_lines

LINE = b'{"type": "ticket.created", "data": {}}\n'
OTHER = b'{"type": "ticket.closed", "data": {}}\n'


def keys(*lines: bytes, prefix: str = "file") -> list[str]:
    return [line.event["idempotencyKey"] for line in read_lines(lines, prefix)]


def test_each_line_has_a_key_of_its_own_that_is_the_same_every_time() -> None:
    first = keys(LINE, OTHER, LINE)

    assert len(set(first)) == 3
    assert keys(LINE, OTHER, LINE) == first
    assert keys(LINE, b"\n", OTHER, LINE, OTHER)[:3] == first
    assert set(keys(LINE, OTHER, LINE, prefix="another")) & set(first) == set()


def test_a_key_that_is_given_stays() -> None:
    assert keys(b'{"type": "a.b", "data": {}, "idempotencyKey": "mine"}') == ["mine"]


def test_lines_are_numbered_as_editors_do_and_empty_ones_passed_over() -> None:
    assert [line.number for line in read_lines([LINE, b"\n", b"  \r\n", OTHER], "file")] == [1, 4]


@pytest.mark.parametrize(
    ("text", "message"),
    [(b"{", "Line 2 is no JSON: "), (b"[]", "Line 2 is no JSON object; write one"), (b"\xff", "Line 2 is no JSON: ")],
)
def test_a_line_that_is_no_event_is_named(text: bytes, message: str) -> None:
    with pytest.raises(BadLine, match=message):
        list(read_lines([LINE, text], "file"))


def test_batches_are_bounded_by_count_and_by_size() -> None:
    lines = [Line(number, {}, size) for number, size in enumerate([1, 1, 1, 5, 4, 20, 1], 1)]

    found = [[line.number for line in batch] for batch in batches(lines, most=2, most_bytes=9)]

    assert found == [[1, 2], [3, 4], [5], [6], [7]]
