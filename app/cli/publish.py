"""`eev-webhooks publish`: publishes one event on a running server."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.event_types import unknown
from app.cli.loop import run_to_end
from app.cli.output import AsJson, print_json
from app.cli.remote import DEFAULT_URL, Key, Url, connected
from app.cli.values import moment

_EXAMPLE = "query($name: String!) { eventType(name: $name) { example } eventTypes { name } }"
_PUBLISH = """
mutation($input: PublishEventInput!) {
  publishEvent(input: $input) {
    event { id type occurredAt idempotencyKey orderingKey }
    deliveryCount
    duplicate
    userErrors { message path }
  }
}
"""


def publish(
    event_type: Annotated[str, typer.Argument(metavar="TYPE", help="Event type, e.g. ticket.created.")],
    data: Annotated[
        str | None,
        typer.Option(
            metavar="JSON|@FILE|-", help="Data of the event; - reads stdin.", show_default="the type's example"
        ),
    ] = None,
    idempotency_key: Annotated[
        str | None, typer.Option(help="Publishing the same key and data again creates no second event.")
    ] = None,
    ordering_key: Annotated[
        str | None, typer.Option(help="Events with the same key reach a webhook in the order published.")
    ] = None,
    occurred_at: Annotated[
        datetime | None,
        typer.Option(
            parser=moment,
            metavar="TIME",
            help="Time of the event: a date (midnight UTC), a time with its offset, or an age such as 5m.",
            show_default="now",
        ),
    ] = None,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Publish an event on a running server.

    The API key needs PUBLISH. Without --data, the event carries the example of its type, which also needs READ.
    """
    event: dict[str, Any] = {
        "type": event_type,
        "idempotencyKey": idempotency_key,
        "orderingKey": ordering_key,
        "occurredAt": None if occurred_at is None else occurred_at.isoformat(),
    }
    event = {name: value for name, value in event.items() if value is not None}
    if data is not None:
        event["data"] = _data(data)
    published = run_to_end(_publish(url, key, event))
    if as_json:
        print_json({name: published[name] for name in ("event", "deliveryCount", "duplicate")})
    else:
        typer.echo(_sentence(published))


async def _publish(url: str, key: str, event: dict[str, Any]) -> dict[str, Any]:
    async with connected(url, key) as api:
        if "data" not in event:
            event["data"] = await _example(api, event["type"])
        return await api.change(_PUBLISH, event)


async def _example(api: Any, name: str) -> Any:
    found = await api.ask(_EXAMPLE, {"name": name})
    if found["eventType"] is None:
        raise unknown(name, found["eventTypes"])
    return found["eventType"]["example"]


def _data(given: str) -> Any:
    import orjson

    try:
        text = _text(given)
        return orjson.loads(text)
    except OSError as error:
        reason = f"{given[1:]} cannot be read: {error.strerror}."
    except ValueError as error:
        reason = f"this is no JSON: {error}."
    raise typer.BadParameter(reason, param_hint="--data")


def _text(given: str) -> bytes:
    if given == "-":
        return sys.stdin.buffer.read()
    return Path(given[1:]).read_bytes() if given.startswith("@") else given.encode()


def _sentence(published: dict[str, Any]) -> str:
    event, count = published["event"], published["deliveryCount"]
    if published["duplicate"]:
        return f"{event['id']} ({event['type']}) was published before with this key; nothing new was published."
    deliveries = "1 delivery" if count == 1 else f"{count} deliveries"
    return f"{event['id']} ({event['type']}) is published, with {deliveries}."
