"""The certificate that the server presents if TLS ends at it, read again when its files change.

The next connection uses a renewed certificate (certbot, cert-manager), without a restart; open connections keep the old
one. Files that cannot be used, such as a new certificate beside the old key, change nothing.
"""

import asyncio
import ssl
from pathlib import Path

import structlog

from app.settings import Settings, SettingsError

log = structlog.get_logger()

LOOK_SECONDS = 5.0

_Version = tuple[tuple[int, int, int], ...]


class Certificate:
    """A certificate with its chain, and its key, which may be in the same file.

    Raises:
        SettingsError: the files cannot be used.
    """

    def __init__(self, certificate: Path, key: Path | None) -> None:
        self._files = (certificate,) if key is None else (certificate, key)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.set_alpn_protocols(["http/1.1"])
        try:
            self._seen = self._version()
            self.context.load_cert_chain(*self._files)
        except (OSError, ssl.SSLError) as error:
            reason = _reason(error)
            raise SettingsError(
                [f'TLS_CERTIFICATE_FILE is "{certificate}": the certificate and its key cannot be used: {reason}.']
            ) from None

    @classmethod
    def of(cls, settings: Settings) -> "Certificate | None":
        """The certificate that the settings name, if they name one."""
        if settings.tls_certificate_file is None:
            return None
        return cls(settings.tls_certificate_file, settings.tls_key_file)

    async def follow(self) -> None:
        """Check the files periodically, until canceled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await asyncio.to_thread(self.reread)

    def reread(self) -> None:
        """Read the files if they have changed; new connections then use their contents."""
        try:
            version = self._version()
            if version == self._seen:
                return
            self._seen = version
            # If a pair does not match, the context would keep the half that it has taken.
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*self._files)
            self.context.load_cert_chain(*self._files)
        except (OSError, ssl.SSLError) as error:
            log.error("tls.certificate_refused", reason=_reason(error), hint="The certificate before it stays in use.")
        else:
            log.info("tls.certificate_reread")

    def _version(self) -> _Version:
        """Metadata that changes when a file is written or replaced, also behind a symbolic link."""
        found = [path.stat() for path in self._files]
        return tuple((stat.st_mtime_ns, stat.st_size, stat.st_ino) for stat in found)


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "they are not in PEM").lower().replace("_", " ")
    return f"{error.strerror} ({error.filename})" if error.filename else str(error.strerror)
