"""Starts the server: bind, migrate, open, create the first key, serve; stops it in the opposite order."""

import asyncio
import math
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

import structlog
import uvicorn
import uvloop
from starlette.applications import Starlette

from app.access.keys import bootstrap
from app.garbage import keep_what_is_here
from app.logs import configure_logging
from app.open_files import fill_standard_files
from app.resources import Resources
from app.settings import Settings, SettingsError
from app.supervision import supervised
from app.web.application import create_application, create_worker_application
from app.web.certificate import Certificate
from app.web.listening import bound, url_of
from app.web.socket_protocol import AnsweredSockets
from app.web.strangers import StrangersLast
from tasks.process import open_process

log = structlog.get_logger()

PING_SECONDS = 20.0


def print_now(text: str) -> None:
    """Write to stdout at once, also into a pipe; a stdout that cannot be written does not stop the server."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except (OSError, AttributeError) as error:  # AttributeError: the process was started without one.
        log.warning("greeting.lost", error=str(error), hint="`eev-webhooks key create` makes another API key.")
        _discard_stdout()


def _discard_stdout() -> None:
    """Discard stdout's buffer. The interpreter flushes it at its end, and exits with 120 if it cannot."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def serve(
    settings: Settings, greet: Callable[[str], object] = print_now, listener: socket.socket | None = None
) -> None:
    """Run the server until SIGINT or SIGTERM.

    Args:
        greet: called with what a person has to know once it answers.
        listener: listens already; otherwise the server listens where the settings say.

    Raises:
        SettingsError: HOST and PORT, the TLS files, TRUSTED_DOCUMENTS or BOOTSTRAP_API_KEY cannot be used.
        DatabaseUnavailable: the database does not answer.
        SchemaOutdated: the PostgreSQL database lacks migrations.
        AlreadyRunning: another server works on the same SQLite file.
    """
    fill_standard_files()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, greet, listener))


async def _serve(settings: Settings, greet: Callable[[str], object], listener: socket.socket | None) -> None:
    configure_logging(settings)
    # First, because a key that is shown only once must not be created by a server that cannot start.
    certificate = Certificate.of(settings)
    with listener or bound(settings.host, settings.port) as listener:
        async with open_process(settings, works=settings.delivers_itself, migrates=True) as resources:
            application = create_application(resources)
            key = await _first_key(resources)
            url = url_of(listener, "http" if certificate is None else "https")

            def started() -> None:
                log.info("server.started", url=url, environment=settings.environment)
                if settings.in_development:
                    log.warning("server.in_development", hint="Deliveries may go to loopback and over plain http.")
                greet(_greeting(url, key, settings))

            server = Server(application, settings, started, certificate)
            keep_what_is_here()
            await server.serve(sockets=[listener])
    log.info("server.stopped")


async def serve_worker(resources: Resources, port: int) -> None:
    """Answer /health and /metrics for a worker until SIGINT or SIGTERM.

    Raises:
        SettingsError: the port cannot be listened on.
    """
    settings = resources.settings
    with bound(settings.host, port) as listener:
        url = url_of(listener, "http")
        server = Server(create_worker_application(resources), settings, lambda: log.info("worker.started", url=url))
        await server.serve(sockets=[listener])


class Server(uvicorn.Server):
    """Uvicorn, started and stopped within a program that has more to close than Uvicorn knows."""

    def __init__(
        self,
        application: Starlette,
        settings: Settings,
        on_start: Callable[[], None],
        certificate: Certificate | None = None,
    ) -> None:
        super().__init__(_uvicorn_config(application, settings, certificate))
        self._certificate = certificate
        self._closing: asyncio.Event = application.state.closing
        self._on_start = on_start
        self._loop = asyncio.get_running_loop()
        self._told_to_exit = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening, and announce it."""
        await super().startup(sockets)
        self._on_start()

    async def main_loop(self) -> None:
        """Keep the Date header current until the server is asked to exit. Uvicorn's own loop wakes up ten times a
        second to check that, which is half of an idle process's work.
        """
        following = None
        if self._certificate is not None:
            following = asyncio.create_task(supervised("certificate", self._certificate.follow))
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._told_to_exit.wait()
        if following is not None:
            following.cancel()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End streams, then wait for pending requests."""
        log.info("server.stopping")
        self._closing.set()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Stop; a second Ctrl-C stops without waiting for requests.

        Uvicorn's own handler repeats the signal at its end, which would kill the process before the rest is closed.
        """
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True
        # A signal handler may run in the middle of anything.
        self._loop.call_soon_threadsafe(self._told_to_exit.set)


def _uvicorn_config(application: Starlette, settings: Settings, certificate: Certificate | None) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        ssl_context_factory=None if certificate is None else lambda _, __: certificate.context,
        http=StrangersLast.within(settings.request_head_seconds, settings.request_body_seconds),
        h11_max_incomplete_event_size=settings.max_head_bytes,
        ws=AnsweredSockets,
        ws_max_size=settings.max_request_bytes,
        ws_per_message_deflate=settings.socket_compression,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PING_SECONDS,
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,  # `create_application` handles those of trusted proxies.
        server_header=False,
        timeout_graceful_shutdown=max(1, math.ceil(settings.shutdown_seconds)),
        # Tasks that outlive a request must not carry its ID in their log lines.
        reset_contextvars=True,
    )


async def _first_key(resources: Resources) -> str | None:
    try:
        return await bootstrap(resources)
    except ValueError as error:
        raise SettingsError([str(error)]) from None


def _greeting(url: str, key: str | None, settings: Settings) -> str:
    lines = [f"The web page is at {url}{'/dashboard' if settings.dashboard else ''}", f"The API is at {url}/graphql"]
    if key is not None:
        chosen = settings.bootstrap_api_key is not None
        shown = "the key in BOOTSTRAP_API_KEY" if chosen else key
        once = "" if chosen else ", shown only this once; store it safely"
        lines += [f"A workspace was created with an admin API key{once}:", f"    {shown}"]
    return "\n".join(lines) + "\n"
