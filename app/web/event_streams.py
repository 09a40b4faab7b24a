"""Which requests stream events: their bodies have any length, and their reader bounds them line by line."""

from starlette.types import Scope

from app.web.middleware import header

PATH = "/events"
NDJSON = "application/x-ndjson"


def is_stream(scope: Scope) -> bool:
    """Whether a request publishes a stream of events."""
    return (
        scope["path"] == PATH and header(scope, b"content-type").partition(b";")[0].strip().lower() == NDJSON.encode()
    )
