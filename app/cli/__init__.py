"""The command-line program `eev-webhooks`. Commands import what they need when they run, so that --help is fast."""

from typing import Annotated, Any

import typer

from app.cli import access, running
from app.cli.audit import audit
from app.cli.contacts import contacts
from app.cli.deliveries import deliveries
from app.cli.demo.command import demo
from app.cli.encryption import rotate_encryption
from app.cli.erase import erase
from app.cli.event_types import event_types
from app.cli.events import events
from app.cli.failures import Commands, Listed
from app.cli.feed import feed
from app.cli.files.commands import apply, export
from app.cli.listen.command import listen
from app.cli.login import list_profiles, login, logout
from app.cli.move import move
from app.cli.operations import operations
from app.cli.problems import problems
from app.cli.profiles.option import add_profile_option
from app.cli.publish import publish
from app.cli.replay import replay
from app.cli.schema import schema
from app.cli.webhooks import webhooks
from app.garbage import collect_seldom
from app.open_files import may_open_many


class _Program(Commands):
    """All commands. Those that talk to a server take `--profile`."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        add_profile_option(self)


program = typer.Typer(
    name="eev-webhooks",
    cls=_Program,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    # Plain help: Rich, with the Markdown and highlighting that typer takes from it, takes longer than all the rest.
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
program.command()(running.serve)
program.command()(running.worker)
program.command()(running.migrate)
program.command()(move)
program.command()(rotate_encryption)
program.command()(schema)
program.add_typer(access.workspaces, name="workspace")
program.add_typer(access.keys, name="key")
program.add_typer(audit, name="audit")
program.add_typer(webhooks, name="webhooks")
program.add_typer(deliveries, name="deliveries")
program.add_typer(events, name="events")
program.add_typer(event_types, name="event-types")
program.add_typer(operations, name="operations")
program.add_typer(contacts, name="contacts")
program.add_typer(problems, name="problems")
program.command()(login)
program.command()(logout)
program.command("profiles")(list_profiles)
program.command()(publish)
program.command()(replay)
program.command()(erase)
program.command()(export)
program.command()(apply)
program.command()(feed)
program.command()(listen)
program.command()(demo)
for group in program.registered_groups:
    group.cls = Listed


def main() -> None:
    """Entry point of the installed program."""
    collect_seldom()
    may_open_many()
    program(prog_name="eev-webhooks")


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(version("eev-webhooks"))
        raise typer.Exit


@program.callback()
def _describe(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Webhook delivery server: published events become signed HTTP requests, retried until they succeed.

    Exit codes: 0 success, 1 refused or failed (stderr says why), 2 wrong usage.
    """
