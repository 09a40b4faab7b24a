"""Generates docs/metrics.md from the instruments.

Run it as `python -m app.metrics_docs > docs/metrics.md`.
"""

from prometheus_client import Metric

from app.metrics import Level, Metrics

PREFIX = "eev_webhooks_"
_INTRODUCTION = """\
# Metrics

`GET /metrics` returns metrics in Prometheus's text format. Without `METRICS_TOKEN`, it answers only requests from the
same machine; with it, scrapers send the token as `Authorization: Bearer …`. A worker (`eev-webhooks worker`) answers on
`WORKER_PORT`, if that is set. Each process counts its own work, so add up counters over all servers and workers; the
ages of queues are the same in all of them. The usual `process_…` and `python_gc_…` metrics are there as well.

A scraper that accepts `application/openmetrics-text` gets OpenMetrics, in which the histograms of latencies have
exemplars: the `trace_id` and `span_id` of an attempt whose [trace](traces.md) is sampled. Prometheus stores them with
`--enable-feature=exemplar-storage`.

[Operations](operations.md#metrics-and-alerts) describes which metrics to alert on and how to respond.

This page is generated from `app/metrics.py` by `python -m app.metrics_docs > docs/metrics.md`.

| Metric | Kind | Labels | Description |
|---|---|---|---|
"""


def page() -> str:
    """The whole of docs/metrics.md, as Markdown."""
    metrics = Metrics()
    metrics.exposition(Level(0, 0, {"ws_1": 1.0}, broker_ok=True, updates_ok=True))  # so that every label is seen
    families = [family for family in metrics.registry.collect() if family.name.startswith(PREFIX)]
    return _INTRODUCTION + "".join(_row(family) for family in families)


def _row(family: Metric) -> str:
    name = f"{family.name}_total" if family.type == "counter" else family.name
    labels = sorted({label for sample in family.samples for label in sample.labels} - {"le"})
    said = ", ".join(f"`{label}`" for label in labels)
    return f"| `{name}` | {family.type} | {said} | {family.documentation} |\n"


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 - its purpose
