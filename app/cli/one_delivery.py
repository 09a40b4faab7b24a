"""`eev-webhooks deliveries show|cancel`: one delivery with its attempts as they went over the wire, and its end."""

import shlex
from typing import Annotated, Any

import typer

from app.cli.failures import Refused
from app.cli.loop import run_to_end
from app.cli.output import AsJson, print_json
from app.cli.remote import DEFAULT_URL, Key, Url, cell, change_each, fetch_one
from app.cli.values import id_of
from app.ids import DELIVERY

_SHOW = """
query ($id: ID!) {
  delivery(id: $id) {
    id status sequence attemptCount nextAttemptAt createdAt completedAt
    event { id type }
    webhook { id name url }
    attempts(last: 100) {
      nodes {
        id number trigger startedAt durationMs outcome error remoteAddress
        request { method url headers { name value } body }
        response { status headers { name value } body truncated stored }
      }
    }
  }
}
"""
_CANCEL = """
mutation ($input: DeliveryIdInput!) {
  cancelDelivery(input: $input) { delivery { id status } userErrors { message path } }
}
"""


def show_delivery(
    delivery_id: Annotated[
        str, typer.Argument(metavar="ID", help="ID of the delivery (dlv_…).", callback=id_of("delivery", DELIVERY))
    ],
    curl: Annotated[
        bool, typer.Option("--curl", help="Print the latest request as a curl command that sends it again.")
    ] = False,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Show a delivery and each of its attempts: request, response and timing, as they went over the wire.

    Credentials are masked as ••••, also with --curl.
    """
    delivery = run_to_end(fetch_one(url, key, _SHOW, "delivery", delivery_id))
    attempts = delivery["attempts"]["nodes"]
    if curl:
        if not attempts:
            raise Refused(f"{delivery_id} has no attempt yet, so there is no request.")
        typer.echo(curl_of(attempts[-1]["request"]))
    elif as_json:
        print_json(delivery | {"attempts": attempts})
    else:
        typer.echo("\n".join([*_head(delivery), *(line for attempt in attempts for line in attempt_lines(attempt))]))


def cancel_deliveries(
    ids: Annotated[
        list[str],
        typer.Argument(metavar="ID…", help="IDs of deliveries (dlv_…).", callback=id_of("delivery", DELIVERY)),
    ],
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Cancel deliveries that have neither succeeded nor failed yet."""
    for payload in run_to_end(change_each(url, key, _CANCEL, ids, "canceled")):
        canceled = payload["delivery"]
        print_json(canceled) if as_json else typer.echo(f"{canceled['id']} is canceled.")


def curl_of(request: dict[str, Any]) -> str:
    """The curl command that sends a request as it was sent."""
    parts = ["curl", "-i", "-X", request["method"], request["url"]]
    for header in request["headers"]:
        if header["name"].lower() not in {"host", "content-length"}:  # curl's own
            parts += ["-H", f"{header['name']}: {header['value']}"]
    if request["body"] is not None:
        parts += ["--data-binary", request["body"]]
    return shlex.join(parts)


def attempt_lines(attempt: dict[str, Any]) -> list[str]:
    """An attempt as a person reads it: `>` before what was sent, `<` before what was received, as curl -v has them."""
    request, response = attempt["request"], attempt["response"]
    address = f" to {attempt['remoteAddress']}" if attempt["remoteAddress"] else ""
    lines = [
        "",
        f"Attempt {attempt['number']} ({attempt['trigger']}) at {attempt['startedAt']}{address}:"
        f" {attempt['outcome']} after {attempt['durationMs']:.0f} ms",
    ]
    if attempt["error"]:
        lines.append(f"  {printable(attempt['error'])}")
    lines.append(f"> {request['method']} {printable(request['url'])}")
    lines += _message(">", request)
    if response is not None:
        lines += [f"< {response['status']}", *_message("<", response)]
        if response["truncated"]:
            lines.append("< … (truncated)")
        if not response["stored"]:
            lines.append("< (headers and body are not stored)")
    return lines


def _head(delivery: dict[str, Any]) -> list[str]:
    event, webhook = delivery["event"], delivery["webhook"]
    fields = {
        "Delivery": f"{delivery['id']} {delivery['status']}",
        "Event": f"{event['id']} {event['type']}",
        "Webhook": f"{webhook['id']} {printable(webhook['name'])} {webhook['url']}",
        "Sequence": cell(delivery["sequence"]),
        "Created": delivery["createdAt"],
        "Completed": cell(delivery["completedAt"]),
        "Next": cell(delivery["nextAttemptAt"]),
    }
    return [f"{name:<10} {value}" for name, value in fields.items()]


def _message(mark: str, message: dict[str, Any]) -> list[str]:
    lines = [f"{header['name']}: {header['value']}" for header in message["headers"]]
    if message["body"]:
        lines += ["", *message["body"].split("\n")]
    return [f"{mark} {printable(line)}".rstrip() for line in lines]


def printable(text: str) -> str:
    """Text of others, in which no escape sequence can move the cursor or recolour the terminal."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)
