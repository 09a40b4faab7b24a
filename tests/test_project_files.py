"""What a new contributor reads and runs: links lead somewhere, named tests exist, hooks run what `make check` runs."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_to_files_lead_to_files(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", page.read_text(encoding="utf-8"))

    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_hooks_before_a_commit_are_the_projects_own_targets() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))

    assert [repository["repo"] for repository in config["repos"]] == ["local"]
    assert [hook["entry"] for repository in config["repos"] for hook in repository["hooks"]] == ["make check"]


def named_tests() -> Iterator[tuple[Path, str]]:
    """Files of tests and the sentences of tests in them, as the table of invariants names them; "…" is a gap."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for row in re.findall(r"^\| \d+ \|.*\|$", page, re.MULTILINE):
        for part in row.strip("| ").split("|")[-1].split(" · "):
            files, _, sentences = part.partition(": ")
            folder = ROOT
            for name in re.findall(r"`(test[^`]+)`", files):
                folder = (ROOT / name).parent if "/" in name else folder
                for sentence in re.sub(r"\(.*?\)", "", sentences).split(";"):
                    yield folder / Path(name).name, sentence.strip()


def test_the_tests_that_the_table_of_invariants_names_exist() -> None:
    missing = []
    for path, sentence in named_tests():
        words = [re.sub(r"\W+", "_", words.replace("'", "").lower()).strip("_") for words in sentence.split("…")]
        source = path.read_text(encoding="utf-8") if path.is_file() else ""
        if not path.exists() or not re.search(r"def test_\w*" + r"\w+".join(words), source):
            missing.append(f"{path.relative_to(ROOT)}: {sentence}")

    assert len(list(named_tests())) > 40
    assert missing == []
