"""The rules for what requests carry besides the signature: custom headers, and credentials."""

import re
from collections.abc import Mapping, Sequence

from app.catalogue.explanation import quoted
from app.errors import Problem, UserErrorCode
from app.statuses import AuthenticationKind
from app.webhooks.credentials import MASK, Authentication, CustomHeader
from app.webhooks.drafts import AuthenticationDraft, BasicAuthDraft, HeaderDraft

# With the longest values that is 40 kB a request: more than any receiver takes.
MAX_HEADERS = 20
MAX_HEADER_NAME_CHARACTERS = 100
MAX_HEADER_VALUE_CHARACTERS = 2_000
# The longest JWTs in use; most receivers stop reading a header at 8 kB.
MAX_TOKEN_CHARACTERS = 4_000
MAX_USERNAME_CHARACTERS = 250
MAX_PASSWORD_CHARACTERS = 1_000

# RFC 9110 section 5.6.2, and visible ASCII with spaces between (section 5.5 calls the rest obsolete).
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_VISIBLE = re.compile(r"[\x21-\x7e]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")

# What the product sends itself, what frames a message (RFC 9112), and what belongs to one hop (RFC 9110 section 7.6.1).
_RESERVED = frozenset(
    {
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
    }
)
_RESERVED_PREFIX = "webhook-"
# Sensitive even if the caller does not say so, because these headers carry credentials.
_CREDENTIALS = frozenset(
    {"api-key", "apikey", "authorization", "cookie", "x-api-key", "x-auth-token", "x-access-token"}
)


def headers(
    problems: list[Problem], drafts: Sequence[HeaderDraft], stored: Sequence[CustomHeader], *path: str
) -> tuple[CustomHeader, ...]:
    """The custom headers. A value equal to the mask is the stored one of the same name, and stays sensitive."""
    if len(drafts) > MAX_HEADERS:
        message = f"There are {len(drafts)} headers; at most {MAX_HEADERS} are allowed."
        problems.append(Problem(message, path, UserErrorCode.TOO_MANY))
        return ()
    known = {header.name.lower(): header for header in stored}
    seen: dict[str, int] = {}
    accepted = []
    for index, draft in enumerate(drafts):
        where = (*path, str(index))
        name = _header_name(problems, draft.name.strip(), seen, *where, "name")
        seen.setdefault(name.lower(), index)
        accepted.append(_header(problems, name, draft, known, *where, "value"))
    return tuple(accepted)


def authentication(problems: list[Problem], draft: AuthenticationDraft, *path: str) -> Authentication:
    """The credentials of the requests; exactly one of bearer, basic and none must be given."""
    match draft:
        case AuthenticationDraft(bearer=str(token), basic=None, none=None):
            return _bearer(problems, token, *path, "bearer")
        case AuthenticationDraft(bearer=None, basic=BasicAuthDraft() as basic, none=None):
            return _basic(problems, basic, *path, "basic")
        case AuthenticationDraft(bearer=None, basic=None, none=True):
            return Authentication()
    message = "The authentication must be exactly one of bearer, basic and none: true."
    problems.append(Problem(message, path, UserErrorCode.INVALID))
    return Authentication()


def one_authorization(
    problems: list[Problem], headers: Sequence[CustomHeader], authentication: Authentication, *path: str
) -> None:
    """Two Authorization headers in one request contradict each other."""
    if authentication.kind is not AuthenticationKind.NONE and "authorization" in {
        header.name.lower() for header in headers
    }:
        message = "Both authentication and the header Authorization are set; leave one of them out."
        problems.append(Problem(message, path, UserErrorCode.INVALID))


