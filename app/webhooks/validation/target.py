"""The rules for where requests go: the URL and its host.

Checks the text; the addresses that a name resolves to are checked when a connection is made (`app.sender.guard`).
"""

import re
from ipaddress import IPv6Address
from urllib.parse import SplitResult, quote, urlsplit

import idna

from app.catalogue.explanation import quoted
from app.errors import Problem, UserErrorCode
from app.sender.guard import AddressPolicy, blocked_literal
from app.webhooks.credentials import MASK

# What common servers and proxies pass on; RFC 9110 section 4.1 asks for 8,000 octets, many stop at 2,048.
MAX_URL_CHARACTERS = 2_048

# RFC 1123 section 2.1, with the underscores that private names have; the lengths are those of RFC 1035 section 2.3.4.
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?=.{{1,254}}\Z){_LABEL}(?:\.{_LABEL})*\.?", re.IGNORECASE)
_ASCII = "".join(map(chr, range(0x21, 0x7F)))
# The remains of a scheme in "//example.com", "https:example.com" or "https//example.com".
_HALF_A_SCHEME = re.compile(r"\A(?:https?(?=[:/]))?:?/*", re.IGNORECASE)
_LOCAL_HOST = re.compile(r"(?:localhost|127\.[0-9.]+)(?=[:/]|\Z)", re.IGNORECASE)
_HOST_AND_PATH = re.compile(r"(?:localhost|[\w-]+(?:\.[\w-]+)+)(?::[0-9]{1,5})?(?:/[^#]*)?", re.IGNORECASE)


class _Wrong(Exception):
    def __init__(self, message: str, code: UserErrorCode = UserErrorCode.INVALID) -> None:
        super().__init__(message)
        self.problem = (message, code)


def url(problems: list[Problem], text: str, allow_http: bool, *path: str) -> str:
    """The URL as it will be requested: international names in their ASCII form, other characters percent-encoded."""
    try:
        return _request_url(text.strip(), allow_http)
    except _Wrong as wrong:
        message, code = wrong.problem
        problems.append(Problem(message, path, code))
        return ""


def host_allowed(problems: list[Problem], url: str, policy: AddressPolicy, *path: str) -> None:
    """If a valid URL's host is an address or a name for this machine, connections to it must be allowed."""
    host = urlsplit(url).hostname or ""
    reason = blocked_literal(host, policy)
    if reason is not None:
        right = "one within it" if policy.allowlist else "one with a public address"
        message = f"The URL's host {host} is blocked: it is {reason}. Choose {right}."
        problems.append(Problem(message, path, UserErrorCode.URL_NOT_ALLOWED))


def port_allowed(problems: list[Problem], url: str, policy: AddressPolicy, *path: str) -> None:
    """A valid URL must not name a port that deliveries may not use."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    reason = policy.reason_port_blocked(port)
    if reason is not None:
        message = f"The URL's port {port} is blocked: {reason}. Choose another, such as 443."
        problems.append(Problem(message, path, UserErrorCode.URL_NOT_ALLOWED))


def _request_url(text: str, allow_http: bool) -> str:
    if not text:
        raise _Wrong("The URL is empty; give one such as https://example.com/webhooks.", UserErrorCode.REQUIRED)
    if len(text) > MAX_URL_CHARACTERS:
        message = f"The URL has {len(text)} characters; at most {MAX_URL_CHARACTERS} are allowed."
        raise _Wrong(message, UserErrorCode.TOO_LONG)
    if MASK in text:
        raise _Wrong("The URL's query is masked; give the whole URL, or leave it out to keep the one that is stored.")
    _require_url_characters(text)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise _Wrong(f"The URL cannot be read ({error}); give one such as https://example.com/webhooks.") from None
    _require_scheme(text, parts, allow_http)
    _require_nothing_extra(parts, port)
    request_url = _in_ascii(parts, _ascii_host(parts), port)
    if len(request_url) > MAX_URL_CHARACTERS:
        message = f"The URL has {len(request_url)} characters once encoded; at most {MAX_URL_CHARACTERS} are allowed."
        raise _Wrong(message, UserErrorCode.TOO_LONG)
    return request_url


def _require_url_characters(text: str) -> None:
    # A backslash is a slash to some parsers and part of a name to others, so they disagree on where the host ends.
    odd = next((character for character in text if not character.isprintable() or character in ' \\"<>^`{|}'), None)
    if odd is not None:
        name = quoted(odd) if odd.isprintable() else f"U+{ord(odd):04X}"
        encoded = quote(odd, errors="replace")
        raise _Wrong(f"The URL has the character {name}, which no URL may have; percent-encode it, as {encoded}.")


def _require_scheme(text: str, parts: SplitResult, allow_http: bool) -> None:
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise _Wrong(_without_scheme(text, allow_http))
    if parts.scheme == "http" and not allow_http:
        message = "The URL begins with http://, which anybody on the way can read; use https://."
        raise _Wrong(message, UserErrorCode.URL_NOT_ALLOWED)


def _without_scheme(text: str, allow_http: bool) -> str:
    """The sentence for a URL without http:// or https://, with the one that was probably meant."""
    allowed = "https:// or http://" if allow_http else "https://"
    # A password or a token in the URL must not end up where error messages are stored.
    shown = "The URL" if "@" in text or "?" in text else f"The URL {quoted(text)}"
    sentence = f"{shown} must begin with {allowed} and a host."
    rest = _HALF_A_SCHEME.sub("", text, count=1)
    if shown == "The URL" or not _HOST_AND_PATH.fullmatch(rest):
        return sentence
    scheme = "http" if allow_http and _LOCAL_HOST.match(rest) else "https"
    return f"{sentence} Did you mean {scheme}://{rest}?"


def _require_nothing_extra(parts: SplitResult, port: int | None) -> None:
    if "@" in parts.netloc:
        raise _Wrong("The URL has a username or password before its host; use the field authentication for them.")
    if parts.fragment:
        raise _Wrong(f"The URL has the fragment #{parts.fragment[:50]}, which is never sent; leave it out.")
    if port == 0:
        raise _Wrong("The URL has the port 0; give 1 to 65535, or none for the usual one.")


def _ascii_host(parts: SplitResult) -> str:
    host = parts.hostname
    if not host:
        raise _Wrong("The URL has no host; give one such as https://example.com/webhooks.")
    if "[" in parts.netloc:
        return f"[{_ipv6(host)}]"
    if not host.isascii() or "xn--" in host:
        try:
            host = idna.encode(host, uts46=True).decode()
        except idna.IDNAError as error:
            raise _Wrong(f"The URL's host {quoted(host)} is not an international domain name: {error}.") from None
    if _NAME.fullmatch(host) is None:
        raise _Wrong(
            f"The URL's host {quoted(host)} is not a name; names are letters, digits and hyphens, in parts of 1 to 63"
            " characters joined by dots."
        )
    return host


def _ipv6(host: str) -> str:
    try:
        address = IPv6Address(host)
    except ValueError:
        address = None
    if address is None or address.scope_id is not None:
        raise _Wrong(
            f"The URL's host [{host[:50]}] is not an IPv6 address without a zone; give one such as [2001:db8::1]."
        )
    return str(address)


def _in_ascii(parts: SplitResult, host: str, port: int | None) -> str:
    authority = host if port is None else f"{host}:{port}"
    encoded = (quote(part, safe=_ASCII) for part in (parts.path, parts.query))
    path, query = encoded
    return SplitResult(parts.scheme, authority, path, query, "").geturl()
