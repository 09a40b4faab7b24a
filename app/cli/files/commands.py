"""`eev-webhooks export` and `apply`: a workspace's webhooks and event types in files, and back."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.failures import Refused
from app.cli.loop import run_to_end
from app.cli.output import AsJson, print_json
from app.cli.remote import DEFAULT_URL, Key, Url, connected
from app.cli.values import Label, label

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.cli.files.plan import Options
    from app.cli.files.step import Step


def export(
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="File to write.", show_default="stdout", dir_okay=False),
    ] = None,
    only: Annotated[
        Label | None,
        typer.Option(
            "--label", parser=label, metavar="NAME=VALUE", help="Only webhooks with this value in their metadata."
        ),
    ] = None,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Write webhooks, contacts, custom event types and archived event types as YAML, which `apply` reads.

    The file has no secrets: credentials are masked as ••••, which `apply` leaves as they are. It has no settings that
    have their defaults either, and nothing that changes by itself.
    """
    content = run_to_end(_exported(url, key, only, as_json=as_json))
    if output is None:
        typer.echo(content, nl=False)
    else:
        output.write_text(content, encoding="utf-8")


def apply(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE…", help="YAML or JSON files, as `export` writes them; - reads stdin.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
    prune: Annotated[
        Label | None,
        typer.Option(
            "--prune",
            parser=label,
            metavar="NAME=VALUE",
            help="Delete webhooks with this value in their metadata that no file names.",
        ),
    ] = None,
    renew: Annotated[
        bool,
        typer.Option("--renew-credentials", help="Also replace credentials that webhooks have already."),
    ] = False,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Make webhooks, event types and contacts what files say, and show what changes. Applying again changes nothing.

    Everything is checked before the first change. What no file names stays as it is.
    """
    from app.cli.files.diff import as_json as step_as_json
    from app.cli.files.diff import diff
    from app.cli.files.plan import Options

    contents = {name if name != "-" else "stdin": _content(name) for name in files}
    options = Options(os.environ, renew, prune)

    def show(steps: "list[Step]") -> None:
        if not as_json:
            typer.echo(diff(steps))

    steps = run_to_end(_apply(url, key, contents, options, show, dry_run=dry_run))
    if as_json:
        print_json({"changes": [step_as_json(step) for step in steps], "applied": not dry_run})
    elif steps:
        typer.echo("Nothing was changed (--dry-run)." if dry_run else "All of it is done.")


def _content(name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"{name} cannot be read: {error.strerror}.", param_hint="FILE") from None


async def _exported(url: str, key: str, only: Label | None, *, as_json: bool) -> str:
    import orjson

    from app.cli.files.exported import exported
    from app.cli.files.server_state import server_state
    from app.cli.files.yaml_text import written

    async with connected(url, key) as api:
        content = exported(await server_state(api, only))
    return f"{orjson.dumps(content).decode()}\n" if as_json else written(content)


async def _apply(
    url: str,
    key: str,
    contents: dict[str, bytes],
    options: "Options",
    show: "Callable[[list[Step]], None]",
    *,
    dry_run: bool,
) -> "list[Step]":
    from app.cli.files.carry_out import carry_out
    from app.cli.files.plan import missing_scopes, plan
    from app.cli.files.server_state import server_state
    from app.cli.files.shape import entries

    found, faults = entries(contents)
    if faults:
        raise Refused("\n".join(map(str, faults)))
    async with connected(url, key) as api:
        state = await server_state(api)
        steps, faults = plan(found, state, options)
        if faults:
            raise Refused("\n".join(map(str, faults)))
        show(steps)
        if not dry_run:
            if missing := missing_scopes(steps, state):
                raise Refused(f"The key lacks {' and '.join(missing)}, so nothing was changed.")
            await carry_out(api, steps)
    return steps
