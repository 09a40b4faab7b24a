"""GET and POST /unsubscribe: where a recipient of emails ends them, by the link in one and without a key.

Opening the link changes nothing, because programs that check mail open links; the button on the page does, as does a
mail program's own button, which sends the same request (RFC 8058).
"""

from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from app.contacts.links import UNSUBSCRIBE_PATH
from app.contacts.unsubscribe import is_link, unsubscribe
from app.services import Services

# Longer than any token of this server.
_MAX_TOKEN_CHARACTERS = 500
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Unsubscribe</title>
<h1>{title}</h1>
{content}
</html>
"""
_FORM = """<p>You then get no more messages about these webhooks at this address.</p>
<form method="post" action="?token={token}">
<button name="List-Unsubscribe" value="One-Click">Unsubscribe</button>
</form>"""
_POLICY = "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"


def unsubscribe_route(services: Services) -> Route:
    """The route of the page, and of its form."""

    async def answer(request: Request) -> Response:
        token = request.query_params.get("token", "")[:_MAX_TOKEN_CHARACTERS]
        if request.method == "POST":
            if await unsubscribe(services, token):
                return _page("Unsubscribed", "<p>No more messages are sent to this address.</p>")
        elif is_link(services, token):
            return _page("Unsubscribe from messages about webhooks?", _FORM.replace("{token}", escape(token)))
        return _page("This link is not valid", "<p>Use the whole link in the message.</p>", 404)

    return Route(UNSUBSCRIBE_PATH, answer, methods=["GET", "POST"])


def _page(title: str, content: str, status: int = 200) -> Response:
    page = _PAGE.replace("{title}", title).replace("{content}", content)
    return HTMLResponse(page, status, headers={"content-security-policy": _POLICY})
