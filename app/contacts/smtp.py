"""Hands an email to the mail server of the settings; what it answers is a value, not an exception.

The connection is the operator's choice, so the guard of receivers' addresses does not judge it.
"""

import asyncio
import ssl
from typing import NamedTuple

from app.contacts.outcome import Sent
from app.email_addresses import sender
from app.settings import Settings
from app.statuses import AttemptOutcome
from app.webhooks.credentials import MASK

TIMEOUT_SECONDS = 30.0
# What an address or a message is refused for: an unknown mailbox, a policy. No retry changes it.
_FINAL = range(500, 600)
_MAX_REPLY_CHARACTERS = 300


class _Server(NamedTuple):
    host: str
    port: int
    security: str
    username: str | None
    password: str | None
    envelope_sender: str
    hello: str


class Mailer:
    """Sends through one mail server. `tls` is the context of its connections, by default the system's."""

    def __init__(self, settings: Settings, tls: ssl.SSLContext | None = None) -> None:
        self._server = _server(settings)
        self._tls = tls

    async def send(self, recipient: str, email: bytes) -> Sent:
        """Hand over one email. Raises nothing for failures of the mail server or the network."""
        if self._server is None:
            return Sent(AttemptOutcome.CONNECTION_ERROR, "The server has no mail server (setting SMTP_HOST).")
        sent = await _send(self._server, await self._context(), recipient, email)
        password = self._server.password
        if sent.error is None or password is None:
            return sent
        return sent._replace(error=sent.error.replace(password, MASK))

    async def _context(self) -> ssl.SSLContext:
        if self._tls is None:  # Reading the certificates that the system trusts takes tens of milliseconds.
            self._tls = await asyncio.to_thread(ssl.create_default_context)
        return self._tls


def _server(settings: Settings) -> _Server | None:
    if settings.smtp_host is None or settings.smtp_from is None:
        return None
    of = sender(settings.smtp_from)
    password = settings.smtp_password
    return _Server(
        settings.smtp_host,
        settings.smtp_port,
        settings.smtp_security,
        settings.smtp_username,
        None if password is None else password.get_secret_value(),
        of.addr_spec,
        of.domain,
    )


async def _send(server: _Server, tls: ssl.SSLContext, recipient: str, email: bytes) -> Sent:
    # Not above, because processes that send no email need not load it.
    import aiosmtplib

    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await aiosmtplib.send(
                email,
                sender=server.envelope_sender,
                recipients=[recipient],
                hostname=server.host,
                port=server.port,
                username=server.username,
                password=server.password,
                use_tls=server.security == "tls",
                start_tls=server.security == "starttls",
                tls_context=None if server.security == "none" else tls,
                # By default it would be looked up, which blocks the event loop.
                local_hostname=server.hello,
                timeout=TIMEOUT_SECONDS,
            )
    except aiosmtplib.SMTPRecipientsRefused as error:
        [refusal, *_] = error.recipients
        return _refused(refusal.code, refusal.message, "refused the recipient", final=refusal.code in _FINAL)
    except aiosmtplib.SMTPDataError as error:
        return _refused(error.code, error.message, "refused the message", final=error.code in _FINAL)
    except aiosmtplib.SMTPResponseException as error:
        return _refused(error.code, error.message, "answered", final=False)
    except (TimeoutError, aiosmtplib.SMTPTimeoutError):
        text = f"The mail server did not answer within {TIMEOUT_SECONDS:.0f} seconds."
        return Sent(AttemptOutcome.TIMEOUT, text)
    except ssl.SSLError as error:
        return Sent(AttemptOutcome.TLS_ERROR, f"The TLS handshake with the mail server failed: {_reply(str(error))}.")
    except (aiosmtplib.SMTPException, OSError) as error:
        return Sent(_outcome_of(error), f"The mail server cannot be used: {_reply(str(error))}.")
    return Sent(AttemptOutcome.SUCCEEDED)


def _outcome_of(error: Exception) -> AttemptOutcome:
    if isinstance(error.__cause__, ssl.SSLError):
        return AttemptOutcome.TLS_ERROR
    return AttemptOutcome.CONNECTION_ERROR


def _refused(code: int, reply: str, what: str, *, final: bool) -> Sent:
    return Sent(AttemptOutcome.PROTOCOL_ERROR, f"The mail server {what}: {code} {_reply(reply)}", final=final)


def _reply(text: str) -> str:
    said = " ".join(text.split())[:_MAX_REPLY_CHARACTERS]
    return "".join(character for character in said if character.isprintable()).rstrip(".")
