"""The values of an entry that may be credentials: from the environment, or those that the server keeps."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.cli.files.shape import Fault, FromEnvironment, Place, WebhookEntry
from app.statuses import AuthenticationKind
from app.webhooks.credentials import MASK
from app.webhooks.drafts import UNSET, AuthenticationDraft, BasicAuthDraft, HeaderDraft, Unset
from app.webhooks.fields import Configuration
from app.webhooks.urls import shown_url


@dataclass(frozen=True, slots=True)
class Credentials:
    """Credentials of one entry.

    Args:
        renew: whether to take values from the environment although the server has some.
        faults: missing values are added here.
    """

    entry: WebhookEntry
    place: Place
    environment: Mapping[str, str]
    renew: bool
    faults: list[Fault]

    def url(self, stored: Configuration | None) -> str:
        """The URL. If it differs only in values of a query that the key may not see, the stored one."""
        url = self._text(self.entry.url, "url").strip()
        masked = stored is not None and MASK in stored.url
        if stored is not None and masked and not self.renew and shown_url(url) == shown_url(stored.url):
            return stored.url
        return url

    def headers(self, stored: Configuration | None) -> list[HeaderDraft] | None:
        """The custom headers; a sensitive one that the server has is sent as the mask, and stays."""
        if self.entry.headers is None:
            return None
        kept = set[str]() if stored is None or self.renew else {h.name.lower() for h in stored.headers if h.sensitive}
        drafts = []
        for index, header in enumerate(self.entry.headers):
            secret = isinstance(header.value, FromEnvironment)
            keeps = secret and header.name.strip().lower() in kept
            value = MASK if keeps else self._text(header.value, "headers", index, "value")
            drafts.append(HeaderDraft(header.name, value, sensitive=secret))
        return drafts

    def authentication(self, stored: Configuration | None) -> AuthenticationDraft | Unset | None:
        """How requests authenticate; UNSET if the server has credentials of the same kind and username."""
        entry = self.entry.authentication
        if entry is None or entry.kind is AuthenticationKind.NONE:
            return None
        login = None if stored is None else stored.authentication
        if not self.renew and login is not None and (login.kind, login.username) == (entry.kind, entry.username):
            return UNSET
        if entry.kind is AuthenticationKind.BEARER:
            return AuthenticationDraft(bearer=self._text(entry.token, "authentication", "token"))
        password = self._text(entry.password, "authentication", "password")
        return AuthenticationDraft(basic=BasicAuthDraft(entry.username or "", password))

    def login(self) -> dict[str, Any]:
        """The authentication as the API takes it."""
        draft = self.authentication(None)
        if not isinstance(draft, AuthenticationDraft):
            return {"none": True}
        if draft.basic is None:
            return {"bearer": draft.bearer}
        return {"basic": {"username": draft.basic.username, "password": draft.basic.password}}

    def secret(self) -> str | None:
        """The signing secret of a new webhook; None to generate one."""
        return None if self.entry.secret is None else self._text(self.entry.secret, "secret")

    def literal_faults(self, new: Configuration) -> list[Fault]:
        """Credentials that are written in the file itself: headers that are sensitive by their names."""
        message = "The value of this header is a credential, which does not belong in a file; write {env: NAME}."
        return [
            self.place.fault(message, "headers", index, "value")
            for index, (entry, header) in enumerate(zip(self.entry.headers or (), new.headers, strict=True))
            if header.sensitive and isinstance(entry.value, str) and entry.value != MASK
        ]

    def _text(self, value: str | FromEnvironment | None, *path: str | int) -> str:
        if isinstance(value, str):
            return value
        if value is None:
            self.faults.append(self.place.fault("This credential is missing; write {env: NAME}.", *path))
        elif value.env in self.environment:
            return self.environment[value.env]
        else:
            self.faults.append(self.place.fault(f"The environment variable {value.env} is not set.", *path, "env"))
        return ""
