"""Exports traces by OpenTelemetry, if OTEL_* settings ask for it and the extra `opentelemetry` is installed.

Off, it is None: nothing of OpenTelemetry is imported, and callers do nothing more than compare with None.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from threading import Thread
from typing import TYPE_CHECKING

import structlog

from app.settings import Settings

if TYPE_CHECKING:
    from app.tracing.spans import Tracing

log = structlog.get_logger()

# The last spans are worth a moment; a collector that does not answer is not worth holding up the end.
FLUSH_SECONDS = 5.0


@asynccontextmanager
async def open_tracing(settings: Settings) -> "AsyncIterator[Tracing | None]":
    """What makes spans, exporting the last ones at the end; None if traces are not exported."""
    if not _is_wanted(settings):
        yield None
        return
    try:
        from app.tracing.exporting import provider_of
        from app.tracing.spans import Tracing
    except ModuleNotFoundError as error:
        # The variables may be those of the whole machine, so this is no reason not to start.
        log.warning("tracing.unavailable", error=str(error), remedy="pip install 'eev-webhooks[opentelemetry]'")
        yield None
        return
    provider = provider_of(settings)
    try:
        yield Tracing(provider)
    finally:
        await _within_a_moment(provider.shutdown)


def _is_wanted(settings: Settings) -> bool:
    endpoint = settings.otel_exporter_otlp_traces_endpoint or settings.otel_exporter_otlp_endpoint
    wanted = settings.otel_traces_exporter or ("otlp" if endpoint else "none")
    return wanted != "none" and not settings.otel_sdk_disabled


async def _within_a_moment(block: Callable[[], object]) -> None:
    """Run a blocking function in a thread that does not outlive the process, and wait for at most FLUSH_SECONDS."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()

    def run() -> None:
        try:
            block()
        finally:
            with suppress(RuntimeError):  # nobody waits any longer, and the loop is closed
                loop.call_soon_threadsafe(ended.set)

    Thread(target=run, name="flush traces", daemon=True).start()
    with suppress(TimeoutError):
        await asyncio.wait_for(ended.wait(), FLUSH_SECONDS)
