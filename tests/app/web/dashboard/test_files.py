"""The files of the dashboard: their size, their permissions, and that generated files are current."""

import re
from collections.abc import Iterator
from pathlib import Path

from app.web.application import create_application
from app.web.dashboard.declarations import current
from app.web.dashboard.operations import HERE, manifest, read_operations
from graph.manifest import read_manifest
from graph.schema import Schema
from tests.app.web.conftest import client_of
from tests.world import World

DOCS = Path(__file__).parents[4] / "docs"
MAX_LINES, MAX_FILE_LINES, MAX_FUNCTION_LINES = 3_500, 250, 30
MAX_WIRE_BYTES, MAX_PICTURE_BYTES = 80_000, 1_500_000
# The line that a function or method begins with; control flow, classes and literals do not.
FUNCTION = re.compile(
    r"^(?P<indent> *)(?!(?:if|for|while|switch|else|return|do|try|class|export class)\b)"
    r"(?:export )?(?:const \w+ = )?(?:async |get |set |static )*(?:function\*? ?)?#?\w*\(.*\) ?(?:=> )?\{$"
)
PARSED = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc")


def scripts() -> dict[Path, str]:
    return {path: path.read_text() for path in HERE.rglob("*.js") if path.name != "operations.js"}


def test_what_is_generated_from_the_schema_is_current() -> None:
    for path, text in current().items():
        assert path.read_text() == text, "It is stale: run python -m app.web.dashboard.declarations"


def test_the_page_stays_small() -> None:
    lines = {path: path.read_text().count("\n") for path in HERE.rglob("*") if path.suffix in {".js", ".css"}}

    assert [path for path, count in lines.items() if count > MAX_FILE_LINES] == []
    assert sum(lines.values()) <= MAX_LINES


def function_lengths(text: str) -> Iterator[tuple[str, int]]:
    """The first line of each function with the number of its lines; the formatted code ends it at its indentation."""
    lines = text.split("\n")
    for start, line in enumerate(lines):
        if found := FUNCTION.match(line):
            end = next(n for n in range(start + 1, len(lines)) if lines[n].startswith(f"{found['indent']}}}"))
            yield line.strip(), end - start + 1


def test_each_function_stays_short() -> None:
    functions = [each for text in scripts().values() for each in function_lengths(text)]

    assert len(functions) > 100
    assert [each for each in functions if each[1] > MAX_FUNCTION_LINES] == []


def test_no_script_has_text_parsed_as_markup_or_code() -> None:
    assert [path for path, text in scripts().items() if PARSED.search(text)] == []


async def test_the_page_comes_from_here_compressed_and_is_kept_until_it_changes(world: World) -> None:
    async with client_of(create_application(world.resources)) as http:
        page = await http.get("/dashboard", headers={"accept-encoding": "gzip"})
        [version] = re.findall(r'src="(dashboard/.*?)/main.js"', page.text)
        names = [path.relative_to(HERE) for path in HERE.rglob("*") if path.suffix in {".js", ".css"}]
        files = [await http.get(f"/{version}/{name}", headers={"accept-encoding": "gzip"}) for name in names]

    assert {file.status_code for file in files} == {200}
    assert {file.headers["cache-control"] for file in files} == {"public, max-age=31536000, immutable"}
    assert sum(int(file.headers["content-length"]) for file in [page, *files]) <= MAX_WIRE_BYTES


async def test_the_page_may_load_and_call_nothing_but_this_server(world: World) -> None:
    async with client_of(create_application(world.resources)) as http:
        policy = (await http.get("/dashboard")).headers["content-security-policy"].split("; ")

    assert {"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'"} <= set(policy)
    assert {"img-src 'self' data:", "require-trusted-types-for 'script'", "frame-ancestors 'none'"} <= set(policy)
    assert "unsafe" not in "".join(policy)


def test_the_operations_are_a_manifest_of_trusted_documents(world: World, tmp_path: Path) -> None:
    import orjson

    path = tmp_path / "manifest.json"
    path.write_bytes(orjson.dumps(manifest(read_operations())))

    trusted = read_manifest(path, Schema(world.resources.settings).documents)

    assert len(trusted) == len(read_operations())


def test_the_documentation_shows_each_screen_in_light_dark_and_narrow() -> None:
    named = set(re.findall(r"\]\((images/dashboard/.*?)\)", (DOCS / "dashboard.md").read_text()))
    pictures = {f"images/dashboard/{path.name}": path.stat().st_size for path in (DOCS / "images/dashboard").iterdir()}

    assert named == pictures.keys()
    assert {name.rsplit("-", 1)[1] for name in named} == {"light.jpg", "dark.jpg", "narrow.jpg"}
    assert sum(pictures.values()) <= MAX_PICTURE_BYTES