def _header_name(problems: list[Problem], name: str, seen: Mapping[str, int], *path: str) -> str:
    lowered = name.lower()
    code = UserErrorCode.INVALID
    if not name:
        code, message = UserErrorCode.REQUIRED, "The header's name is empty; give one such as X-Tenant."
    elif len(name) > MAX_HEADER_NAME_CHARACTERS:
        code = UserErrorCode.TOO_LONG
        message = f"The header's name has {len(name)} characters; at most {MAX_HEADER_NAME_CHARACTERS} are allowed."
    elif _TOKEN.fullmatch(name) is None:
        message = f"The header name {quoted(name)} is not valid; use letters, digits and hyphens, such as X-Tenant."
    elif lowered in _RESERVED or lowered.startswith(_RESERVED_PREFIX):
        message = f"The header {name} is set by the server itself and cannot be replaced; choose another name."
    elif lowered in seen:
        code = UserErrorCode.TAKEN
        message = (
            f"The header {name} is given twice, first at position {seen[lowered]}; names differ by more than case."
        )
    else:
        return name
    problems.append(Problem(message, path, code))
    return name


def _header(
    problems: list[Problem], name: str, draft: HeaderDraft, stored: Mapping[str, CustomHeader], *path: str
) -> CustomHeader:
    kept = stored.get(name.lower())
    if draft.value == MASK and kept is not None and kept.sensitive:
        return CustomHeader(name, kept.value, sensitive=True)
    value = draft.value.strip(" \t")
    sensitive = draft.sensitive or name.lower() in _CREDENTIALS
    if not value:
        problems.append(
            Problem("The header's value is empty; give one, or leave the header out.", path, UserErrorCode.REQUIRED)
        )
    elif value == MASK:
        message = f"{MASK} stands for a stored sensitive value, and this header has none; give the value itself."
        problems.append(Problem(message, path, UserErrorCode.INVALID))
    elif len(value) > MAX_HEADER_VALUE_CHARACTERS:
        message = f"The header's value has {len(value)} characters; at most {MAX_HEADER_VALUE_CHARACTERS} are allowed."
        problems.append(Problem(message, path, UserErrorCode.TOO_LONG))
    elif _VALUE.fullmatch(value) is None:
        message = "The header's value has a character that is not visible ASCII; encode it, for example as Base64."
        problems.append(Problem(message, path, UserErrorCode.INVALID))
    return CustomHeader(name, value, sensitive)


def _bearer(problems: list[Problem], token: str, *path: str) -> Authentication:
    token = token.strip()
    if not token:
        problems.append(Problem("The bearer token is empty; give it, or none: true.", path, UserErrorCode.REQUIRED))
    elif len(token) > MAX_TOKEN_CHARACTERS:
        message = f"The bearer token has {len(token)} characters; at most {MAX_TOKEN_CHARACTERS} are allowed."
        problems.append(Problem(message, path, UserErrorCode.TOO_LONG))
    elif _VISIBLE.fullmatch(token) is None:
        message = "The bearer token has a space or a character that is not visible ASCII; give the token alone."
        problems.append(Problem(message, path, UserErrorCode.INVALID))
    return Authentication(AuthenticationKind.BEARER, credential=token)


def _basic(problems: list[Problem], draft: BasicAuthDraft, *path: str) -> Authentication:
    # RFC 7617 section 2: a user-id with a colon, or a control character in either, cannot be sent.
    limits = (
        ("username", draft.username, MAX_USERNAME_CHARACTERS),
        ("password", draft.password, MAX_PASSWORD_CHARACTERS),
    )
    for field, text, longest in limits:
        if len(text) > longest:
            message = f"The {field} has {len(text)} characters; at most {longest} are allowed."
            problems.append(Problem(message, (*path, field), UserErrorCode.TOO_LONG))
        elif _CONTROL.search(text):
            message = f"The {field} has a control character; leave it out."
            problems.append(Problem(message, (*path, field), UserErrorCode.INVALID))
    if not draft.username:
        message = f"The username is empty; give 1 to {MAX_USERNAME_CHARACTERS} characters."
        problems.append(Problem(message, (*path, "username"), UserErrorCode.REQUIRED))
    elif ":" in draft.username:
        message = 'The username has a ":", which separates it from the password; choose one without.'
        problems.append(Problem(message, (*path, "username"), UserErrorCode.INVALID))
    if draft.password == MASK:
        message = f"{MASK} is no password; leave authentication out to keep the stored one."
        problems.append(Problem(message, (*path, "password"), UserErrorCode.INVALID))
    return Authentication(AuthenticationKind.BASIC, draft.username, draft.password)
