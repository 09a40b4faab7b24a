"""What deploy/ and docs/operations.md say of metrics, alerts, settings and commands is true of the code."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from typer.main import get_command

from app.cli import program
from app.metrics import Level, Metrics
from app.settings import Settings
from app.statuses import AttemptOutcome, DeliveryStatus

ROOT = Path(__file__).parent.parent
OPERATIONS = (ROOT / "docs/operations.md").read_text()
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((ROOT / "deploy/prometheus/rules.yml").read_text())["groups"]
    for rule in group["rules"]
]
DASHBOARD: dict[str, Any] = json.loads((ROOT / "deploy/grafana/dashboard.json").read_text())
# Added by Prometheus itself to every target.
OF_PROMETHEUS = {"up"}
LABELS_OF_PROMETHEUS = {"job", "instance", "le"}
VALUES: dict[str, set[str]] = {
    "outcome": {outcome.value for outcome in AttemptOutcome},
    "status": {status.value for status in DeliveryStatus},
}
# Upper-case words that are not settings; one names an option of a command.
OTHERS = VALUES["outcome"] | VALUES["status"] | {"MOVE_TO"}


def exposed() -> dict[str, set[str]]:
    """The names of all series that a process exposes, each with its labels."""
    metrics = Metrics()
    metrics.exposition(Level(0, 0, {"ws_1": 1.0}, broker_ok=True, updates_ok=True))
    found: dict[str, set[str]] = {}
    for family in metrics.registry.collect():
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def panels() -> Iterator[dict[str, Any]]:
    for panel in DASHBOARD["panels"]:
        yield panel
        yield from panel.get("panels", [])


def expressions() -> Iterator[Any]:
    for rule in RULES:
        yield pytest.param(rule["expr"], id=rule["alert"])
    for panel in panels():
        for target in panel.get("targets", []):
            # Variables that Grafana replaces before it queries.
            query = target["expr"].replace("$__rate_interval", "1m").replace("$instance", ".*")
            yield pytest.param(query, id=f"{panel['title']} {target['refId']}")


def selectors(query: str) -> list[Any]:
    found: list[Any] = []

    def look(node: Any) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)

    promql_parser.walk(promql_parser.parse(query), pre_visit=look)
    return found


@pytest.mark.parametrize("query", list(expressions()))
def test_alerts_and_panels_ask_for_series_that_exist(query: str) -> None:
    series = exposed()

    asked = selectors(query)

    assert asked
    for selector in asked:
        assert selector.name in series.keys() | OF_PROMETHEUS
        for matcher in selector.matchers.matchers:
            assert matcher.name in series.get(selector.name, set()) | LABELS_OF_PROMETHEUS
            if matcher.name in VALUES:
                assert matcher.value in VALUES[matcher.name]


def test_every_alert_says_what_happened_what_it_means_and_how_much_it_hurries() -> None:
    assert len({rule["alert"] for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert {"summary", "description"} <= rule["annotations"].keys()


def test_the_page_says_what_to_do_about_every_alert_and_knows_no_other() -> None:
    documented = re.findall(r"^\| `(Eev\w+)` \|", OPERATIONS, re.MULTILINE)

    assert documented == [rule["alert"] for rule in RULES]


def test_the_page_says_of_every_alert_how_much_it_hurries() -> None:
    documented = dict(re.findall(r"^\| `(Eev\w+)` \| (\w+) \|", OPERATIONS, re.MULTILINE))

    assert documented == {rule["alert"]: rule["labels"]["severity"] for rule in RULES}


def test_every_panel_has_a_number_and_a_sentence_of_its_own() -> None:
    numbers = [panel["id"] for panel in panels()]

    assert len(set(numbers)) == len(numbers)
    for panel in panels():
        assert panel["type"] == "row" or panel["description"], panel["title"]


def test_every_setting_that_the_page_names_exists() -> None:
    settings = {name.upper() for name in Settings.model_fields}
    named = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)\b", OPERATIONS))

    assert named - settings - OTHERS == set()


def test_defaults_that_the_page_names_are_the_defaults() -> None:
    named = re.findall(r"`([A-Z_]+)` \(([\d,.]+)\)", OPERATIONS)
    table = re.findall(r"^\| `(KEEP_[A-Z_]+)` \| (\d+) \|", OPERATIONS, re.MULTILINE)

    assert len(named) > 5
    assert len(table) == 5
    for name, value in named + table:
        assert float(value.replace(",", "")) == float(Settings.model_fields[name.lower()].default), name


def test_every_metric_and_command_that_the_page_names_exists() -> None:
    metrics = set(re.findall(r"`((?:eev_webhooks|process)_\w+)", OPERATIONS))
    commands = set(re.findall(r"`eev-webhooks ([a-z-]+)`", OPERATIONS))

    families = {re.sub("_bucket$", "", name) for name in exposed()}
    assert metrics
    assert metrics - families == set()
    assert commands
    assert commands - getattr(get_command(program), "commands").keys() == set()  # noqa: B009
