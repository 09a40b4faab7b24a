"""The kinds of values of the settings for email, each checked against those above it."""

from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr, ValidationInfo

from app.email_addresses import sender

_PORTS = {"starttls": 587, "tls": 465, "none": 25}


def own_url(above: dict[str, Any]) -> str | None:
    """Where a person on this machine reaches a server in development."""
    if above.get("environment") != "development" or not above.get("port"):
        return None
    scheme = "http" if above.get("tls_certificate_file") is None else "https"
    return f"{scheme}://localhost:{above['port']}"


def smtp_port(above: dict[str, Any]) -> int:
    """The usual port for the kind of encryption."""
    return _PORTS.get(str(above.get("smtp_security")), 587)


def _public_url(url: str | None) -> str | None:
    if url is None:
        return None
    parts = urlsplit(url)
    try:
        whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        whole = False
    if not whole or parts.query or parts.fragment or "@" in parts.netloc or not (url.isascii() and url.isprintable()):
        raise ValueError("it must be a URL such as https://webhooks.example.com, without a query or a fragment.")
    if any(character in url for character in " <>\"'\\,"):
        raise ValueError("it has a character that a URL does not have.")
    return url.rstrip("/")


def _smtp_host(host: str | None, info: ValidationInfo) -> str | None:
    if host is None:
        return None
    if any(character.isspace() or character in "/@[]" for character in host) or not host.isprintable():
        raise ValueError("it must be a host name or an IP address, without a scheme and a port.")
    if "public_url" in info.data and info.data["public_url"] is None:
        raise ValueError("it needs PUBLIC_URL, because every email has links, one of them to unsubscribe.")
    return host


def _smtp_from(text: str | None, info: ValidationInfo) -> str | None:
    if text is None:
        if info.data.get("smtp_host") is not None:
            raise ValueError("with SMTP_HOST it must be set, to an address such as webhooks@example.com.")
        return None
    try:
        sender(text)
    except ValueError as error:
        raise ValueError(f"it must be an address or a name with one: {error}") from None
    return text


def _smtp_username(name: str | None, info: ValidationInfo) -> str | None:
    clear = info.data.get("environment") == "production" and info.data.get("smtp_security") == "none"
    if name is not None and clear:
        raise ValueError("with SMTP_SECURITY none, the password would travel in clear; in production, encrypt.")
    return name


def _smtp_password(password: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
    if "smtp_username" in info.data and (password is None) != (info.data["smtp_username"] is None):
        raise ValueError("SMTP_USERNAME and SMTP_PASSWORD go together; set both or neither.")
    return password


PublicUrl = Annotated[str | None, AfterValidator(_public_url)]
SmtpHost = Annotated[str | None, AfterValidator(_smtp_host)]
SmtpFrom = Annotated[str | None, AfterValidator(_smtp_from)]
SmtpUsername = Annotated[str | None, AfterValidator(_smtp_username)]
SmtpPassword = Annotated[SecretStr | None, AfterValidator(_smtp_password)]
