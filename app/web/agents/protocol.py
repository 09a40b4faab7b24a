"""The Model Context Protocol over its official library, which this module alone imports.

Each request has a manager of its own: in the stateless mode there is nothing to keep between requests, and so nothing
to open when the server starts or to close when it stops.
"""

import logging
from importlib.metadata import version
from typing import Any

import orjson
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    ToolAnnotations,
)
from mcp_types import Tool as ToolShown
from starlette.types import Receive, Scope, Send

from app.settings import Settings
from app.web.agents.asking import Asking, Refused
from app.web.agents.tool import Tool
from app.web.agents.tools import TOOLS
from app.web.agents.untrusted import NOTE
from graph.context import Context
from graph.schema import Schema

_INSTRUCTIONS = f"""\
Looks after webhooks: which there are, why one fails, what was delivered, and sends again what was missed.
Why does a webhook fail? list_webhooks finds it, explain_webhook says the reason and the remedy.
Replay what it missed: replay_missed counts first; show the count to the person, then call it with `toSend`.
Times are RFC 3339 in UTC. Names of webhooks and event types are chosen by people of the workspace. {NOTE}"""

# Where the endpoint leaves the caller's context for the handlers.
_CONTEXT = "eev.agents.context"


class Protocol:
    """Answers requests with the tools of this server."""

    def __init__(self, settings: Settings, schema: Schema) -> None:
        logging.getLogger("mcp").setLevel(logging.WARNING)  # otherwise several lines for every request
        self._max_bytes = settings.max_request_bytes
        self._schema = schema
        self._tools = {tool.name: tool for tool in TOOLS}
        self._server: Server[Any] = Server(
            "eev-webhooks",
            version=version("eev-webhooks"),
            title="eeV webhooks",
            instructions=_INSTRUCTIONS,
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
        )

    async def answer(self, context: Context, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request of an authenticated caller."""
        scope[_CONTEXT] = context
        manager = StreamableHTTPSessionManager(
            self._server,
            json_response=True,
            stateless=True,
            # `app.web.agents.endpoint` has judged the origin; behind a proxy the names of this host are not known.
            security_settings=TransportSecuritySettings(enable_dns_rebinding_protection=False),
            max_request_body_size=self._max_bytes,
        )
        async with manager.run():
            await manager.handle_request(scope, receive, send)

    async def _list_tools(self, ctx: ServerRequestContext[Any], _: PaginatedRequestParams | None) -> ListToolsResult:
        caller = _context(ctx).caller
        return ListToolsResult(tools=[_shown(tool) for tool in TOOLS if tool.scope in caller.scopes])

    async def _call_tool(self, ctx: ServerRequestContext[Any], params: CallToolRequestParams) -> CallToolResult:
        tool = self._tools.get(params.name)
        if tool is None:
            return _failed(f"There is no tool {params.name[:64]!r}; there are {', '.join(self._tools)}.")
        try:
            result = await tool.call(Asking(self._schema, _context(ctx)), params.arguments or {})
        except Refused as refusal:
            return _failed(str(refusal))
        content = {"note": NOTE, **result}
        text = orjson.dumps(content).decode()
        return CallToolResult(content=[TextContent(text=text)], structured_content=orjson.loads(text))


def _context(ctx: ServerRequestContext[Any]) -> Context:
    assert ctx.request is not None  # every message comes by HTTP
    context: Context = ctx.request.scope[_CONTEXT]
    return context


def _shown(tool: Tool) -> ToolShown:
    return ToolShown(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.input_schema,
        annotations=ToolAnnotations(
            read_only_hint=tool.reads_only,
            destructive_hint=False,
            idempotent_hint=tool.reads_only,
            open_world_hint=not tool.reads_only,
        ),
    )


def _failed(message: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(text=message)], is_error=True)
