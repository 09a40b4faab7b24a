"""Events from lines of JSON."""

import orjson
import pytest

from app.cli.lines import BadLine, read_lines

LINE = b'{"type": "ticket.created", "data": {}}\n'
OTHER = b'{"type": "ticket.closed", "data": {}}\n'


def keys(*lines: bytes, prefix: str = "file") -> list[str]:
    return [orjson.loads(line.text)["idempotencyKey"] for line in read_lines(lines, prefix)]


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


def test_a_line_stays_as_it_is_written_but_for_its_key() -> None:
    number = b'{ "type": "a.b", "data": {"n": 123456789012345678901234567890} }'
    cloud = b'{"specversion": "1.0", "id": "1"}'

    texts = [line.text for line in read_lines([number, cloud, b"{}"], "file")]

    assert texts[0].startswith(number[:-1] + b',"idempotencyKey":"file:')
    assert texts[1] == cloud
    assert texts[2].startswith(b'{"idempotencyKey":"file:')
