"""`eev-webhooks audit …`: verifies the audit log, on a server if a URL is given, and otherwise in the database of the
settings.
"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli import local_access, remote_access
from app.cli.access import RemoteKey, RemoteUrl, WorkspaceId
from app.cli.failures import REFUSED
from app.cli.loop import run_to_end
from app.cli.output import AsJson, print_json

if TYPE_CHECKING:
    from app.access.audit_chain import Head
    from app.access.verify_audit import Verdict

audit = typer.Typer(
    help="Verify the audit log, on a server if a URL is given and otherwise in the local database.",
    no_args_is_help=True,
)


@audit.callback()
def _describe() -> None:
    pass


@audit.command()
def verify(
    head: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBER:HASH",
            help="A head that this command printed earlier: no entry up to it may have changed or gone since.",
        ),
    ] = None,
    workspace: WorkspaceId = None,
    url: RemoteUrl = None,
    key: RemoteKey = "",
    as_json: AsJson = False,
) -> None:
    """Verify that no entry of the audit log was changed, deleted or added beside it, and print the log's head.

    Each entry carries the hash of the one before. The first entry that does not fit is named, with exit code 1. Keep
    the head elsewhere: given as --head later, it also reveals that the last entries were cut off, or that the whole log
    was rewritten.
    """
    noted = None if head is None else _head(head)
    if url is None:
        verdict = run_to_end(local_access.verify_audit(workspace, noted))
    else:
        verdict = run_to_end(remote_access.verify_audit(url, key, workspace, noted))
    print_json(_fields(verdict)) if as_json else _say(verdict)
    if verdict.finding is not None:
        if not as_json:
            typer.echo(verdict.finding.message, err=True)
        raise typer.Exit(REFUSED)


def _head(text: str) -> "Head":
    from app.access.audit_chain import Head

    number, colon, hash_ = text.partition(":")
    if not (colon and number.isdecimal() and int(number) and len(hash_) == 64):
        raise typer.BadParameter(
            "write it as `audit verify` prints it: a number, a colon and 64 hexadecimal digits.", param_hint="--head"
        )
    return Head(int(number), hash_.lower())


def _fields(verdict: "Verdict") -> dict[str, Any]:
    finding, chain = verdict.finding, verdict.chain
    return {
        "head": f"{chain.head.number}:{chain.head.hash}" if chain.head.number else None,
        "entries": chain.head.number - chain.expired.number,
        "expired": chain.expired.number,
        "notedHasExpired": verdict.noted_has_expired,
        "finding": finding and {"kind": finding.harm, "number": finding.number, "message": finding.message},
    }


def _say(verdict: "Verdict") -> None:
    chain = verdict.chain
    if verdict.noted_has_expired:
        typer.echo("The noted head is older than all entries that are left, so it cannot be compared.", err=True)
    if verdict.finding is not None:
        return
    kept = chain.head.number - chain.expired.number
    expired = f" Entries 1 to {chain.expired.number} have expired." if chain.expired.number else ""
    typer.echo(f"{kept} {'entry' if kept == 1 else 'entries'}, each as it was written.{expired}")
    if chain.head.number:
        typer.echo(f"Head  {chain.head.number}:{chain.head.hash}")
