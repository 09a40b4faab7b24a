"""A real mail server on loopback that keeps what it takes, and refuses as a test asks.

async with MailServer() as server:
    server.refuse("451 4.7.1 Greylisted")
    ... send to server.port ...
    [mail] = server.mails
"""

import asyncio
import ssl
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from types import TracebackType
from typing import Any, Self, cast

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


@dataclass(frozen=True)
class Mail:
    """One message as taken: the envelope, the message, and whether the connection was encrypted."""

    sender: str
    recipients: list[str]
    message: EmailMessage
    encrypted: bool
    username: str | None

    def body(self, subtype: str) -> str:
        """The text of one alternative, `plain` or `html`."""
        part = self.message.get_body((subtype,))
        assert part is not None
        return str(part.get_content())


class MailServer:
    """Listens on a free port of 127.0.0.1.

    Args:
        tls: context for STARTTLS, which is then required.
        tls_from_the_start: context for connections that begin with TLS.
        login: the only username and password that it takes, if it requires any.
    """

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        tls_from_the_start: ssl.SSLContext | None = None,
        login: tuple[str, str] | None = None,
    ) -> None:
        self.port = 0
        self.mails: list[Mail] = []
        self.tries = 0
        self._tls = tls
        self._tls_from_the_start = tls_from_the_start
        self._login = login
        self._refusals: list[str] = []
        self._data_refusals: list[str] = []

    def refuse(self, *replies: str) -> None:
        """Answer the next recipients with these replies."""
        self._refusals += replies

    def refuse_message(self, *replies: str) -> None:
        """Answer the next messages with these replies."""
        self._data_refusals += replies

    async def __aenter__(self) -> Self:
        self._server = await asyncio.get_running_loop().create_server(
            self._protocol, "127.0.0.1", 0, ssl=self._tls_from_the_start
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()

    def _protocol(self) -> SMTP:
        return SMTP(
            self,
            hostname="mail.test",
            tls_context=self._tls,
            require_starttls=self._tls is not None,
            auth_required=self._login is not None,
            auth_require_tls=self._tls is not None,
            authenticator=self._authenticate,
            loop=asyncio.get_running_loop(),
        )

    def _authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        given = cast(LoginPassword, data)
        right = self._login is not None and (given.login.decode(), given.password.decode()) == self._login
        return AuthResult(success=right, handled=False, auth_data=given.login.decode() if right else None)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        self.tries += 1
        if self._refusals:
            return self._refusals.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self._data_refusals:
            return self._data_refusals.pop(0)
        message = message_from_bytes(envelope.content, policy=default)
        encrypted = session.ssl is not None
        self.mails.append(Mail(envelope.mail_from, envelope.rcpt_tos, message, encrypted, session.auth_data))
        return "250 OK"
