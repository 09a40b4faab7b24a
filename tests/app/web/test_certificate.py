"""TLS that ends at the server: its certificate is read from files, and again when they change."""

import asyncio
import json
import ssl
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from app.settings import SettingsError, load_settings
from app.web.certificate import Certificate
from tests.app.web.running import Running
from tests.certificates import client_context, write_certificate
from tests.patience import PATIENCE_SECONDS

OLD, NEW = ("127.0.0.1", "old.example"), ("127.0.0.1", "new.example")


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate and its key."""
    certificate, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    write_certificate(OLD, certificate, key)
    return certificate, key


async def shown(certificate: Certificate, trusted: tuple[str, ...]) -> bool:
    """Whether a new connection gets the certificate of these names."""

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0, ssl=certificate.context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client_context(trusted))
        except ssl.SSLError:
            return False
        writer.close()
        return True


async def test_a_certificate_that_changes_is_shown_to_the_next_connection(files: tuple[Path, Path]) -> None:
    certificate = Certificate(*files)
    before = await shown(certificate, OLD)

    write_certificate(NEW, *files)
    with capture_logs() as logs:
        certificate.reread()
        certificate.reread()

    assert (before, await shown(certificate, NEW), await shown(certificate, OLD)) == (True, True, False)
    assert [entry["event"] for entry in logs] == ["tls.certificate_reread"]


async def test_a_certificate_that_is_replaced_behind_a_link_is_noticed(
    tmp_path: Path, files: tuple[Path, Path]
) -> None:
    link = tmp_path / "current.crt"
    link.symlink_to(files[0])
    certificate = Certificate(link, files[1])
    renewed = tmp_path / "renewed.crt"

    write_certificate(NEW, renewed, files[1])
    (tmp_path / "next.crt").symlink_to(renewed)
    (tmp_path / "next.crt").replace(link)
    certificate.reread()

    assert await shown(certificate, NEW)


async def test_half_of_a_renewal_changes_nothing_until_the_other_half_is_there(
    tmp_path: Path, files: tuple[Path, Path]
) -> None:
    certificate = Certificate(*files)
    other_key = tmp_path / "new.key"

    write_certificate(NEW, files[0], other_key)
    with capture_logs() as logs:
        certificate.reread()
    after_half = await shown(certificate, OLD)
    files[1].write_bytes(other_key.read_bytes())
    certificate.reread()

    assert [entry["event"] for entry in logs] == ["tls.certificate_refused"]
    assert (after_half, await shown(certificate, NEW)) == (True, True)


async def test_files_that_vanish_or_hold_nonsense_change_nothing(files: tuple[Path, Path]) -> None:
    certificate = Certificate(*files)

    for spoil in (lambda: files[0].write_text("nonsense", encoding="utf-8"), files[0].unlink):
        spoil()
        certificate.reread()

    assert await shown(certificate, OLD)


@pytest.mark.parametrize("content", [None, "nonsense", ""])
def test_a_certificate_that_cannot_be_used_stops_the_start_with_a_sentence(
    tmp_path: Path, files: tuple[Path, Path], content: str | None
) -> None:
    bad = tmp_path / "bad.crt"
    if content is not None:
        bad.write_text(content, encoding="utf-8")

    with pytest.raises(SettingsError, match=r'^TLS_CERTIFICATE_FILE is ".*bad\.crt": the certificate and its key'):
        Certificate(bad, files[1])


def test_a_key_without_a_certificate_is_refused(files: tuple[Path, Path]) -> None:
    with pytest.raises(SettingsError, match=r"TLS_KEY_FILE is .* it needs TLS_CERTIFICATE_FILE beside it"):
        load_settings(_env_file=None, tls_key_file=files[1])


def test_a_server_with_a_certificate_speaks_https_and_wss_and_takes_up_a_renewal(
    tmp_path: Path, files: tuple[Path, Path]
) -> None:
    settings = {"tls_certificate_file": str(files[0]), "tls_key_file": str(files[1])}
    with Running(tmp_path / "data", **settings) as running:
        alive = httpx.get(f"{running.url}/health/live", verify=client_context(OLD), timeout=PATIENCE_SECONDS)
        socket_url = f"wss{running.url.removeprefix('https')}/graphql"
        with connect(socket_url, ssl=client_context(OLD), subprotocols=[Subprotocol("graphql-transport-ws")]) as socket:
            socket.send(json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {running.key}"}}))
            acknowledged = str(socket.recv(timeout=PATIENCE_SECONDS))
        write_certificate(NEW, *files)
        running.until_logged("tls.certificate_reread")
        renewed = httpx.get(f"{running.url}/health/live", verify=client_context(NEW), timeout=PATIENCE_SECONDS)
        stopped = running.stop()

    assert running.url.startswith("https://")
    assert (alive.status_code, renewed.status_code, stopped) == (200, 200, 0)
    assert alive.headers["strict-transport-security"] == "max-age=31536000"
    assert "connection_ack" in acknowledged


@pytest.mark.parametrize("hsts_seconds", ["0", "60"])
def test_browsers_are_told_to_insist_on_https_only_for_as_long_as_is_set(
    tmp_path: Path, files: tuple[Path, Path], hsts_seconds: str
) -> None:
    settings = {"tls_certificate_file": str(files[0]), "tls_key_file": str(files[1]), "hsts_seconds": hsts_seconds}
    with Running(tmp_path / "data", **settings) as running:
        answer = httpx.get(f"{running.url}/health/live", verify=client_context(OLD), timeout=PATIENCE_SECONDS)

    assert answer.headers.get("strict-transport-security") == (None if hsts_seconds == "0" else "max-age=60")


def test_over_plain_http_no_answer_says_that_there_is_https(tmp_path: Path) -> None:
    with Running(tmp_path / "data", trusted_proxies="127.0.0.0/8") as running:
        forwarded = {"x-forwarded-proto": "https"}
        answer = httpx.get(f"{running.url}/health/live", headers=forwarded, timeout=PATIENCE_SECONDS)

    assert "strict-transport-security" not in answer.headers
