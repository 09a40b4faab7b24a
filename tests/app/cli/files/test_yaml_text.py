"""YAML as JSON values with their lines, and back."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from app.cli.files.yaml_text import BadYaml, read, written

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_what_is_written_reads_as_the_same(value: Any) -> None:
    text = written(value)

    assert read(text.encode()).value == value
    assert repr(read(text.encode()).value) == repr(value)  # 1 and true are equal to Python


@given(st.text("0123456789:.-+_eExXoOyYnNaAfF~ =<", max_size=6))
def test_a_text_is_one_for_tools_that_read_yaml_1_1_too(text: str) -> None:
    assert yaml.safe_load(written({"name": text})) == {"name": text}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("name: no", "no"),
        ("name: on", "on"),
        ("name: 2026-11-30", "2026-11-30"),
        ("name: 12:30", "12:30"),
        ("name: true", True),
        ("name: 1e3", 1000.0),
        ("name:", None),
        ('{"name": "caf\\u00e9"}', "café"),
        ("name: |\n  one\n  two\n", "one\ntwo\n"),
        ("a: &a [1]\nname: *a", [1]),
    ],
)
def test_texts_that_yaml_1_1_takes_for_something_else_stay_texts(text: str, value: Any) -> None:
    assert read(text.encode()).value["name"] == value


def test_every_value_has_its_line_and_a_missing_one_that_of_what_is_around_it() -> None:
    document = read(
        b"webhooks:\n  - name: Desk\n    headers:\n      - name: X-A\n        value: a\n  - name: Billing\n"
    )

    assert document.line(("webhooks", 0, "name")) == 2
    assert document.line(("webhooks", 0, "headers", 0, "value")) == 5
    assert document.line(("webhooks", 1)) == 6
    assert document.line(("webhooks", 1, "url")) == 6
    assert document.line(("nothing",)) == 1


@pytest.mark.parametrize(
    ("content", "line", "why"),
    [
        (b"a: 1\nb: [1, }\n", 2, "This is no YAML: "),
        (b"a: 1\n a: 2\n", 2, "This is no YAML: "),
        (b"a: 1\nb: 2\na: 3\n", 3, 'The field "a" is there twice, first in line 1.'),
        (b"a: 1\nb: !python/object:os.system x\n", 2, "The value x cannot be read."),
        (b"a: !!int many\n", 1, "The value many cannot be read."),
        (b"a: 1\nb: !set {x}\n", 2, "The tag !set has no meaning here."),
        (b"a: 1\n? [b]\n: 2\n", 2, "The name of a field must be a text."),
        (b"a: 1\n---\nb: 2\n", 2, "This is no YAML: "),
        (b"a: *b\n", 1, "This is no YAML: "),
        (b"a: 1\nb: \xff\n", 2, "The file is not UTF-8."),
        (b"a: 1\nb: \x01\n", 2, "There is the control character U+0001."),
        (b"a: &a [*a]\n", 1, "The values are nested too deeply."),
        (b"[" * 5_000, 1, "The values are nested too deeply."),
    ],
)
def test_what_is_no_yaml_says_where_and_why(content: bytes, line: int, why: str) -> None:
    with pytest.raises(BadYaml) as error:
        read(content)

    assert error.value.line == line
    assert str(error.value).startswith(why)
