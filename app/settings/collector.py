"""URLs of collectors of traces."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator


def _checked(url: str | None) -> str | None:
    if url is None:
        return None
    message = "it must be a URL such as http://collector:4318."
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(message) from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise ValueError(message)
    return url


EndpointUrl = Annotated[str | None, AfterValidator(_checked)]
