"""A receiver: accepts requests only from the server's addresses, verifies them, and drops duplicates.

pip install starlette uvicorn httpx standardwebhooks
EEV_URL=http://127.0.0.1:8000/graphql EEV_KEY=… WEBHOOK_SECRET=whsec_… PORT=9000 python receiver.py
"""

import os
import sqlite3
from ipaddress import ip_address
from typing import Any

import httpx
import uvicorn
from standardwebhooks import Webhook, WebhookVerificationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

webhook = Webhook(os.environ["WEBHOOK_SECRET"])

seen = sqlite3.connect("seen.db", isolation_level=None)
seen.execute("CREATE TABLE IF NOT EXISTS seen (webhook_id TEXT PRIMARY KEY)")


def sources() -> set[str]:
    """The addresses that the server sends from; empty if its operator has not published them. Needs a key with READ."""
    answer = httpx.post(
        os.environ["EEV_URL"],
        json={"query": "{ egressAddresses }"},
        headers={"Authorization": f"Bearer {os.environ['EEV_KEY']}"},
    )
    return {str(ip_address(address)) for address in answer.raise_for_status().json()["data"]["egressAddresses"]}


allowed = sources()


async def receive(request: Request) -> Response:
    """Answer 2xx to accepted events and to duplicates; any other answer is retried."""
    # Behind a proxy, this is the proxy's address: let the proxy restrict sources, or forward them.
    if allowed and (request.client is None or request.client.host not in allowed):
        return Response(status_code=403)
    body = await request.body()
    try:
        webhook.verify(body, dict(request.headers))
    except WebhookVerificationError:
        return Response(status_code=401)
    # In one transaction with the effects of the event, so that neither happens without the other.
    added = seen.execute("INSERT OR IGNORE INTO seen VALUES (?)", [request.headers["webhook-id"]])
    if added.rowcount:
        work(await request.json())
    return Response(status_code=204)


def work(event: dict[str, Any]) -> None:
    """What your own program does."""
    print(event["type"], event["id"], flush=True)


if __name__ == "__main__":
    application = Starlette(routes=[Route("/", receive, methods=["POST"])])
    uvicorn.run(application, host="127.0.0.1", port=int(os.environ["PORT"]), access_log=False)
