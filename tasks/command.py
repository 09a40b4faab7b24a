"""What `dramatiq tasks` needs: a global broker, and resources that open in each worker process.

`eev-webhooks worker` does the same in one process, without forking.
"""

import app.lean_imports  # noqa: F401, I001 - before all others

import logging
from contextlib import AsyncExitStack

import dramatiq
import uvloop
from dramatiq.asyncio import EventLoopThread
from dramatiq.broker import Broker
from dramatiq.middleware import Middleware
from dramatiq.worker import Worker

from app.garbage import keep_what_is_here
from app.logs import configure_logging
from app.open_files import fill_standard_files
from app.settings import SettingsError, load_settings
from tasks.broker import make_broker
from tasks.process import open_resources_for


class ProcessResources(Middleware):
    """Opens this worker process's resources, on an event loop in its own thread, and closes them at the end."""

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        self._loop_thread: EventLoopThread | None = None

    def before_worker_boot(self, broker: Broker, worker: Worker) -> None:  # noqa: ARG002
        """Start the loop, then open. A process that cannot open ends, and its supervisor tries again."""
        loop_thread = EventLoopThread(logging.getLogger(__name__))
        loop_thread.loop.close()
        loop_thread.loop = uvloop.new_event_loop()
        loop_thread.start(timeout=5.0)
        self._loop_thread = loop_thread
        loop_thread.run_coroutine(self._open(broker))
        keep_what_is_here()

    def after_worker_shutdown(self, broker: Broker, worker: Worker) -> None:  # noqa: ARG002
        """Finish or release what is in flight, close, and end the loop."""
        if self._loop_thread is not None:
            self._loop_thread.run_coroutine(self._stack.aclose())
            self._loop_thread.stop()  # type: ignore[no-untyped-call]

    async def _open(self, broker: Broker) -> None:
        await self._stack.enter_async_context(open_resources_for(load_settings(), broker, works=True))


def prepare() -> None:
    """Make the broker named by the settings the global one, and declare the actor on it.

    Raises:
        SettingsError: a setting is wrong.
    """
    settings = load_settings()
    if settings.delivers_itself:
        raise SettingsError(
            ["BROKER_URL is memory://, so the server delivers by itself and there is nothing for a worker to do."]
        )
    fill_standard_files()
    configure_logging(settings)
    dramatiq.set_broker(make_broker(settings.broker_url, [ProcessResources()]))
