"""YAML as text and as JSON values, with the line of every value. Knows no webhook.

Reads the core schema of YAML 1.2: `no` and `on` are texts, and so are dates. JSON is YAML, too. Writes YAML that
versions 1.1 and 1.2 read alike, because other tools read these files as well.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeAlias

import yaml

Path: TypeAlias = tuple[str | int, ...]

_TAG = "tag:yaml.org,2002:"
_SCALARS = {
    "null": (re.compile(r"(?:~|null|Null|NULL|)\Z"), ["~", "n", "N", ""]),
    "bool": (re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"), [*"tTfF"]),
    "int": (re.compile(r"[-+]?[0-9]+\Z"), [*"-+0123456789"]),
    "float": (re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z"), [*"-+.0123456789"]),
}
_READ_AS: dict[str, Callable[[str], Any]] = {
    "str": str,
    "null": lambda _: None,
    "bool": lambda text: text.lower() == "true",
    "int": int,
    "float": float,
}
# Line breaks of YAML 1.1 that other styles do not preserve.
_OTHER_BREAKS = re.compile("[\r\x85\u2028\u2029]")
# Beyond any webhook or schema, and well below Python's own limit.
_MAX_DEPTH = 300


class BadYaml(Exception):
    """A text that is not YAML, or that JSON cannot represent.

    Attributes:
        line: where, counted from 1.
    """

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


class Document(NamedTuple):
    """The contents of a text.

    Attributes:
        value: of objects, lists, texts, numbers, booleans and None.
        lines: the line of each value by its path from the root, which is ().
    """

    value: Any
    lines: dict[Path, int]

    def line(self, path: Path) -> int:
        """The line of a value, or of the nearest existing one around it."""
        while path not in self.lines:
            path = path[:-1]
        return self.lines[path]


def read(content: bytes) -> Document:
    """Read a file's content; an empty one is None.

    Raises:
        BadYaml: it cannot be read.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadYaml("The file is not UTF-8.", content[: error.start].count(b"\n") + 1) from None
    try:
        root = yaml.compose(text, _Loader)
    except yaml.MarkedYAMLError as error:
        raise _unreadable(error) from None
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        raise BadYaml(f"There is the control character U+{ord(text[error.position]):04X}.", line) from None
    except RecursionError:
        raise BadYaml("The values are nested too deeply.", 1) from None
    lines: dict[Path, int] = {(): 1}
    return Document(None if root is None else _value(root, (), lines), lines)


def written(value: Any) -> str:
    """The text of a JSON value, in the order of its fields."""
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return text


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - overrides the resolvers of YAML 1.1


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _text_node(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = '"' if _OTHER_BREAKS.search(text) else "|" if "\n" in text else None
    return dumper.represent_scalar(f"{_TAG}str", text, style=style)


_Dumper.add_representer(str, _text_node)
for _class in (_Loader, _Dumper):
    for _kind, (_pattern, _first) in _SCALARS.items():
        _class.add_implicit_resolver(f"{_TAG}{_kind}", _pattern, _first)


def _unreadable(error: yaml.MarkedYAMLError) -> BadYaml:
    mark = error.problem_mark or error.context_mark
    what = ": ".join(part for part in (error.context, error.problem) if part)
    return BadYaml(f"This is no YAML: {what}.", 1 if mark is None else mark.line + 1)


def _value(node: yaml.Node, path: Path, lines: dict[Path, int]) -> Any:
    lines.setdefault(path, node.start_mark.line + 1)
    if len(path) > _MAX_DEPTH:
        raise BadYaml("The values are nested too deeply.", lines[path])
    match node:
        case yaml.MappingNode(tag="tag:yaml.org,2002:map"):
            return {key: _value(inner, (*path, key), lines) for key, inner in _fields(node, path, lines)}
        case yaml.SequenceNode(tag="tag:yaml.org,2002:seq"):
            return [_value(inner, (*path, index), lines) for index, inner in enumerate(node.value)]
        case yaml.ScalarNode():
            return _scalar(node)
    raise BadYaml(f"The tag {node.tag} has no meaning here.", node.start_mark.line + 1)


def _fields(node: yaml.MappingNode, path: Path, lines: dict[Path, int]) -> Iterator[tuple[str, yaml.Node]]:
    for key, inner in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise BadYaml("The name of a field must be a text.", line)
        if (*path, key.value) in lines:
            raise BadYaml(f'The field "{key.value}" is there twice, first in line {lines[*path, key.value]}.', line)
        lines[*path, key.value] = line
        yield key.value, inner


def _scalar(node: yaml.ScalarNode) -> Any:
    read_as = _READ_AS.get(node.tag.removeprefix(_TAG))
    try:
        if read_as is not None:
            return read_as(node.value)
    except ValueError:  # an explicit tag that does not fit its text, or a number of thousands of digits
        pass
    raise BadYaml(f"The value {node.value[:50]} cannot be read.", node.start_mark.line + 1)
