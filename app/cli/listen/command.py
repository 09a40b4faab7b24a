"""`eev-webhooks listen`: a local receiver for trying webhooks out. With a key, it registers itself at a server."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from app.cli.failures import Refused
from app.cli.loop import run_to_end
from app.cli.profiles.option import key_of_named_profile
from app.cli.remote import DEFAULT_URL, Url

if TYPE_CHECKING:
    from app.cli.listen.forward import Forwarder
    from app.cli.listen.misbehaviour import Misbehaviour
    from app.cli.listen.output import Output
    from app.cli.listen.receiver import Receiver
    from app.cli.listen.registration import Registration

_MISBEHAVING = "Misbehaving"


def listen(
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port to listen on; 0 picks a free one.")] = 9000,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    secrets: Annotated[
        list[str] | None,
        typer.Option(
            "--secret",
            envvar="EEV_WEBHOOKS_SECRET",
            help="Secret or public key (whsec_…, whsk_… or whpk_…); repeat during a rotation.",
            show_default="a new secret, which is printed",
        ),
    ] = None,
    forward_to: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Pass verified requests on to this URL, and give its answers."),
    ] = None,
    event_types: Annotated[
        list[str] | None,
        typer.Option("--event-type", help="Event type to register for; repeat for several.", show_default="*"),
    ] = None,
    public_url: Annotated[
        str | None,
        typer.Option(help="URL under which the server reaches this machine.", show_default="the local address"),
    ] = None,
    url: Url = DEFAULT_URL,
    key: Annotated[
        str,
        typer.Option(
            envvar="EEV_WEBHOOKS_KEY",
            help="API key; with it, a webhook is registered at the server and removed at the end.",
            show_default=False,
            callback=key_of_named_profile,
        ),
    ] = "",
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print one line per request, without its payload.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")] = False,
    status: Annotated[
        int | None, typer.Option(min=200, max=599, help="Answer with this status.", rich_help_panel=_MISBEHAVING)
    ] = None,
    retry_after: Annotated[
        int | None,
        typer.Option(
            min=0, metavar="SECONDS", help="Send Retry-After (with status 503).", rich_help_panel=_MISBEHAVING
        ),
    ] = None,
    delay: Annotated[
        float,
        typer.Option(min=0, metavar="SECONDS", help="Wait this long before answering.", rich_help_panel=_MISBEHAVING),
    ] = 0,
    drip: Annotated[
        bool, typer.Option("--drip", help="Answer one byte per second.", rich_help_panel=_MISBEHAVING)
    ] = False,
    reset: Annotated[
        bool, typer.Option("--reset", help="Reset the connection instead of answering.", rich_help_panel=_MISBEHAVING)
    ] = False,
    hang: Annotated[bool, typer.Option("--hang", help="Never answer.", rich_help_panel=_MISBEHAVING)] = False,
    fail_first: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="Misbehave only for the first N requests.", rich_help_panel=_MISBEHAVING),
    ] = None,
    fail_rate: Annotated[
        float | None,
        typer.Option(
            min=0, max=1, metavar="0…1", help="Misbehave for this share of requests.", rich_help_panel=_MISBEHAVING
        ),
    ] = None,
) -> None:
    """Receive webhooks on this machine, verify their signatures and print each request.

    With --key or --profile, a webhook for this receiver is registered at the server, and removed when the command ends.

    A request with a valid signature is answered with 200, any other with 401. The options under "Misbehaving" make
    requests fail instead, always or sometimes, with 503 unless another failure is chosen.
    """
    from app.cli.listen.misbehaviour import misbehaviour
    from app.cli.listen.output import Output
    from app.cli.listen.registration import Registration

    try:
        told = misbehaviour(
            status=status,
            retry_after_seconds=retry_after,
            drip=drip,
            reset=reset,
            hang=hang,
            fail_first=fail_first,
            fail_rate=fail_rate,
            delay_seconds=delay,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    verifying = secrets or [_new_secret()]
    output = Output(as_json=as_json, quiet=quiet)
    registration = Registration(url, key, event_types or ["*"]) if key else None
    where = _Where(host, port, public_url)
    run_to_end(_listen(_receiving(verifying, told, output, forward_to), where, verifying[0], output, registration))


class _Where(NamedTuple):
    host: str
    port: int
    public_url: str | None


@asynccontextmanager
async def _receiving(
    secrets: Sequence[str], told: "Misbehaviour", output: "Output", forward_to: str | None
) -> "AsyncIterator[Receiver]":
    if forward_to is None:
        yield _receiver(secrets, told, output, None)
        return
    from app.cli.listen.forward import Forwarder

    async with Forwarder(forward_to) as forwarder:
        yield _receiver(secrets, told, output, forwarder)


def _receiver(
    secrets: Sequence[str], told: "Misbehaviour", output: "Output", forwarder: "Forwarder | None"
) -> "Receiver":
    from app.cli.listen.receiver import Receiver
    from app.cli.listen.verdict import Judge
    from app.clock import SystemClock
    from app.signing import InvalidSecret

    try:
        judge = Judge(secrets)
    except InvalidSecret as error:
        raise typer.BadParameter(str(error), param_hint="--secret") from None
    return Receiver(judge, told, SystemClock(), output.delivery, forwarder=forwarder)


async def _listen(
    receiving: "AbstractAsyncContextManager[Receiver]",
    where: _Where,
    secret: str,
    output: "Output",
    registration: "Registration | None",
) -> None:
    from app.cli.listen.output import reachable_url
    from app.cli.signals import stop_signal

    try:
        async with (
            stop_signal() as stopped,
            receiving as receiver,
            receiver.listening(where.host, where.port) as taken,
        ):
            url = where.public_url or reachable_url(where.host, taken)
            async with registration.registered(url, secret) if registration else nullcontext() as webhook_id:
                output.start(url, secret, webhook_id)
                await stopped.wait()
    except OSError as error:
        raise Refused(
            f"{where.host} port {where.port} cannot be listened on: {error.strerror}. Try --port 0."
        ) from None
    output.end()


def _new_secret() -> str:
    from app.signing import new_secret
    from app.statuses import SignatureScheme

    return new_secret(SignatureScheme.HMAC_SHA256)
