"""What the server offers to agents: the Model Context Protocol at /mcp, and /llms.txt, which says what is where.

The protocol's library is imported by the first request to /mcp, because it takes a second and 18 MB.
"""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from app.resources import Resources
from app.web.agents.endpoint import Endpoint
from graph.schema import Schema

# With a slash at the end too, because clients do not follow a redirected POST.
_PATHS = ("/mcp", "/mcp/")
_LLMS = Path(__file__).with_name("llms.txt")


def agents_routes(resources: Resources, schema: Schema) -> list[BaseRoute]:
    """The routes for agents; without MCP only /llms.txt."""
    text = _LLMS.read_text(encoding="utf-8")

    async def llms(_: Request) -> Response:
        return PlainTextResponse(text)

    routes: list[BaseRoute] = [Route("/llms.txt", llms)]
    if resources.settings.mcp:
        endpoint = Endpoint(resources, schema)
        routes += [Route(path, endpoint, methods=["POST"]) for path in _PATHS]
    return routes
