"""Where a request or socket carries its credential: the Authorization header, or the cookie of a dashboard session.

A browser also sends cookies with requests of other sites' pages. A cookie therefore counts only for our own pages.
"""

from starlette.requests import HTTPConnection

from app.errors import Forbidden
from graph.http import bearer_token

COOKIE = "eev_session"
# Under TLS: the prefix makes browsers refuse it from subdomains and from plain HTTP (RFC 6265bis, 4.1.3.2).
SECURE_COOKIE = f"__Host-{COOKIE}"


def credential(connection: HTTPConnection) -> str:
    """Return the API key, access token or session token of a request or socket; "" if there is none.

    Raises:
        Unauthenticated: the Authorization header is not a bearer token.
        Forbidden: a session's cookie comes from a page of another origin.
    """
    if authorization := connection.headers.get("authorization"):
        return bearer_token(authorization)
    token = session_token(connection)
    if token:
        require_own_origin(connection)
    return token


def note_authenticated(connection: HTTPConnection) -> None:
    """Note that the client of a request has authenticated, so that `app.web.strangers` makes it wait no longer."""
    connection.state.authenticated = True


def own_session(connection: HTTPConnection) -> str:
    """Return the session token of a socket that one of our own pages opened; "" for any other, which needs a key in its
    connection_init."""
    return session_token(connection) if _is_own(connection) else ""


def session_token(connection: HTTPConnection) -> str:
    """Return the session token in a cookie; "" if there is none."""
    return connection.cookies.get(SECURE_COOKIE) or connection.cookies.get(COOKIE) or ""


def require_own_origin(connection: HTTPConnection) -> None:
    """Allow only our own pages. Hosts are compared without their schemes, because a proxy in front of the server may
    end TLS.

    Raises:
        Forbidden: the request comes from another page, or does not say from where.
    """
    if not _is_own(connection):
        raise Forbidden("A session may only be used by this server's own pages; send a key in Authorization instead.")


def _is_own(connection: HTTPConnection) -> bool:
    headers = connection.headers
    own, origin = headers.get("host", ""), headers.get("origin")
    same = origin.partition("://")[2] == own if origin else headers.get("sec-fetch-site") == "same-origin"
    return bool(own) and same
