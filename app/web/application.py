"""Assembles the web server: routes and middleware over open resources."""

import asyncio

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute, Route, WebSocketRoute
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app.resources import Resources
from app.settings import Settings
from app.web.answers import client_gone, http_error, server_error
from app.web.body_limit import BodyLimit
from app.web.compression import Compression
from app.web.event_streams import is_stream
from app.web.exposition import metrics_route
from app.web.health import Health
from app.web.landing import landing_route
from app.web.middleware import EndStreams, RequestId, SecurityHeaders

_API_PATHS = ("/graphql", "/graphql/")


def create_application(resources: Resources) -> Starlette:
    """The server's ASGI application over open resources, which it neither opens nor closes.

    Set `application.state.closing` before the server stops, so that streams end and do not hold it up.
    """
    # Not above, because a worker does not need the schema, and its modules take 20 MB.
    from app.web.agents import agents_routes
    from app.web.console import console_routes
    from app.web.dashboard import dashboard_routes
    from app.web.events import events_route
    from app.web.feed import feed_route
    from app.web.unsubscribe import unsubscribe_route
    from graph.view import GraphQLView

    settings = resources.settings
    view = GraphQLView(resources)
    routes: list[BaseRoute] = [
        landing_route(settings),
        # With a slash at the end too, because clients do not follow a redirected POST.
        *(Route(path, view) for path in _API_PATHS),
        *(WebSocketRoute(path, view) for path in _API_PATHS),
        events_route(resources),
        feed_route(resources),
        unsubscribe_route(resources),
        *agents_routes(resources, view.schema),
        metrics_route(resources),
        *Health(resources, works=settings.delivers_itself).routes(),
    ]
    if settings.graphiql:
        routes += console_routes()
    if settings.dashboard:
        routes += dashboard_routes(resources)
    return _assembled(settings, routes)


def create_worker_application(resources: Resources) -> Starlette:
    """The worker's ASGI application: health and metrics only."""
    return _assembled(resources.settings, [metrics_route(resources), *Health(resources, works=True).routes()])


def _assembled(settings: Settings, routes: list[BaseRoute]) -> Starlette:
    closing = asyncio.Event()
    application = Starlette(
        routes=routes,
        middleware=_middleware(settings, closing),
        exception_handlers={HTTPException: http_error, ClientDisconnect: client_gone, Exception: server_error},
    )
    application.state.closing = closing
    return application


def _middleware(settings: Settings, closing: asyncio.Event) -> list[Middleware]:
    """From the outside in."""
    stack = [
        Middleware(RequestId),
        Middleware(SecurityHeaders, hsts_seconds=settings.hsts_seconds),
        Middleware(EndStreams, closing=closing),
        Middleware(Compression),
    ]
    if settings.trusted_proxies:
        trusted = [str(network) for network in settings.trusted_proxies]
        stack.append(Middleware(ProxyHeadersMiddleware, trusted_hosts=trusted))
    if settings.cors_origins:
        stack.append(
            Middleware(
                CORSMiddleware,
                allow_origins=settings.cors_origins,
                allow_methods=["GET", "POST"],
                # Any header: keys are sent in one, never in cookies, so a page can only send a key that it was given.
                allow_headers=["*"],
                expose_headers=["x-request-id", "retry-after"],
            )
        )
    return [*stack, Middleware(BodyLimit, max_bytes=settings.max_request_bytes, unlimited=is_stream)]
