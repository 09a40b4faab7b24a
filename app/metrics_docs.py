"""Writes docs/metrics.md from the instruments, so that the two cannot disagree.

Run it as `python -m app.metrics_docs > docs/metrics.md`.
"""

from prometheus_client import Metric

from app.metrics import Metrics

PREFIX = "eev_webhooks_"
_INTRODUCTION = """\
# Metrics

`GET /metrics` answers in Prometheus's text format. Without `METRICS_TOKEN` it answers the machine itself only; with it,
scrapers send it as `Authorization: Bearer …`. A worker (`eev-webhooks worker`) answers on `WORKER_PORT`, where that is
set. Each process counts what it does itself, so sums go over all servers and workers; `eev_webhooks_queue_age_seconds`
is the same for all of them. Beside these there are the usual `process_…` and `python_gc_…`.

Worth an alert:

- `eev_webhooks_queue_age_seconds` above a minute: deliveries wait;
- `time() - eev_webhooks_sweep_last_run_timestamp_seconds` above 15 where a process delivers: it hangs;
- `eev_webhooks_broker_up` or `eev_webhooks_updates_up` at 0;
- a falling share of `outcome="SUCCEEDED"` in `rate(eev_webhooks_attempts_total[5m])`.

This page is written from `app/metrics.py` by `python -m app.metrics_docs > docs/metrics.md`.

| Metric | Kind | Labels | What it says |
|---|---|---|---|
"""


def page() -> str:
    """The whole of docs/metrics.md, as Markdown."""
    families = [family for family in Metrics().registry.collect() if family.name.startswith(PREFIX)]
    return _INTRODUCTION + "".join(_row(family) for family in families)


def _row(family: Metric) -> str:
    name = f"{family.name}_total" if family.type == "counter" else family.name
    labels = sorted({label for sample in family.samples for label in sample.labels} - {"le"})
    said = ", ".join(f"`{label}`" for label in labels)
    return f"| `{name}` | {family.type} | {said} | {family.documentation} |\n"


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 - printing is what it is for
