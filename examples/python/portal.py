"""A platform's site: each customer has a workspace and sees it in the portal, narrowed to what the person may do.

pip install starlette uvicorn httpx
EEV_URL=http://127.0.0.1:8000/graphql EEV_KEY=… PORT=3000 python portal.py

EEV_KEY needs INSTALLATION and the scopes that the tokens get. Start the server with FRAME_ANCESTORS=http://127.0.0.1:3000.
"""

import os
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route

EEV_URL = os.environ["EEV_URL"]
WORKSPACE = """
  mutation ($input: CreateWorkspaceInput!) {
    createWorkspace(input: $input) { workspace { id } userErrors { message } }
  }
"""
ACCESS = """
  mutation ($input: CreateAccessTokenInput!) { createAccessToken(input: $input) { token userErrors { message } } }
"""
PAGE = """<!doctype html>
<title>Settings</title>
<iframe id="webhooks" title="Webhooks" width="100%" height="800" allow="clipboard-write"></iframe>
<script type="module">
  const [frame, server] = [document.getElementById("webhooks"), "SERVER"];
  const newToken = async () => (await fetch("/webhooks-token", { method: "POST" })).text();
  frame.src = `${server}/dashboard#token=${await newToken()}`;
  addEventListener("message", async ({ origin, source, data }) => {
    if (origin !== server || source !== frame.contentWindow || data.type !== "eev-webhooks.token-wanted") return;
    source.postMessage({ type: "eev-webhooks.token", token: await newToken() }, server);
  });
</script>
"""


def signed_in(_: Request) -> tuple[dict[str, str], dict[str, str]]:
    """The customer, and the person: replace this by your own session."""
    return {"externalId": "customer-42", "name": "Acme"}, {"id": "user-7", "name": "Ada Lovelace"}


async def ask(document: str, given: dict[str, Any]) -> Any:
    """Run a mutation, and return its payload."""
    headers = {"Authorization": f"Bearer {os.environ['EEV_KEY']}"}
    async with httpx.AsyncClient(headers=headers) as client:
        answer = await client.post(EEV_URL, json={"query": document, "variables": {"input": given}})
    answered = answer.json()
    if answered.get("errors"):
        raise RuntimeError(answered["errors"][0]["message"])
    [payload] = answered["data"].values()
    if payload["userErrors"]:
        raise RuntimeError(payload["userErrors"][0]["message"])
    return payload


async def token(request: Request) -> PlainTextResponse:
    """A new token for the person who is signed in. Creating a workspace again returns the first one."""
    customer, person = signed_in(request)
    workspace = (await ask(WORKSPACE, customer))["workspace"]
    reach = {"workspaceId": workspace["id"], "actor": person}
    made = await ask(ACCESS, {"scopes": ["READ", "MANAGE"], "expiresInSeconds": 900, **reach})
    return PlainTextResponse(made["token"], headers={"Cache-Control": "no-store"})


async def page(_: Request) -> HTMLResponse:
    """The page of the site with the portal in it."""
    return HTMLResponse(PAGE.replace("SERVER", EEV_URL.removesuffix("/graphql")))


if __name__ == "__main__":
    routes = [Route("/", page), Route("/webhooks-token", token, methods=["POST"])]
    uvicorn.run(Starlette(routes=routes), host="127.0.0.1", port=int(os.environ["PORT"]), access_log=False)
