"""Listens at an address, without the rest of the web server."""

import socket

from app.settings import SettingsError

# The same as Uvicorn's.
_BACKLOG = 2_048


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens at an address.

    It listens from the start: two sockets may be bound to one port, and only the second to listen is refused.

    Raises:
        SettingsError: it cannot listen there.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(_BACKLOG)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise SettingsError(
            [f'HOST is "{host}" and PORT is {port}: the server cannot listen there, for {error.strerror or error}.']
        ) from None
    return listener


def url_of(listener: socket.socket, scheme: str) -> str:
    """The address at which a socket listens."""
    host, port = listener.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
