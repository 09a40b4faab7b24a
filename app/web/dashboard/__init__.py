"""GET /dashboard: the pages for people. Static files of the package, which get their data from /graphql.

The addresses of the files contain a hash of their content, so that a browser caches them until they change.
"""

import gzip
import re
from collections.abc import Mapping
from hashlib import sha256
from html import escape
from pathlib import Path
from posixpath import dirname, join, normpath

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.resources import Resources
from app.settings import Settings
from app.settings.kinds import IMAGE_TYPES
from app.web.dashboard.session import SignIn

HERE = Path(__file__).parent
# The screen that most visits begin with; the others are loaded when they are asked for.
FIRST_SCREEN = "screens/webhooks.js"
_IMPORT = re.compile(r'^(?:import|export) .*"(\.[^"]+)";$', re.MULTILINE)
_TYPES = {".js": "text/javascript", ".css": "text/css"}


def dashboard_routes(resources: Resources) -> list[Route]:
    """Return the routes of the page, its sessions and its files, which are read and compressed once."""
    files = {
        str(path.relative_to(HERE)): path.read_bytes() for path in sorted(HERE.rglob("*")) if path.suffix in _TYPES
    }
    version = sha256(b"".join(files.values())).hexdigest()[:16]
    preloads = "\n".join(
        f'<link rel="modulepreload" href="dashboard/{version}/{name}">'
        for name in _imported(files, "main.js", FIRST_SCREEN)
    )
    logo = resources.settings.dashboard_logo
    page = (HERE / "index.html").read_text()
    for name, text in {"version": version, "preloads": preloads, "look": _look(resources.settings, version)}.items():
        page = page.replace(f"{{{name}}}", text)
    headers = {"content-security-policy": policy(resources.settings)}
    kept = {"cache-control": "public, max-age=31536000, immutable"}
    return [
        SignIn(resources).route(),
        _route("/dashboard", page.encode(), "text/html", {**headers, "cache-control": "no-cache"}),
        *(
            _route(f"/dashboard/{version}/{name}", content, _TYPES[Path(name).suffix], kept)
            for name, content in files.items()
        ),
        *(
            [_route(f"/dashboard/{version}/logo", logo.read_bytes(), IMAGE_TYPES[logo.suffix.lower()], kept)]
            if logo
            else []
        ),
    ]


def _imported(files: Mapping[str, bytes], *names: str) -> list[str]:
    """Modules, with all that they import and so cannot begin without."""
    found = dict.fromkeys(names)
    ahead = list(names)
    while ahead:
        name = ahead.pop()
        imported = (normpath(join(dirname(name), each)) for each in _IMPORT.findall(files[name].decode()))
        new = dict.fromkeys(each for each in imported if each not in found)
        found |= new
        ahead += new
    return list(found)


def _look(settings: Settings, version: str) -> str:
    """What the page needs to know of the settings, as elements of its head."""
    said = {
        "frame-ancestors": " ".join(settings.frame_ancestors),
        "accent": settings.dashboard_accent,
        "language": settings.dashboard_language,
        "logo": f"dashboard/{version}/logo" if settings.dashboard_logo else None,
    }
    return "\n".join(f'<meta name="eev-{name}" content="{escape(value)}">' for name, value in said.items() if value)


def policy(settings: Settings) -> str:
    """Return the content security policy of the page."""
    ancestors = " ".join(settings.frame_ancestors) or "'none'"
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        f" require-trusted-types-for 'script'; base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}"
    )


def _route(path: str, content: bytes, media_type: str, headers: dict[str, str]) -> Route:
    compressed = gzip.compress(content, mtime=0)

    async def answer(request: Request) -> Response:
        takes_gzip = "gzip" in request.headers.get("accept-encoding", "")
        encoding = {"content-encoding": "gzip"} if takes_gzip else {}
        body = compressed if takes_gzip else content
        return Response(body, media_type=media_type, headers={**headers, **encoding, "vary": "accept-encoding"})

    return Route(path, answer)
