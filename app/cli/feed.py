"""`eev-webhooks feed`: what a webhook was meant to get, by its sequence, as a receiver fetches it."""

import contextlib
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.loop import run_to_end
from app.cli.output import AsJson, print_json
from app.cli.remote import DEFAULT_URL, Key, Url, connected
from app.cli.values import id_of
from app.ids import WEBHOOK

if TYPE_CHECKING:
    from app.cli.api import Api

_PAGE = 100
_WAIT_SECONDS = 20
_PAUSE_SECONDS = 1.0


def feed(
    webhook_id: Annotated[
        str, typer.Argument(metavar="WEBHOOK", help="ID of the webhook (wh_…).", callback=id_of("webhook", WEBHOOK))
    ],
    after: Annotated[int, typer.Option(min=0, help="Print what follows this sequence.")] = 0,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with new events as they are published.")] = False,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Print the events that a webhook was meant to get, by sequence, whether or not they were sent.

    A key with the scope FEED is enough. At the end, stderr says what to give as --after next time.
    """
    run_to_end(_Feed(webhook_id, after, as_json=as_json).run(url, key, follow=follow))


class _Feed:
    def __init__(self, webhook_id: str, after: int, *, as_json: bool) -> None:
        self._webhook_id = webhook_id
        self._after = after
        self._as_json = as_json
        self._connected = False

    async def run(self, url: str, key: str, *, follow: bool) -> None:
        """Print to the end, or until SIGINT or SIGTERM."""
        import asyncio

        from app.cli.signals import stop_signal

        async with connected(url, key) as api, stop_signal() as stopped:
            reading = asyncio.create_task(self._follow(api) if follow else self._read(api))
            ending = asyncio.create_task(stopped.wait())
            await asyncio.wait([reading, ending], return_when=asyncio.FIRST_COMPLETED)
            for task in (reading, ending):
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reading
        typer.echo(f"Next: --after {self._after}", err=True)

    async def _read(self, api: "Api") -> None:
        while (await self._page(api, 0))["end"] > self._after:
            pass

    async def _follow(self, api: "Api") -> None:
        import asyncio

        from app.cli.api import Lost, TryLater

        while True:
            try:
                await self._page(api, _WAIT_SECONDS)
            except (Lost, TryLater) as error:
                if not self._connected:  # there never was a server
                    raise
                typer.echo(f"{error} Trying again.", err=True)
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _page(self, api: "Api", wait_seconds: int) -> dict[str, Any]:
        page = await api.feed(self._webhook_id, after=self._after, first=_PAGE, wait=wait_seconds)
        self._connected = True
        if self._after + 1 < page["expiredBefore"]:
            lost = f"Events before {page['expiredBefore']} may be missing: they were deleted after the retention time."
            typer.echo(lost, err=True)
        for item in page["items"]:
            if self._as_json:
                print_json(item)
            else:
                event = item["event"]
                typer.echo(f"{item['sequence']}  {item['status']}  {event['id']}  {event['type']}")
        self._after = page["next"]
        return page
