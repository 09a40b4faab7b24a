"""GET /graphiql: a small built-in console for queries, mutations and subscriptions.

Not GraphiQL itself, because no maintained package includes its files, and loading them from elsewhere would hand the
key to their host. The page loads only its own files, which its content security policy enforces.
"""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.web.dashboard import HERE as DASHBOARD

_HERE = Path(__file__).parent
# The client of the dashboard, which is served here as well, because either page can be left out.
_SHARED = DASHBOARD / "lib"
_FILES = {
    "/graphiql": (_HERE / "console.html", "text/html"),
    "/graphiql/console.css": (_HERE / "console.css", "text/css"),
    "/graphiql/console.js": (_HERE / "console.js", "text/javascript"),
    "/graphiql/schema.js": (_HERE / "schema.js", "text/javascript"),
    "/graphiql/client.js": (_SHARED / "client.js", "text/javascript"),
    "/graphiql/errors.js": (_SHARED / "errors.js", "text/javascript"),
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:;"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def console_routes() -> list[Route]:
    """The page and its files, read once."""
    return [_route(path, file, media_type) for path, (file, media_type) in _FILES.items()]


def _route(path: str, file: Path, media_type: str) -> Route:
    content = file.read_bytes()

    async def answer(_: Request) -> Response:
        return Response(content, media_type=media_type, headers={"content-security-policy": _POLICY})

    return Route(path, answer)
