"""The server with a publisher that returns at once: what the GraphQL layer can do alone.

Run as `python -m bench.instant_server` with the settings of `eev-webhooks serve`.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import uvloop

from app.access.caller import Caller
from app.access.keys import bootstrap
from app.clock import to_micros
from app.database.migrate import migrate
from app.garbage import keep_what_is_here
from app.group_commit import Commit, EarlyResult
from app.logs import configure_logging
from app.publishing.commit import Published, PublishedEvent
from app.publishing.draft import EventDraft, prepare
from app.publishing.publish import Publisher
from app.publishing.rows import EventRow
from app.resources import Resources
from app.settings import load_settings
from app.web.application import create_application
from app.web.listening import bound
from app.web.serve import Server, print_now
from tasks.process import open_process


class InstantPublisher:
    """Accepts everything and writes nothing."""

    def __init__(self, resources: Resources) -> None:
        draft = EventDraft("bench.lane.n000", {})
        row = EventRow.of("ws", prepare(draft, b"{}", to_micros(resources.clock.now())))
        self._published = PublishedEvent(row, False, 0)
        self._commit = Commit()
        self._commit.end()

    async def publish_early(
        self,
        caller: Caller,  # noqa: ARG002
        drafts: Sequence[EventDraft],
        **_: object,
    ) -> EarlyResult[Published]:
        """The same answer for every event."""
        return EarlyResult(Published(events=[self._published] * len(drafts)), self._commit)


async def _serve() -> None:
    settings = load_settings()
    configure_logging(settings)
    with bound(settings.host, settings.port) as listener:
        await migrate(settings.database_url)
        async with open_process(settings, works=settings.delivers_itself) as resources:
            await bootstrap(resources)
            instant = replace(resources, publisher=cast("Publisher", InstantPublisher(resources)))
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            started = f"The API is at {url}/graphql\n"
            keep_what_is_here()  # as `eev-webhooks serve` does, which makes requests cheaper
            await Server(create_application(instant), settings, lambda: print_now(started)).serve(sockets=[listener])


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve())
