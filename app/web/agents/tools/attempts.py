"""Attempts as agents read them."""

from typing import Any

from app.web.agents.tool import JsonObject
from app.web.agents.untrusted import untrusted

ATTEMPT = """
fragment A on Attempt {
  id number trigger startedAt durationMs outcome error remoteAddress
  response { status headers { name value } body truncated stored }
}
"""
# What explains a failure; the others would only fill the agent's context.
_TELLING = {"content-type", "retry-after", "location", "server", "www-authenticate"}


def attempt(found: JsonObject) -> JsonObject:
    """An attempt, with what its receiver wrote marked."""
    response = found["response"]
    told: dict[str, Any] = {
        "id": found["id"],
        "number": found["number"],
        "startedAt": found["startedAt"],
        "durationMs": round(found["durationMs"], 1),
        "trigger": found["trigger"],
        "outcome": found["outcome"],
        "error": found["error"],
        "remoteAddress": found["remoteAddress"],
        "responseStatus": None,
    }
    if response is not None:
        headers = {one["name"]: one["value"] for one in response["headers"] if one["name"].lower() in _TELLING}
        told["responseStatus"] = response["status"]
        told["responseHeaders"] = untrusted(headers or None)
        told["responseBody"] = untrusted(response["body"])
        told["responseStored"] = response["stored"]
    return told
