"""Writes docs/metrics.md from the instruments, so that the two cannot disagree.

Run it as `python -m app.metrics_docs > docs/metrics.md`.
"""

from prometheus_client import Metric

from app.metrics import Level, Metrics

PREFIX = "eev_webhooks_"
_INTRODUCTION = """\
# Metrics

`GET /metrics` answers in Prometheus's text format. Without `METRICS_TOKEN` it answers the machine itself only; with it,
scrapers send it as `Authorization: Bearer …`. A worker (`eev-webhooks worker`) answers on `WORKER_PORT`, where that is
set. Each process counts what it does itself, so sums go over all servers and workers; the ages of queues are the same
for all of them. Beside these there are the usual `process_…` and `python_gc_…`.

Which of them to alert on, and what to do then, is in [operations](operations.md#metrics-and-alerts).

This page is written from `app/metrics.py` by `python -m app.metrics_docs > docs/metrics.md`.

| Metric | Kind | Labels | What it says |
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
    print(page(), end="")  # noqa: T201 - printing is what it is for
