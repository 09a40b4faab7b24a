"""Generates docs/configuration.md from the settings.

Run it as `python -m app.settings.docs > docs/configuration.md`.
"""

from textwrap import fill

from pydantic.fields import FieldInfo

from app.settings.fields import Settings
from app.settings.kinds import right_values, said
from app.settings.ports import BLOCKED_PORTS
from app.settings.secret_files import is_secret

_INTRODUCTION = """\
# Configuration

Every setting is an environment variable, or a line `NAME=value` in a file `.env` in the working directory; the
environment takes precedence. Every setting has a default, so the server runs without configuration. An empty variable
counts as not set. The program does not start with an invalid value; the message names the variable, the value and what
would be accepted. Keys and passwords are not shown.

A setting that may hold a key or a password can be read from a file, as Docker and Kubernetes mount secrets:
`NAME_FILE` names a file with the value of `NAME`. A newline at the end does not count.

{secrets}

In production (`ENVIRONMENT=production`, the default of the container image), `ENCRYPTION_KEYS` is required.

`ENVIRONMENT`, `HOST`, `PORT`, `DATA_DIR`, `DATABASE_URL`, `BROKER_URL`, `UPDATES_URL`, `BOOTSTRAP_API_KEY`,
`ENCRYPTION_KEYS`, `ALLOWED_NETWORKS` and `EGRESS_ADDRESSES` keep their names and meanings. The others may change with a
release; CHANGELOG.md then says so.

This page is generated from `app/settings/fields.py` by `python -m app.settings.docs > docs/configuration.md`.

| Variable | Default | Unit | Values | Description | Why |
|---|---|---|---|---|---|
"""


def page() -> str:
    """The whole of docs/configuration.md, as Markdown."""
    rows = "".join(_row(name, field) for name, field in Settings.model_fields.items())
    *others, last = [f"`{name.upper()}_FILE`" for name, field in Settings.model_fields.items() if is_secret(field)]
    introduction = _INTRODUCTION.replace("{secrets}", fill(f"These are {', '.join(others)} and {last}.", width=120))
    return f"{introduction}{rows}\n{_blocked_ports()}"


def _blocked_ports() -> str:
    text = f"By default, BLOCKED_PORTS is {', '.join(map(str, sorted(BLOCKED_PORTS)))}."
    return fill(text, width=120) + "\n"


def _row(name: str, field: FieldInfo) -> str:
    cells = [
        f"`{name.upper()}`",
        _default(field),
        said(field, "unit"),
        right_values(field),
        field.description or "",
        said(field, "why"),
    ]
    return f"| {' | '.join(cells)} |\n"


def _default(field: FieldInfo) -> str:
    if words := said(field, "default"):
        return words
    if field.default in (None, ()):
        return "not set"
    if isinstance(field.default, bool):
        return f"`{str(field.default).lower()}`"
    return f"`{field.default}`"


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 - its purpose
