"""Checks email addresses, so that nothing but one address gets into a header or a command of SMTP. Pure."""

import re
from email.headerregistry import Address

import idna

from app.catalogue.explanation import quoted

# RFC 5321 section 4.5.3.1: what servers must accept.
MAX_ADDRESS_CHARACTERS = 254
_MAX_LOCAL_CHARACTERS = 64

# A dot-atom of RFC 5322: no quotes, comments or line breaks.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*", re.IGNORECASE)
_NAMED = re.compile(r"(?P<name>[^<>\"\r\n]*)<(?P<address>[^<>]+)>")


def email_address(text: str) -> str:
    """An email address as it is sent to: an international domain in its ASCII form.

    Raises:
        ValueError: it is not one address; the text is a sentence.
    """
    local, _, domain = text.strip().rpartition("@")
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode()
        except idna.IDNAError:
            domain = ""
    address = f"{local}@{domain}"
    if _LOCAL.fullmatch(local) is None or _DOMAIN.fullmatch(domain) is None:
        raise ValueError(f"{quoted(text)} is not an email address; give one address such as ops@example.com.")
    if len(local) > _MAX_LOCAL_CHARACTERS or len(address) > MAX_ADDRESS_CHARACTERS:
        raise ValueError(
            f"{quoted(text)} is too long; an email address has at most {_MAX_LOCAL_CHARACTERS} characters before the @"
            f" and {MAX_ADDRESS_CHARACTERS} in all."
        )
    return address


def sender(text: str) -> Address:
    """The sender that `ops@example.com` or `A name <ops@example.com>` stands for.

    Raises:
        ValueError: it is neither; the text is a sentence.
    """
    named = _NAMED.fullmatch(text.strip())
    if named is None:
        return Address(addr_spec=email_address(text))
    name = named["name"].strip()
    if not name.isprintable():
        raise ValueError("The name before the address has a character that nobody can see.")
    return Address(display_name=name, addr_spec=email_address(named["address"]))
