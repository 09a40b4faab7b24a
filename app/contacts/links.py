"""The links in messages: to the dashboard, and to unsubscribe."""

from dataclasses import dataclass
from urllib.parse import quote

from app.encryption import Cipher, NotDecrypted
from app.settings import Settings

UNSUBSCRIBE_PATH = "/unsubscribe"
_UNSUBSCRIBE_CONTEXT = "unsubscribe"


@dataclass(frozen=True, slots=True)
class Links:
    """Makes links to the server at `public_url`; None if nobody knows under which URL people reach it."""

    public_url: str | None
    dashboard: bool
    cipher: Cipher

    @classmethod
    def of(cls, settings: Settings, cipher: Cipher) -> "Links":
        """The links that the settings allow."""
        return cls(settings.public_url, settings.dashboard, cipher)

    def to(self, place: tuple[str, str]) -> str | None:
        """The page of the dashboard about a thing, named by its screen and its ID."""
        if self.public_url is None or not self.dashboard:
            return None
        return f"{self.public_url}/dashboard#/{quote(place[0])}/{quote(place[1])}"

    def to_unsubscribe(self, contact_id: str) -> str | None:
        """The page on which a contact unsubscribes. Only this server can make the token in it."""
        if self.public_url is None:
            return None
        token = self.cipher.encrypt(contact_id, _UNSUBSCRIBE_CONTEXT)
        return f"{self.public_url}{UNSUBSCRIBE_PATH}?token={quote(token, safe='')}"


def contact_of(cipher: Cipher, token: str) -> str | None:
    """The ID of the contact that a link to unsubscribe was made for; None if this server did not make the token."""
    try:
        return cipher.decrypt(token, _UNSUBSCRIBE_CONTEXT)
    except NotDecrypted:
        return None
