"""Shows deliveries live, and resumes after the latest cursor if the connection is lost."""

import asyncio
import contextlib
from typing import Any

import typer

from app.cli.api import Api, Lost
from app.cli.output import print_json
from app.cli.remote import connected
from app.cli.signals import stop_signal

# A restart of the server takes seconds.
PAUSE_SECONDS = 1.0

_FOLLOW = """
subscription ($filter: DeliveryFilter, $after: String) {
  deliveryUpdates(filter: $filter, after: $after) {
    cursor
    gap
    updates {
      cursor
      at
      delivery { id status attemptCount nextAttemptAt event { id type } webhook { id name } }
      attempt { id number outcome durationMs error response { status } }
    }
  }
}
"""


class Tail:
    """Follows deliveries that meet a filter.

    Args:
        asked: the filter; `{}` means all.
        after: the cursor to resume after; None means now.
        as_json: one JSON object per update, instead of a line for people.
    """

    def __init__(self, asked: dict[str, Any], after: str | None, *, as_json: bool) -> None:
        self._filter = asked
        self._after = after
        self._as_json = as_json

    async def run(self, url: str, key: str) -> None:
        """Follow until SIGINT or SIGTERM.

        Raises:
            Refused: the server says no, or there was none to begin with.
        """
        async with stop_signal() as stopped:
            following = asyncio.create_task(self._follow(url, key))
            ending = asyncio.create_task(stopped.wait())
            await asyncio.wait([following, ending], return_when=asyncio.FIRST_COMPLETED)
            for task in (following, ending):
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await following

    async def _follow(self, url: str, key: str) -> None:
        async with connected(url, key) as api:
            while True:
                try:
                    await self._follow_once(api)
                except Lost as error:
                    if self._after is None:  # there never was a server
                        raise
                    typer.echo(f"{error} Connecting again.", err=True)
                await asyncio.sleep(PAUSE_SECONDS)

    async def _follow_once(self, api: Api) -> None:
        """Follow until the server ends it. The first message comes at once."""
        variables = {"filter": self._filter, "after": self._after}
        async with contextlib.aclosing(api.follow(_FOLLOW, variables)) as messages:
            self._show((await anext(messages))["deliveryUpdates"])
            typer.echo("Following; Ctrl-C ends it.", err=True)
            async for message in messages:
                self._show(message["deliveryUpdates"])

    def _show(self, message: dict[str, Any]) -> None:
        if message["gap"]:
            typer.echo("Some updates were missed; `eev-webhooks deliveries list` shows how things are now.", err=True)
        for update in message["updates"]:
            if self._as_json:
                print_json(update)
            elif not _says_too_early(update):
                typer.echo(_line(update))
        self._after = message["cursor"]


def _says_too_early(update: dict[str, Any]) -> bool:
    """Whether the update of a delivery's creation shows it finished already; its attempt has an update of its own."""
    return update["attempt"] is None and update["delivery"]["status"] in {"SUCCEEDED", "FAILED"}


def _line(update: dict[str, Any]) -> str:
    delivery, attempt = update["delivery"], update["attempt"]
    words = [update["at"], delivery["id"], delivery["event"]["type"], "to", delivery["webhook"]["name"]]
    line = f"{' '.join(words)}: {delivery['status']}"
    if attempt is not None:
        answer = attempt["response"]
        what = attempt["error"] or (answer and f"answered {answer['status']}") or attempt["outcome"]
        line += f", attempt {attempt['number']} {what} after {attempt['durationMs']:.0f} ms"
    return line
