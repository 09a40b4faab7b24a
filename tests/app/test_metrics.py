"""What a process counts is what it exposes to Prometheus."""

import math
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.metrics import Level, MeasuredAttempt, Metrics
from app.metrics_docs import page
from app.statuses import AttemptOutcome, DeliveryStatus

ROOT = Path(__file__).parents[2]
QUIET = Level(in_flight=0, followers=0, oldest_due_seconds={}, broker_ok=True, updates_ok=True)
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)


def attempt(
    outcome: AttemptOutcome = AttemptOutcome.SUCCEEDED,
    status: DeliveryStatus = DeliveryStatus.SUCCEEDED,
    *,
    duration_ms: float = 1.0,
    waited_us: int | None = 0,
) -> MeasuredAttempt:
    return MeasuredAttempt(outcome, status, duration_ms / 1_000, None if waited_us is None else waited_us / 1_000_000)


def samples(metrics: Metrics, level: Level = QUIET) -> dict[str, float]:
    """Everything exposed, by name and labels as Prometheus writes them."""
    found = {}
    for family in text_string_to_metric_families(metrics.exposition(level).decode()):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def test_every_series_exists_from_the_start() -> None:
    found = samples(Metrics())

    for outcome in AttemptOutcome:
        assert found[f"eev_webhooks_attempts_total{{outcome={outcome}}}"] == 0
    for status in ("SUCCEEDED", "RETRYING", "FAILED"):
        assert found[f"eev_webhooks_deliveries_total{{status={status}}}"] == 0
    for result in ("sent", "retried", "failed"):
        assert found[f"eev_webhooks_contact_messages_total{{result={result}}}"] == 0


def test_attempts_are_counted_by_outcome_and_deliveries_by_where_they_are_left() -> None:
    metrics = Metrics()

    timeouts = [attempt(AttemptOutcome.TIMEOUT, status) for status in (DeliveryStatus.RETRYING, DeliveryStatus.FAILED)]
    metrics.attempted([attempt(), *timeouts])

    found = samples(metrics)
    assert found["eev_webhooks_attempts_total{outcome=SUCCEEDED}"] == 1
    assert found["eev_webhooks_attempts_total{outcome=TIMEOUT}"] == 2
    assert found["eev_webhooks_deliveries_total{status=SUCCEEDED}"] == 1
    assert found["eev_webhooks_deliveries_total{status=RETRYING}"] == 1
    assert found["eev_webhooks_deliveries_total{status=FAILED}"] == 1


def test_durations_are_in_seconds() -> None:
    metrics = Metrics()

    metrics.attempted([attempt(duration_ms=75.0)])

    found = samples(metrics)
    assert found["eev_webhooks_attempt_duration_seconds_sum"] == pytest.approx(0.075)
    assert found["eev_webhooks_attempt_duration_seconds_bucket{le=0.05}"] == 0
    assert found["eev_webhooks_attempt_duration_seconds_bucket{le=0.1}"] == 1


def test_the_delay_from_publishing_is_that_of_first_attempts() -> None:
    metrics = Metrics()

    metrics.attempted([attempt(waited_us=250_000)])
    metrics.attempted([attempt(waited_us=None)])

    found = samples(metrics)
    assert found["eev_webhooks_first_attempt_delay_seconds_count"] == 1
    assert found["eev_webhooks_first_attempt_delay_seconds_sum"] == pytest.approx(0.25)


def test_batches_show_their_sizes_and_how_much_they_held() -> None:
    metrics = Metrics()

    metrics.published(1)
    metrics.published(100)
    metrics.attempted([attempt()] * 7)
    metrics.claimed(3)

    found = samples(metrics)
    assert found["eev_webhooks_events_published_total"] == 101
    assert found["eev_webhooks_publish_batch_events_count"] == 2
    assert found["eev_webhooks_publish_batch_events_bucket{le=1.0}"] == 1
    assert found["eev_webhooks_record_batch_attempts_sum"] == 7
    assert found["eev_webhooks_claim_batch_deliveries_sum"] == 3


