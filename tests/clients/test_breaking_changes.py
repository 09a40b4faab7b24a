"""Promises of the last release still hold, by @graphql-inspector, unless the changelog says which do not."""

import json
import re
from pathlib import Path

import pytest

from tests.clients.program import HERE, run

ROOT = HERE.parents[1]
# `make release` writes it.
RELEASED = HERE / "released.graphql"
CURRENT = (ROOT / "schema.graphql").read_text(encoding="utf-8")
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
# Event.body, whatever it is described as.
[FIELD] = re.findall(
    r'^type Event implements Node \{\n.*?(  """[^"]+"""\n  body: String!\n)', CURRENT, re.MULTILINE | re.DOTALL
)


async def unannounced(current: Path, changelog: str) -> list[str]:
    """The changes since the last release that break clients and that the changelog does not name."""
    output = await run("node", "programs/breaking.mjs", RELEASED, current)
    breaking = [json.loads(line) for line in output.splitlines()]
    return [change["message"] for change in breaking if f"`{change['path']}`" not in announcements(changelog)]


def announcements(changelog: str) -> str:
    """The changelog's entries for the next release under Removed and Changed."""
    (unreleased,) = re.findall(r"^## \[Unreleased\]\n(.*?)(?=^## |\Z)", changelog, flags=re.MULTILINE | re.DOTALL)
    return "".join(re.findall(r"^### (?:Removed|Changed)\n(.*?)(?=^### |\Z)", unreleased, re.MULTILINE | re.DOTALL))


async def test_clients_of_the_last_release_are_not_broken_unless_the_changelog_says_so() -> None:
    assert await unannounced(ROOT / "schema.graphql", CHANGELOG) == []


@pytest.fixture
def without_a_field(tmp_path: Path) -> Path:
    """A schema that has lost a field."""
    assert FIELD in CURRENT
    schema = tmp_path / "schema.graphql"
    schema.write_text(CURRENT.replace(FIELD, ""), encoding="utf-8")
    return schema


@pytest.mark.parametrize("heading", ["Removed", "Changed"])
async def test_a_field_that_is_gone_is_noticed_until_the_changelog_names_it(
    without_a_field: Path, heading: str
) -> None:
    silent = "## [Unreleased]\n\n### Added\n\n- `Event.body`\n\n## [0.1.0]\n\n### Removed\n\n- `Event.body`\n"
    announced = f"## [Unreleased]\n\n### {heading}\n\n- `Event.body` is gone: read `data`.\n\n## [0.1.0]\n"

    assert await unannounced(without_a_field, silent) == ["Field 'body' was removed from object type 'Event'"]
    assert await unannounced(without_a_field, announced) == []


async def test_what_is_added_breaks_nobody(tmp_path: Path) -> None:
    schema = tmp_path / "schema.graphql"
    schema.write_text(CURRENT.replace(FIELD, FIELD + '  """Its size."""\n  bytes: Int!\n'), encoding="utf-8")

    assert await unannounced(schema, "## [Unreleased]\n") == []
