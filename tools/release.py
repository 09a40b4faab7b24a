"""`make release VERSION=…` changes everything that names a version together, or nothing.

That is the version in pyproject.toml, the section of CHANGELOG.md, and the schema that later releases are compared with
(tests/clients/released.graphql). Nothing is committed, tagged or pushed: a person looks at the changes first.
"""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
_PYPROJECT = "pyproject.toml"
_CHANGELOG = "CHANGELOG.md"
_SCHEMA = "schema.graphql"
_RELEASED = "tests/clients/released.graphql"

_VERSION_LINE = re.compile(r'^version = "([^"]*)"$', re.MULTILINE)
_SECTION = re.compile(r"^## \[([^\]]+)\](.*)\n((?:(?!## \[).*\n?)*)", re.MULTILINE)


@dataclass(frozen=True)
class Sources:
    """The texts of a working copy that name a version, and the schema as the code has it now."""

    pyproject: str
    changelog: str
    schema: str
    released: str
    exported: str


def problems(sources: Sources, version: str) -> list[str]:
    """What prevents a release, one sentence each."""
    wanted, current = _numbers(version), _numbers(current_version(sources.pyproject))
    if wanted is None:
        return [f'VERSION is "{version}"; it must be three numbers, such as 1.4.0.']
    found = []
    if current is None or wanted <= current:
        found.append(
            f"VERSION is {version}; it must be above {current_version(sources.pyproject)}, the one in {_PYPROJECT}."
        )
    sections = {name: text for name, _, text in _SECTION.findall(sources.changelog)}
    if version in sections:
        found.append(f"{_CHANGELOG} has a section [{version}] already.")
    if "Unreleased" not in sections:
        found.append(f"{_CHANGELOG} has no section [Unreleased].")
    elif not re.search(r"^- ", sections["Unreleased"], re.MULTILINE):
        found.append(f"{_CHANGELOG} says nothing under [Unreleased]: there is nothing to release.")
    if sources.schema != sources.exported:
        found.append(f"{_SCHEMA} is not what the code has: run `make schema`, and commit that first.")
    return found


def disagreements(sources: Sources) -> list[str]:
    """Disagreements within a working copy about its last release, one sentence each."""
    version = current_version(sources.pyproject)
    named = [(name, rest) for name, rest, _ in _SECTION.findall(sources.changelog) if name != "Unreleased"]
    newest, dated = named[0] if named else ("none", "")
    found = []
    if newest != version:
        found.append(f"{_PYPROJECT} has the version {version}, and the newest release in {_CHANGELOG} is {newest}.")
    if named and _dated(dated) is None:
        found.append(f"The section [{newest}] of {_CHANGELOG} has no date, such as 2026-11-30.")
    return found


def released(sources: Sources, version: str, day: date) -> Sources:
    """The texts after a release on a day."""
    heading = f"## [Unreleased]\n\n## [{version}] - {day.isoformat()}\n"
    return replace(
        sources,
        pyproject=_VERSION_LINE.sub(f'version = "{version}"', sources.pyproject, count=1),
        changelog=sources.changelog.replace("## [Unreleased]\n", heading, 1),
        released=sources.schema,
    )


def current_version(pyproject: str) -> str:
    """The version in the text of pyproject.toml; "none" if there is none."""
    found = _VERSION_LINE.search(pyproject)
    return found[1] if found else "none"


def read(root: Path) -> Sources:
    """The texts of a working copy."""
    from graph.schema import export

    pyproject, changelog, schema, before = (
        (root / name).read_text(encoding="utf-8") for name in (_PYPROJECT, _CHANGELOG, _SCHEMA, _RELEASED)
    )
    return Sources(pyproject, changelog, schema, before, export())


def write(root: Path, sources: Sources) -> None:
    """Write a release's changes into a working copy."""
    for name, text in (
        (_PYPROJECT, sources.pyproject),
        (_CHANGELOG, sources.changelog),
        (_RELEASED, sources.released),
    ):
        (root / name).write_text(text, encoding="utf-8")


def main(arguments: Sequence[str], root: Path = ROOT) -> int:
    """Prepare a release in a working copy; return the exit code: 1 if something prevents it, which is printed."""
    if len(arguments) != 1:
        print("Name the version: make release VERSION=1.4.0", file=sys.stderr)
        return 1
    [version] = arguments
    sources = read(root)
    if found := problems(sources, version):
        print(*found, sep="\n", file=sys.stderr)
        return 1
    write(root, released(sources, version, datetime.now(UTC).date()))
    print(f'Prepared {version}. Look at `git diff`, then: git commit -am "Release {version}" && git tag v{version}')
    return 0


def _numbers(version: str) -> tuple[int, ...] | None:
    matched = re.fullmatch(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)", version)
    return tuple(map(int, matched.groups())) if matched else None


def _dated(text: str) -> date | None:
    matched = re.fullmatch(r" - (\d{4}-\d{2}-\d{2})", text)
    try:
        return date.fromisoformat(matched[1]) if matched else None
    except ValueError:
        return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