def test_gauges_show_the_present() -> None:
    metrics = Metrics()

    busy = samples(metrics, Level(17, 3, {"ws_1": 12.5, "ws_2": 2.0}, broker_ok=False, updates_ok=False))
    quiet = samples(metrics, QUIET)

    names = ("in_flight_requests", "followers", "queue_age_seconds", "broker_up", "updates_up")
    assert [busy[f"eev_webhooks_{name}"] for name in names] == [17, 3, 12.5, 0, 0]
    assert [quiet[f"eev_webhooks_{name}"] for name in names] == [0, 0, 0, 1, 1]


def test_a_queue_that_cannot_be_looked_at_has_no_age() -> None:
    metrics = Metrics()
    samples(metrics, Level(0, 0, {"ws_1": 5.0}, broker_ok=True, updates_ok=True))

    found = samples(metrics, Level(0, 0, None, broker_ok=True, updates_ok=True, messages_waiting=None))

    assert not any("workspace_queue_age" in name for name in found)
    assert math.isnan(found["eev_webhooks_queue_age_seconds"])
    assert math.isnan(found["eev_webhooks_contact_messages_waiting"])


def test_the_few_workspaces_that_wait_longest_are_named_and_nobody_once_all_is_well() -> None:
    metrics = Metrics()
    ages = {f"ws_{seconds}": float(seconds) for seconds in range(100, 0, -1)} | {"ws_quick": 0.9}

    busy = samples(metrics, Level(0, 0, ages, broker_ok=True, updates_ok=True))
    calm = samples(metrics, Level(0, 0, {"ws_quick": 0.9}, broker_ok=True, updates_ok=True))

    name = "eev_webhooks_workspace_queue_age_seconds"
    assert {key: value for key, value in busy.items() if key.startswith(name)} == {
        f"{name}{{workspace=ws_{seconds}}}": seconds for seconds in range(81, 101)
    }
    assert not any(key.startswith(name) for key in calm)


def test_a_sweep_leaves_its_time() -> None:
    metrics = Metrics()
    assert samples(metrics)["eev_webhooks_sweep_last_run_timestamp_seconds"] == 0

    metrics.swept(NOW)

    assert samples(metrics)["eev_webhooks_sweep_last_run_timestamp_seconds"] == NOW.timestamp()
    assert metrics.last_sweep_at == NOW


def test_two_processes_worth_of_metrics_do_not_mix() -> None:
    one, other = Metrics(), Metrics()

    one.published(5)

    assert samples(other)["eev_webhooks_events_published_total"] == 0


def test_the_process_itself_is_measured_too() -> None:
    found = samples(Metrics())

    assert found["process_resident_memory_bytes"] > 0
    assert found["process_open_fds"] > 0


def test_names_follow_prometheus_conventions() -> None:
    for family in Metrics().registry.collect():
        if family.name.startswith("eev_webhooks_"):
            assert re.fullmatch(r"[a-z_]+", family.name)
            assert re.fullmatch(r"[0-9A-Z].+[.]", family.documentation)
            assert not family.name.endswith("_total")  # the client library adds it to counters


def test_the_page_about_metrics_is_what_the_instruments_say_today() -> None:
    written = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")

    assert written == page(), "It is stale: run python -m app.metrics_docs > docs/metrics.md"


def test_the_page_names_every_metric() -> None:
    named = set(re.findall(r"^\| `(eev_webhooks_[a-z_]+)`", page(), re.MULTILINE))

    level = Level(0, 0, {"ws_1": 1.0}, broker_ok=True, updates_ok=True)
    exposed = {re.sub(r"(_bucket|_sum|_count)?(\{.*\})?$", "", name) for name in samples(Metrics(), level)}
    assert named == {name for name in exposed if name.startswith("eev_webhooks_") and not name.endswith("_created")}
