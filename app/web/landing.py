"""GET /: redirects people to the dashboard; without one, a page with links to what the server offers."""

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from app.settings import Settings

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>eev-webhooks</title>
<h1>eev-webhooks</h1>
<p>Webhook delivery server: published events become signed HTTP requests, retried until they succeed.</p>
<ul>
<li><code>/graphql</code>: the API, for POST, GET, WebSocket and server-sent events</li>
{console}<li><a href="/health/ready">/health/ready</a>: readiness, whether the server can accept events</li>
<li><a href="/health/live">/health/live</a>: liveness, whether the server answers</li>
<li><a href="/metrics">/metrics</a>: metrics for Prometheus</li>
</ul>
</html>
"""
_CONSOLE = '<li><a href="/graphiql">/graphiql</a>: a console for queries, mutations and subscriptions</li>\n'


def landing_route(settings: Settings) -> Route:
    """The route of the page, or to the dashboard."""
    page = _PAGE.replace("{console}", _CONSOLE if settings.graphiql else "")

    async def landing(_: Request) -> Response:
        return RedirectResponse("dashboard", 303) if settings.dashboard else HTMLResponse(page)

    return Route("/", landing)
