"""Output of `eev-webhooks listen`: at its start, for each request and at its end."""

import orjson
import typer
from rich.console import Console

from app.cli.listen.misbehaviour import Answer
from app.cli.listen.show import as_json, print_delivery
from app.cli.listen.verdict import Verdict

# What a secret's prefix adds to the mutation.
_SCHEMES = {"whsec": "", "whsk": ", signatureScheme: ED25519"}
_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where to reach it, not where to listen


class Output:
    """Writes to stdout: for people, or one JSON object per line for scripts."""

    def __init__(self, *, as_json: bool, quiet: bool) -> None:
        self._as_json = as_json
        self._quiet = quiet
        self._console = Console(highlight=False)
        self._count = 0
        self._verified = 0

    def start(self, url: str, secret: str, webhook_id: str | None) -> None:
        """Print the address, and the webhook that was registered or the mutation that creates one."""
        mutation = create_webhook(url, secret)
        if self._as_json:
            registered = {} if webhook_id is None else {"webhookId": webhook_id}
            self._line({"kind": "listening", "url": url, "secret": secret, "createWebhook": mutation, **registered})
            return
        self._console.print(f"Listening on [bold]{url}[/]; Ctrl-C ends it.", soft_wrap=True)
        if webhook_id is not None:
            self._console.print(f"Registered as {webhook_id} until then.\n", soft_wrap=True)
        elif mutation is None:
            self._console.print("Point the webhook that has this key here, with updateWebhook(input: {id, url}).\n")
        else:
            self._console.print("A webhook comes here with this mutation:\n")
            typer.echo(mutation + "\n")

    def delivery(self, verdict: Verdict, answer: Answer) -> None:
        """Print one request."""
        self._count += 1
        self._verified += verdict.verified
        if self._as_json:
            typer.echo(as_json(verdict, answer))
        else:
            print_delivery(self._console, verdict, answer, with_body=not self._quiet)

    def end(self) -> None:
        """Print the totals."""
        if self._as_json:
            self._line({"kind": "end", "requests": self._count, "verified": self._verified})
        else:
            requests = "1 request" if self._count == 1 else f"{self._count} requests"
            self._console.print(f"\n{requests} came, {self._verified} of them verified.")

    def _line(self, value: dict[str, object]) -> None:
        typer.echo(orjson.dumps(value).decode())


def create_webhook(url: str, secret: str) -> str | None:
    """The mutation that creates a webhook for a receiver; None for a public key, which a webhook cannot use."""
    scheme = _SCHEMES.get(secret.partition("_")[0])
    if scheme is None:
        return None
    fields = f'name: "Listener at {url}", url: "{url}", eventTypes: ["*"], secret: "{secret}"{scheme}'
    return (
        "mutation {\n"
        f"  createWebhook(input: {{{fields}}}) {{\n"
        "    webhook { id }\n"
        "    userErrors { message path }\n"
        "  }\n"
        "}"
    )


def reachable_url(host: str, port: int) -> str:
    """The URL at which a receiver on an address is reached from this machine."""
    reachable = _ANY_ADDRESS.get(host, host)
    return f"http://[{reachable}]:{port}/" if ":" in reachable else f"http://{reachable}:{port}/"
