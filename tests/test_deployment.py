"""What the repository says about installing and deploying is true of the code."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from app.settings import Settings
from tests.patience import PATIENCE_SECONDS

ROOT = Path(__file__).parent.parent
SETTINGS = {name.upper() for name in Settings.model_fields}
# Known only to docker compose.
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


def judged_by_the_specification(file: Path) -> "subprocess.CompletedProcess[str]":
    """Validate a file against the compose specification's JSON schema."""
    program = Path(sys.executable).with_name("check-jsonschema")
    command = [str(program), "--builtin-schema", "vendor.compose-spec", str(file)]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)


def test_compose_is_what_the_compose_specification_asks_for(tmp_path: Path) -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    broken = tmp_path / "docker-compose.yml"
    broken.write_text(text.replace("condition: service_healthy", "condition: service_is_healthy"))

    assert judged_by_the_specification(ROOT / "docker-compose.yml").returncode == 0
    assert "service_is_healthy" in judged_by_the_specification(broken).stdout


def test_compose_has_every_part_of_the_distributed_mode_and_some_only_when_asked_for(compose: dict[str, Any]) -> None:
    services = compose["services"]

    profiles = {name: service.get("profiles", []) for name, service in services.items()}
    assert {name for name, asked in profiles.items() if not asked} == {"migrate", "api", "worker", "postgres", "redis"}
    assert {name: asked for name, asked in profiles.items() if asked} == {
        "rabbitmq": ["rabbitmq"],
        "prometheus": ["prometheus"],
    }
    assert services["worker"]["deploy"]["replicas"].startswith("${WORKERS:-2}")
    for name in ("api", "worker"):
        assert services[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    for name in ("postgres", "redis", "rabbitmq", "worker"):
        assert services[name]["healthcheck"]["test"], name
    for name in ("postgres", "redis", "rabbitmq", "prometheus"):
        assert any(volume.split(":")[0] in compose["volumes"] for volume in services[name]["volumes"]), name


def test_compose_gives_an_end_in_good_order_the_time_that_it_takes(compose: dict[str, Any]) -> None:
    allowed = int(compose["services"]["worker"]["stop_grace_period"].removesuffix("s"))

    assert allowed >= 2 * Settings.model_fields["shutdown_seconds"].default


def test_prometheus_scrapes_the_servers_and_workers_of_compose(compose: dict[str, Any]) -> None:
    services, prometheus = compose["services"], compose["services"]["prometheus"]
    scraped = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    files = {entry["target"]: compose["configs"][entry["source"]] for entry in prometheus["configs"]}

    found = {
        name: (job["dns_sd_configs"][0]["port"], job["authorization"]["credentials_file"])
        for job in scraped["scrape_configs"]
        for name in job["dns_sd_configs"][0]["names"]
    }
    token = "/etc/prometheus/metrics_token"
    assert found == {
        "api": (int(services["api"]["environment"]["PORT"]), token),
        "worker": (int(services["worker"]["environment"]["WORKER_PORT"]), token),
    }
    assert files[token] == {"content": "${METRICS_TOKEN:-unset}"}
    assert [f"/etc/prometheus/{name}" in files for name in scraped["rule_files"]] == [True]
    for entry in files.values():
        assert (ROOT / entry.get("file", ".")).exists()


def test_the_image_is_built_in_two_stages_and_runs_as_nobody_in_particular() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()

    stages = [number for number, line in enumerate(lines) if line.startswith("FROM ")]
    last = lines[stages[-1] :]
    assert len(stages) == 2
    assert "USER 10001:10001" in last
    assert last.index("USER 10001:10001") < last.index('ENTRYPOINT ["eev-webhooks"]')
    assert not any(line.startswith("COPY") and "--from=build" not in line for line in last)


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
