"""`eev-webhooks problems …`: what fails on a running server, by cause, and how to end it."""

from typing import Annotated, Any

import typer

from app.cli.loop import run_to_end
from app.cli.one_delivery import attempt_lines, printable
from app.cli.operations import print_begun
from app.cli.output import AsJson, print_json, print_table
from app.cli.remote import (
    DEFAULT_URL,
    Key,
    Limit,
    Url,
    cell,
    change_each,
    change_one,
    fetch_list,
    fetch_one,
    given,
)
from app.cli.values import completion, id_of, one_of
from app.ids import PROBLEM, WEBHOOK
from app.statuses import ProblemStatus

problems = typer.Typer(help="List, show, acknowledge and retry what fails, by cause.", no_args_is_help=True)

_FIELDS = "id status cause outcome responseStatus failures openedAt lastSeenAt resolvedAt affected { count exact }"
_LIST = f"""
query ($filter: ProblemFilter, $first: Int, $after: String) {{
  problems(filter: $filter, first: $first, after: $after) {{
    nodes {{ {_FIELDS} webhook {{ id name }} }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}
"""
_SHOW = f"""
query ($id: ID!) {{
  problem(id: $id) {{
    {_FIELDS} webhook {{ id name url }}
    example {{
      id number trigger startedAt durationMs outcome error remoteAddress delivery {{ id }}
      request {{ method url headers {{ name value }} body }}
      response {{ status headers {{ name value }} body truncated stored }}
    }}
  }}
}}
"""
_ACKNOWLEDGE = """
mutation ($input: ProblemIdInput!) {
  acknowledgeProblem(input: $input) { problem { id status } userErrors { message path } }
}
"""
_RETRY = """
mutation ($input: RetryDeliveriesInput!) {
  retryDeliveries(input: $input) { matched operation { id status } userErrors { message path } }
}
"""
_ProblemId = Annotated[
    str, typer.Argument(metavar="ID", help="ID of the problem (prb_…).", callback=id_of("problem", PROBLEM))
]


@problems.command("list")
def list_problems(
    webhook: Annotated[
        str | None,
        typer.Option(
            "--webhook", metavar="ID", help="Only problems of this webhook.", callback=id_of("webhook", WEBHOOK)
        ),
    ] = None,
    statuses: Annotated[
        list[ProblemStatus] | None,
        typer.Option(
            "--status",
            parser=one_of(ProblemStatus),
            autocompletion=completion(ProblemStatus),
            metavar="|".join(ProblemStatus),
            help="Only problems with this status; repeat for several.",
            show_default="OPEN and ACKNOWLEDGED",
        ),
    ] = None,
    limit: Limit = 50,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """List problems, newest first; without --status, those that are not resolved."""
    asked = given(webhookId=webhook, statuses=statuses or [ProblemStatus.OPEN, ProblemStatus.ACKNOWLEDGED])
    found = run_to_end(fetch_list(url, key, _LIST, {"filter": asked}, limit))
    if as_json:
        print_json(found)
    else:
        columns = ("id", "webhook", "status", "cause", "affected", "failures", "opened", "last seen")
        print_table(columns, [*map(_row, found)])


@problems.command("show")
def show_problem(problem_id: _ProblemId, url: Url = DEFAULT_URL, key: Key = "", as_json: AsJson = False) -> None:
    """Show a problem with its last failed attempt, as it went over the wire.

    Credentials are masked as ••••.
    """
    problem = run_to_end(fetch_one(url, key, _SHOW, "problem", problem_id))
    if as_json:
        print_json(problem)
    else:
        example = problem["example"]
        typer.echo("\n".join([*_head(problem), *(attempt_lines(example) if example else ())]))


@problems.command("acknowledge")
def acknowledge_problems(
    ids: Annotated[
        list[str],
        typer.Argument(metavar="ID…", help="IDs of problems (prb_…).", callback=id_of("problem", PROBLEM)),
    ],
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Mark open problems as acknowledged, so that others see that somebody looks into them."""
    for payload in run_to_end(change_each(url, key, _ACKNOWLEDGE, ids, "acknowledged")):
        problem = payload["problem"]
        print_json(problem) if as_json else typer.echo(f"{problem['id']} is acknowledged.")


@problems.command("retry")
def retry_problem(
    problem_id: _ProblemId,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count the affected deliveries.")] = False,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Retry all deliveries that a problem affects, in the background."""
    begun = run_to_end(change_one(url, key, _RETRY, {"problemId": problem_id, "dryRun": dry_run}))
    print_begun(begun, as_json=as_json)


def _row(problem: dict[str, Any]) -> list[str]:
    cells = (problem["status"], printable(problem["cause"]), _affected(problem), problem["failures"])
    return [
        problem["id"],
        problem["webhook"]["name"],
        *map(cell, (*cells, problem["openedAt"], problem["lastSeenAt"])),
    ]


def _head(problem: dict[str, Any]) -> list[str]:
    webhook = problem["webhook"]
    fields = {
        "Problem": f"{problem['id']} {problem['status']}",
        "Cause": printable(problem["cause"]),
        "Webhook": f"{webhook['id']} {printable(webhook['name'])} {webhook['url']}",
        "Affected": f"{_affected(problem)} deliveries",
        "Failures": f"{problem['failures']} attempts",
        "Opened": problem["openedAt"],
        "Last seen": problem["lastSeenAt"],
        "Resolved": cell(problem["resolvedAt"]),
    }
    if problem["example"]:
        fields["Example"] = f"{problem['example']['id']} of {problem['example']['delivery']['id']}"
    return [f"{name:<10} {value}" for name, value in fields.items()]


def _affected(problem: dict[str, Any]) -> str:
    affected = problem["affected"]
    return str(affected["count"]) if affected["exact"] else f"over {affected['count']}"
