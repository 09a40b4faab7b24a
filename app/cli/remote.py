"""Options and helpers shared by the commands that talk to a running server: URL, key, time range and paging."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.failures import Refused
from app.cli.profiles.option import key_of, url_of
from app.cli.values import moment

if TYPE_CHECKING:
    from app.cli.api import Api

DEFAULT_URL = "http://127.0.0.1:8000"
Url = Annotated[
    str,
    typer.Option(envvar="EEV_WEBHOOKS_URL", help="URL of the server.", show_default=True, callback=url_of),
]
Key = Annotated[
    str,
    typer.Option(envvar="EEV_WEBHOOKS_KEY", help="API key of the server.", show_default=False, callback=key_of),
]
Since = Annotated[
    datetime | None,
    typer.Option(
        parser=moment,
        metavar="TIME",
        help="Start of the time range: a date (midnight UTC), a time with its offset, or an age such as 30m, 24h, 7d.",
    ),
]
Until = Annotated[
    datetime | None,
    typer.Option(parser=moment, metavar="TIME", help="End of the time range, in the same forms.", show_default="now"),
]
EventTypes = Annotated[
    list[str] | None,
    typer.Option(
        "--event-type", help='Only these event types, names or patterns such as "ticket.*"; repeat for several.'
    ),
]
Limit = Annotated[int, typer.Option(min=1, help="Maximum number of results.")]

_PAGE = 100


@asynccontextmanager
async def connected(url: str, key: str) -> "AsyncIterator[Api]":
    """The API of a server while the block runs.

    Raises:
        typer.BadParameter: there is no key, or URL or key cannot be used.
    """
    from app.cli.api import Api

    if not key:
        raise typer.BadParameter(
            "give an API key, set EEV_WEBHOOKS_KEY, or store one with `eev-webhooks login`.", param_hint="--key"
        )
    try:
        api = Api(url, key)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    async with api:
        yield api


async def listed(api: "Api", document: str, variables: Mapping[str, Any], limit: int) -> list[dict[str, Any]]:
    """The first nodes of a connection, read page by page. The document's only field is the connection, which takes
    `$first` and `$after`."""
    nodes: list[dict[str, Any]] = []
    after = None
    while len(nodes) < limit:
        first = min(_PAGE, limit - len(nodes))
        [connection] = (await api.ask(document, {**variables, "first": first, "after": after})).values()
        nodes += connection["nodes"]
        if not connection["pageInfo"]["hasNextPage"]:
            break
        after = connection["pageInfo"]["endCursor"]
    return nodes


async def fetch_list(
    url: str, key: str, document: str, variables: Mapping[str, Any], limit: int
) -> list[dict[str, Any]]:
    """The first nodes of a connection of a server, as `listed` reads them."""
    async with connected(url, key) as api:
        return await listed(api, document, variables, limit)


async def fetch_one(url: str, key: str, document: str, noun: str, id_: str) -> dict[str, Any]:
    """What has this ID on a server. The document's only field takes it as `$id`.

    Args:
        noun: what it is, for the refusal.

    Raises:
        Refused: there is none.
    """
    async with connected(url, key) as api:
        [found] = (await api.ask(document, {"id": id_})).values()
    if found is None:
        raise Refused(f"No {noun} has the id {id_}.")
    one: dict[str, Any] = found
    return one


async def change_one(url: str, key: str, document: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The payload of a mutation on a server.

    Raises:
        Refused: it was refused.
    """
    async with connected(url, key) as api:
        return await api.change(document, asked)


async def change_each(url: str, key: str, document: str, ids: Sequence[str], done: str) -> list[dict[str, Any]]:
    """The payloads of a mutation that takes an ID, run for each ID.

    Args:
        done: what happened to those that succeeded, as the end of a sentence.

    Raises:
        Refused: at least one was refused; the others are done.
    """
    payloads, refused = [], []
    async with connected(url, key) as api:
        for subject_id in ids:
            try:
                payloads.append(await api.change(document, {"id": subject_id}))
            except Refused as error:
                refused.append(str(error))
    if refused:
        summary = f"\n{len(payloads)} of {len(ids)} are {done}." if len(ids) > 1 else ""
        raise Refused("\n".join(refused) + summary)
    return payloads


def given(**fields: Any) -> dict[str, Any]:
    """The fields that were given, as the API takes them: neither None nor an empty list; times as text."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in fields.items()
        if value is not None and value != []
    }


def cell(value: object) -> str:
    """A value in a table."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return " ".join(map(str, value))
    return "–" if value is None else str(value)
