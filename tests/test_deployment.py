"""What the repository says about installing and deploying is true of the code."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from app.settings import Settings

ROOT = Path(__file__).parent.parent
SETTINGS = {name.upper() for name in Settings.model_fields}
# Known to docker compose alone.
COMPOSE_VARIABLES = {"POSTGRES_PASSWORD", "PUBLISH_ADDRESS", "RABBITMQ_PASSWORD", "WORKERS"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def pinned(file: str) -> dict[str, str]:
    """Return what a requirements file pins: versions by name."""
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / file).read_text(), flags=re.MULTILINE))


def asked_for(project: dict[str, Any], *groups: str) -> Iterator[Requirement]:
    for text in project["project"]["dependencies"]:
        yield Requirement(text)
    for group in groups:
        yield from map(Requirement, project["dependency-groups"][group])


def test_the_example_of_an_env_file_names_only_what_exists() -> None:
    named = set(re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), flags=re.MULTILINE))

    assert named
    assert named - SETTINGS - COMPOSE_VARIABLES == set()


@pytest.mark.parametrize("service", ["api", "migrate", "worker"])
def test_compose_sets_only_settings_that_exist(compose: dict[str, Any], service: str) -> None:
    given = set(compose["services"][service]["environment"])

    assert given
    assert given - SETTINGS == set()


def test_compose_asks_for_no_variable_that_nobody_knows() -> None:
    asked = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text()))

    assert asked - SETTINGS - COMPOSE_VARIABLES == set()


def test_the_image_is_for_production() -> None:
    assert re.search(r"^\s+ENVIRONMENT=production\b", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)


@pytest.mark.parametrize(
    ("file", "groups"), [("requirements.txt", ["build"]), ("requirements-dev.txt", ["build", "dev"])]
)
def test_everything_asked_for_is_pinned_to_a_version_that_fits(
    project: dict[str, Any], file: str, groups: list[str]
) -> None:
    versions = pinned(file)

    for requirement in asked_for(project, *groups):
        version = versions.get(canonicalize_name(requirement.name), "")
        assert version in requirement.specifier, f"{file} has {version or 'nothing'} for {requirement}."


def test_the_server_and_its_tests_use_the_same_versions() -> None:
    runtime, development = pinned("requirements.txt"), pinned("requirements-dev.txt")

    assert runtime.items() <= development.items()


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_every_pin_has_its_hashes_and_no_address(file: str) -> None:
    text = (ROOT / file).read_text()
    entries = re.split(r"^(?=\S)", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE), flags=re.MULTILINE)[1:]

    assert entries
    for entry in entries:
        assert re.match(r"[a-z0-9-]+==[\w.]+ .*--hash=sha256:[0-9a-f]{64}", entry, flags=re.DOTALL), entry
    assert "://" not in text
    assert "--index-url" not in text
