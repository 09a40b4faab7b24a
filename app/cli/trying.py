"""`eev-webhooks webhooks test`: one test request with a webhook's stored credentials, step by step."""

from typing import Annotated, Any

import typer

from app.cli.failures import REFUSED
from app.cli.loop import run_to_end
from app.cli.output import AsJson, print_json
from app.cli.remote import DEFAULT_URL, Key, Url, connected, given
from app.cli.values import id_of, json_object
from app.ids import EVENT, WEBHOOK

_TEST = """
mutation ($input: TestWebhookInput!) {
  testWebhook(input: $input) {
    ok
    steps { name ok durationMs detail }
    request { method url headers { name value } body }
    response { status headers { name value } body truncated stored }
    userErrors { message path }
  }
}
"""


def try_webhook(
    webhook_id: Annotated[
        str, typer.Argument(metavar="ID", help="ID of the webhook (wh_…).", callback=id_of("webhook", WEBHOOK))
    ],
    event_id: Annotated[
        str | None,
        typer.Option(
            "--event", metavar="ID", help="Past event to send as it was published.", callback=id_of("event", EVENT)
        ),
    ] = None,
    event_type: Annotated[
        str | None, typer.Option(help="Event type whose example is sent.", show_default="the first that it receives")
    ] = None,
    changes: Annotated[
        str | None,
        typer.Option(metavar="JSON|@FILE", help="Fields of UpdateWebhookInput to try out; they are not saved."),
    ] = None,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Send one test request with a webhook's stored settings and credentials, and print each step.

    Nothing is saved and no delivery is made. Exits with 1 if the receiver did not answer with a 2xx status.
    """
    unsaved = json_object(changes, "--changes")
    asked = given(id=webhook_id, eventId=event_id, eventType=event_type)
    if unsaved:
        asked["changes"] = {**unsaved, "id": webhook_id}
    tested = run_to_end(_tested(url, key, asked))
    if as_json:
        print_json({name: tested[name] for name in ("ok", "steps", "request", "response")})
    else:
        for step in tested["steps"]:
            mark = "ok  " if step["ok"] else "FAIL"
            typer.echo(f"{mark}  {step['name']} after {step['durationMs']:.0f} ms: {step['detail']}")
    if not tested["ok"]:
        raise typer.Exit(REFUSED)


async def _tested(url: str, key: str, asked: dict[str, Any]) -> dict[str, Any]:
    async with connected(url, key) as api:
        return await api.change(_TEST, asked)
