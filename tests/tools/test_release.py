"""A release changes everything that names a version together, or says what prevents it and changes nothing."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from graph.schema import export
from tools.release import ROOT, Sources, disagreements, main, problems, read, released

DAY = date(2026, 11, 30)
READY = Sources(
    pyproject='[project]\nname = "a"\nversion = "0.9.1"\ndescription = "b"\n',
    changelog=(
        "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- A page.\n\n"
        "## [0.9.1] - 2026-10-02\n\n### Fixed\n\n- A fault.\n"
    ),
    schema="type Query { now: Int! }\n",
    released="type Query { before: Int! }\n",
    exported="type Query { now: Int! }\n",
)


def test_a_release_sets_the_version_cuts_the_changelog_and_keeps_the_schema() -> None:
    after = released(READY, "0.10.0", DAY)

    assert problems(READY, "0.10.0") == []
    assert 'version = "0.10.0"\n' in after.pyproject
    assert (
        "## [Unreleased]\n\n## [0.10.0] - 2026-11-30\n\n### Added\n\n- A page.\n\n## [0.9.1] - 2026" in after.changelog
    )
    assert after.released == READY.schema
    assert disagreements(after) == []


@pytest.mark.parametrize("version", ["", "1", "1.0", "v1.0.0", "1.0.0rc1", "01.0.0"])
def test_a_version_is_three_numbers(version: str) -> None:
    assert problems(READY, version) == [f'VERSION is "{version}"; it must be three numbers, such as 1.4.0.']


@pytest.mark.parametrize("version", ["0.9.1", "0.9.0", "0.8.12"])
def test_a_version_is_above_the_one_before(version: str) -> None:
    assert f"VERSION is {version}; it must be above 0.9.1, the one in pyproject.toml." in problems(READY, version)


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (
            {"changelog": READY.changelog.replace("0.9.1", "1.0.0")},
            "CHANGELOG.md has a section [1.0.0] already.",
        ),
        (
            {"changelog": READY.changelog.replace("## [Unreleased]\n", "")},
            "CHANGELOG.md has no section [Unreleased].",
        ),
        (
            {"changelog": READY.changelog.replace("- A page.\n", "")},
            "CHANGELOG.md says nothing under [Unreleased]: there is nothing to release.",
        ),
        (
            {"exported": "type Query { later: Int! }\n"},
            "schema.graphql is not what the code has: run `make schema`, and commit that first.",
        ),
    ],
)
def test_what_stands_in_the_way_of_a_release_is_named(wrong: dict[str, str], problem: str) -> None:
    assert problems(replace(READY, **wrong), "1.0.0") == [problem]


def test_a_changelog_that_names_another_version_or_no_date_is_noticed() -> None:
    other = replace(READY, changelog=READY.changelog.replace("[0.9.1] - 2026-10-02", "[0.9.0]"))

    assert disagreements(other) == [
        "pyproject.toml has the version 0.9.1, and the newest release in CHANGELOG.md is 0.9.0.",
        "The section [0.9.0] of CHANGELOG.md has no date, such as 2026-11-30.",
    ]


def test_here_the_version_and_the_changelog_agree() -> None:
    assert disagreements(read(ROOT)) == []


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A working copy that could be released."""
    (tmp_path / "tests/clients").mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text(READY.pyproject)
    (tmp_path / "CHANGELOG.md").write_text(READY.changelog)
    (tmp_path / "schema.graphql").write_text(export())
    (tmp_path / "tests/clients/released.graphql").write_text(READY.released)
    return tmp_path


def test_the_command_prepares_a_release(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["1.0.0"], copy)

    assert code == 0
    assert "git tag v1.0.0" in capsys.readouterr().out
    assert disagreements(read(copy)) == []
    assert (copy / "tests/clients/released.graphql").read_text() == export()


def test_the_command_changes_nothing_if_something_is_wrong(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = read(copy)

    codes = [main(arguments, copy) for arguments in (["0.9.1"], [])]

    assert codes == [1, 1]
    errors = capsys.readouterr().err
    assert "it must be above 0.9.1" in errors
    assert "Name the version" in errors
    assert read(copy) == before
