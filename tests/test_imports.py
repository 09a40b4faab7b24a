"""No module of the product imports itself in a circle, type annotations included."""

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("app", "graph", "tasks")


def modules(root: Path, *packages: str) -> dict[str, Path]:
    """The modules of some packages by name; a package itself is its `__init__`."""
    paths = (path for package in packages for path in (root / package).rglob("*.py"))
    return {".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


def imports(path: Path, known: Mapping[str, Path]) -> Iterator[str]:
    """The known modules that a file imports, anywhere in the file: imports under TYPE_CHECKING count."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            names = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (name if name in known else str(node.module) for name in names)


def circle(known: Mapping[str, Path]) -> list[str]:
    """Modules that each import the one before, with the first repeated at the end; empty if there is no circle."""
    graph = {name: set(imports(path, known)) - {name} for name, path in known.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found
    return []


def test_no_module_imports_itself_in_a_circle() -> None:
    assert circle(modules(ROOT, *PACKAGES)) == []


@pytest.mark.parametrize(
    "back", ["from one.first import A", "import one.first", "if TYPE_CHECKING:\n    from one import first"]
)
def test_a_circle_is_found_however_it_is_written(tmp_path: Path, back: str) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "first.py").write_text("from one.second import B\n")
    (tmp_path / "one" / "second.py").write_text(f"from typing import TYPE_CHECKING\n{back}\n")

    assert set(circle(modules(tmp_path, "one"))) == {"one.first", "one.second"}
