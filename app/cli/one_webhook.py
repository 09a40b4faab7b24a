"""`eev-webhooks webhooks show|update|pause|resume|delete`: one webhook on a running server."""

from typing import Annotated, Any

import typer

from app.cli.loop import run_to_end
from app.cli.output import AsJson, print_fields, print_json
from app.cli.remote import DEFAULT_URL, Key, Url, change_each, change_one, fetch_one, given
from app.cli.values import id_of, json_object
from app.ids import WEBHOOK

_Id = Annotated[str, typer.Argument(metavar="ID", help="ID of the webhook (wh_…).", callback=id_of("webhook", WEBHOOK))]
_Ids = Annotated[
    list[str], typer.Argument(metavar="ID…", help="IDs of webhooks (wh_…).", callback=id_of("webhook", WEBHOOK))
]

_FIELDS = """
    id name url description eventTypes filter method contentType timeoutSeconds verifySsl maxInFlight rateLimitPerSecond
    status statusReason statusChangedAt metadata createdAt updatedAt
    headers { name value }
    authentication { kind username }
    retryPolicy { delaysSeconds }
    secrets { id status hint expiresAt }
"""
_SHOW = f"query ($id: ID!) {{ webhook(id: $id) {{ {_FIELDS} }} }}"
_UPDATE = f"""
mutation ($input: UpdateWebhookInput!) {{
  updateWebhook(input: $input) {{ webhook {{ {_FIELDS} }} userErrors {{ message path }} }}
}}
"""
_PAUSE = """
mutation ($input: WebhookIdInput!) {
  pauseWebhook(input: $input) { webhook { id name status } userErrors { message path } }
}
"""
_RESUME = _PAUSE.replace("pauseWebhook", "resumeWebhook")
_DELETE = (
    "mutation ($input: WebhookIdInput!) { deleteWebhook(input: $input) { deletedId userErrors { message path } } }"
)


def show_webhook(webhook_id: _Id, url: Url = DEFAULT_URL, key: Key = "", as_json: AsJson = False) -> None:
    """Show a webhook with all of its settings. Credentials are masked."""
    _print(run_to_end(fetch_one(url, key, _SHOW, "webhook", webhook_id)), as_json=as_json)


def update_webhook(
    webhook_id: _Id,
    name: Annotated[str | None, typer.Option(help="New name.")] = None,
    target: Annotated[str | None, typer.Option("--target", help="New URL that requests are sent to.")] = None,
    event_types: Annotated[
        list[str] | None,
        typer.Option("--event-type", help="Event type to receive instead, a name or a pattern; repeat for several."),
    ] = None,
    filter_: Annotated[
        str | None, typer.Option("--filter", help='New CEL expression that selects events; "" removes it.')
    ] = None,
    settings: Annotated[
        str | None,
        typer.Option(metavar="JSON|@FILE", help="Further fields of UpdateWebhookInput (see schema.graphql)."),
    ] = None,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Change what is given of a webhook, and leave the rest as it is."""
    changes = json_object(settings, "--settings") | given(name=name, url=target, eventTypes=event_types)
    if filter_ is not None:
        changes["filter"] = filter_ or None
    if not changes:
        raise typer.BadParameter("name what to change: --name, --target, --event-type, --filter or --settings.")
    _print(run_to_end(change_one(url, key, _UPDATE, {"id": webhook_id, **changes}))["webhook"], as_json=as_json)


def pause_webhooks(ids: _Ids, url: Url = DEFAULT_URL, key: Key = "", as_json: AsJson = False) -> None:
    """Pause webhooks: their deliveries wait until they are resumed."""
    _print_each(run_to_end(change_each(url, key, _PAUSE, ids, "paused")), as_json=as_json)


def resume_webhooks(ids: _Ids, url: Url = DEFAULT_URL, key: Key = "", as_json: AsJson = False) -> None:
    """Resume webhooks that are paused or disabled."""
    _print_each(run_to_end(change_each(url, key, _RESUME, ids, "resumed")), as_json=as_json)


def delete_webhooks(ids: _Ids, url: Url = DEFAULT_URL, key: Key = "", as_json: AsJson = False) -> None:
    """Delete webhooks and cancel their waiting deliveries. Past deliveries can still be listed."""
    for payload in run_to_end(change_each(url, key, _DELETE, ids, "deleted")):
        deleted = payload["deletedId"]
        print_json({"deletedId": deleted}) if as_json else typer.echo(f"{deleted} is deleted.")


def _print(webhook: dict[str, Any], *, as_json: bool) -> None:
    print_json(webhook) if as_json else print_fields(webhook)


def _print_each(payloads: list[dict[str, Any]], *, as_json: bool) -> None:
    for payload in payloads:
        webhook = payload["webhook"]
        print_json(webhook) if as_json else typer.echo(f"{webhook['id']} ({webhook['name']}) is {webhook['status']}.")
