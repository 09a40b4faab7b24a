"""`eev-webhooks webhooks …`: lists, creates, pings and rotates webhooks on a running server."""

from typing import Annotated
from urllib.parse import urlsplit

import typer

from app.cli.failures import REFUSED
from app.cli.loop import run_to_end
from app.cli.one_webhook import delete_webhooks, pause_webhooks, resume_webhooks, show_webhook, update_webhook
from app.cli.output import AsJson, print_json, print_table
from app.cli.remote import DEFAULT_URL, Key, Limit, Url, cell, change_one, fetch_list, given
from app.cli.trying import try_webhook
from app.cli.values import completion, id_of, json_object, one_of
from app.ids import WEBHOOK
from app.statuses import AttemptOutcome, WebhookStatus

webhooks = typer.Typer(help="Manage webhooks on a running server.", no_args_is_help=True)
webhooks.command("show")(show_webhook)
webhooks.command("update")(update_webhook)
webhooks.command("pause")(pause_webhooks)
webhooks.command("resume")(resume_webhooks)
webhooks.command("delete")(delete_webhooks)
webhooks.command("test")(try_webhook)

_WebhookId = Annotated[
    str, typer.Argument(metavar="ID", help="ID of the webhook (wh_…).", callback=id_of("webhook", WEBHOOK))
]

_LIST = """
query ($filter: WebhookFilter, $first: Int, $after: String) {
  webhooks(filter: $filter, first: $first, after: $after) {
    nodes { id name url eventTypes status statusReason statusChangedAt createdAt }
    pageInfo { hasNextPage endCursor }
  }
}
"""
_CREATE = """
mutation ($input: CreateWebhookInput!) {
  createWebhook(input: $input) {
    webhook { id name url eventTypes status createdAt }
    secret
    warning
    userErrors { message path }
  }
}
"""
_PING = """
mutation ($input: PingWebhookInput!) {
  pingWebhook(input: $input) {
    delivery { id event { id type } }
    attempt { id outcome durationMs error response { status body } }
    userErrors { message path }
  }
}
"""
_ROTATE = """
mutation ($input: RotateWebhookSecretInput!) {
  rotateWebhookSecret(input: $input) {
    webhook { id secrets { id hint status expiresAt } }
    secret
    userErrors { message path }
  }
}
"""


@webhooks.command("list")
def list_webhooks(
    statuses: Annotated[
        list[WebhookStatus] | None,
        typer.Option(
            "--status",
            parser=one_of(WebhookStatus),
            autocompletion=completion(WebhookStatus),
            metavar="|".join(WebhookStatus),
            help="Only webhooks with this status; repeat for several.",
        ),
    ] = None,
    event_type: Annotated[str | None, typer.Option(help="Only webhooks that receive this event type.")] = None,
    search: Annotated[
        str | None, typer.Option(help="Only webhooks with this text in their name, URL or description.")
    ] = None,
    limit: Limit = 100,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """List webhooks, newest first."""
    asked = given(statuses=statuses, eventType=event_type, search=search)
    found = run_to_end(fetch_list(url, key, _LIST, {"filter": asked}, limit))
    if as_json:
        print_json(found)
    else:
        columns = ("id", "name", "status", "eventTypes", "url", "statusReason")
        print_table(columns, [[cell(webhook[name]) for name in columns] for webhook in found])


@webhooks.command("create")
def create_webhook(
    target: Annotated[str, typer.Argument(metavar="URL", help="URL that requests are sent to.")],
    event_types: Annotated[
        list[str] | None,
        typer.Option(
            "--event-type",
            help='Event type to receive, a name or a pattern such as "ticket.*"; repeat for several.',
            show_default="*",
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the webhook.", show_default="the host of the URL")] = None,
    filter_: Annotated[
        str | None, typer.Option("--filter", help="CEL expression that selects among those events.")
    ] = None,
    secret: Annotated[str | None, typer.Option(help="whsec_… or whsk_….", show_default="a new one")] = None,
    settings: Annotated[
        str | None,
        typer.Option(metavar="JSON|@FILE", help="Further fields of CreateWebhookInput (see schema.graphql)."),
    ] = None,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Create a webhook. Its signing secret is shown only this once."""
    draft = {
        **json_object(settings, "--settings"),
        **given(filter=filter_, secret=secret),
        "url": target,
        "name": name or urlsplit(target).hostname or target,
        "eventTypes": event_types or ["*"],
    }
    created = run_to_end(change_one(url, key, _CREATE, draft))
    if as_json:
        print_json(given(webhook=created["webhook"], secret=created["secret"], warning=created["warning"]))
    else:
        webhook = created["webhook"]
        typer.echo(f"Webhook    {webhook['id']} ({webhook['name']}) for {cell(webhook['eventTypes'])}")
        typer.echo(f"Secret     {created['secret']}\nThe secret is shown only this once; give it to the receiver.")
        if created["warning"]:
            typer.echo(f"Warning: {created['warning']}", err=True)


@webhooks.command("ping")
def ping_webhook(
    webhook_id: _WebhookId,
    event_type: Annotated[
        str | None, typer.Option(help="Event type whose example is sent.", show_default="the first that it receives")
    ] = None,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Send a signed test event now and print the result. Exits with 1 if it did not succeed."""
    pinged = run_to_end(change_one(url, key, _PING, given(id=webhook_id, eventType=event_type)))
    attempt = pinged["attempt"]
    if as_json:
        print_json({"delivery": pinged["delivery"], "attempt": attempt})
    else:
        answer = attempt["response"]
        what = attempt["error"] or f"answered {answer['status']}"
        typer.echo(f"{attempt['outcome']} after {attempt['durationMs']:.0f} ms: {what}")
    if attempt["outcome"] != AttemptOutcome.SUCCEEDED:
        raise typer.Exit(REFUSED)


@webhooks.command("rotate")
def rotate_secret(
    webhook_id: _WebhookId,
    overlap_seconds: Annotated[
        int,
        typer.Option(
            min=0,
            help="How long the old secret continues to sign, in seconds. Secrets already expiring keep their own end.",
        ),
    ] = 86_400,
    secret: Annotated[str | None, typer.Option(help="whsec_… or whsk_….", show_default="a new one")] = None,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Replace a webhook's signing secret. The old secret continues to sign until the overlap ends."""
    asked = given(id=webhook_id, overlapSeconds=overlap_seconds, secret=secret)
    rotated = run_to_end(change_one(url, key, _ROTATE, asked))
    if as_json:
        print_json({"webhook": rotated["webhook"], "secret": rotated["secret"]})
    else:
        typer.echo(f"Secret     {rotated['secret']}\nThe secret is shown only this once; give it to the receiver.")
        for old in rotated["webhook"]["secrets"][1:]:
            typer.echo(f"The old secret, which ends in {old['hint']}, continues to sign until {old['expiresAt']}.")
