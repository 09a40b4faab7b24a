"""Explains errors of commands with a sentence that says what to do next.

    Refused   raised by the command itself
    others    of the domain, the database and the network, explained here

Any other exception is a bug, and shows its traceback.
"""

import errno
from typing import Any

import typer
from typer.core import TyperGroup

REFUSED = 1


class Refused(Exception):
    """The command cannot be carried out; the message says why and what would be accepted."""


class Listed(TyperGroup):
    """A group of commands whose help gives the first sentence of each, however long it is."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list; click would cut each sentence to the rest of its line."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([(name, one.get_short_help_str(1_000)) for name, one in commands if one is not None])


class Commands(Listed):
    """A group of commands whose failures are sentences on stderr, with exit code 1."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort, typer.TyperException):
            raise
        except Exception as error:
            sentences = explained(error)
            if sentences is None:
                raise
            typer.echo(sentences, err=True)
            raise typer.Exit(REFUSED) from None


def explained(error: Exception) -> str | None:
    """The explanation of an error; None if it is a bug."""
    if isinstance(error, Refused):
        return str(error)
    if isinstance(error, OSError) and error.errno == errno.EPIPE:
        return None  # the reader of our output has gone: typer ends quietly
    return _explained_by_type(error)


def _explained_by_type(error: Exception) -> str | None:
    # Imported only on failure, to keep commands fast.
    from app.database.errors import DatabaseUnavailable, DatabaseUnsuitable, SchemaOutdated
    from app.encryption import EncryptionError
    from app.errors import Rejected
    from app.settings import SettingsError
    from tasks.embedded import AlreadyRunning

    match error:
        case SettingsError():
            return f"{error}\nSettings come from the environment and .env; docs/configuration.md describes each."
        case DatabaseUnavailable():
            return f"{error} Check that it runs, and that DATABASE_URL is right."
        case Rejected():
            return "\n".join(problem.message for problem in error.problems)
        case DatabaseUnsuitable() | SchemaOutdated() | AlreadyRunning() | EncryptionError():
            return str(error)
        case OSError() if error.filename:
            return f"{error.filename} cannot be used: {error.strerror}."
        case _:
            return None
