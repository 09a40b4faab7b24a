"""The audit of dependencies: one request, which fails for what is found and for nothing else."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tools.audit import REQUIREMENTS, Pin, advisories, main, pins


class Advisories:
    """A server like api.osv.dev, with advisories by the names of packages."""

    def __init__(self) -> None:
        self.known: dict[str, list[str]] = {}
        self.raw: bytes | None = None
        self.asked: list[dict[str, Any]] = []
        advisories = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                queries = json.loads(self.rfile.read(int(self.headers["content-length"])))["queries"]
                advisories.asked.append({"queries": queries})
                ids = [advisories.known.get(query["package"]["name"], []) for query in queries]
                results = [{"vulns": [{"id": each} for each in found]} if found else {} for found in ids]
                body = json.dumps({"results": results}).encode() if advisories.raw is None else advisories.raw
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1/querybatch"


@pytest.fixture
def server() -> Iterator[Advisories]:
    known = Advisories()
    thread = threading.Thread(target=known.server.serve_forever, args=[0.01])
    thread.start()
    yield known
    known.server.shutdown()
    thread.join()
    known.server.server_close()


def test_pins_are_read_as_pip_compile_writes_them() -> None:
    text = """\
# a comment
httpx[http2]==0.28.1 \\
    --hash=sha256:00
    # via eev-webhooks (pyproject.toml)
uvloop==0.22.1 ; sys_platform != "win32" \\
    --hash=sha256:00
"""

    assert pins([text, text]) == [Pin("httpx", "0.28.1"), Pin("uvloop", "0.22.1")]


def test_every_pinned_dependency_is_asked_for_in_one_request(server: Advisories) -> None:
    assert main(server.url) == 0

    [asked] = server.asked
    names = {query["package"]["name"] for query in asked["queries"]}
    pinned = sum(text.count("==") for text in (path.read_text(encoding="utf-8") for path in REQUIREMENTS))
    assert {"httpx", "uvicorn", "tortoise-orm", "pytest"} <= names
    assert len(asked["queries"]) >= pinned / 2  # The development requirements repeat most others.


def test_a_known_vulnerability_fails_and_is_named_with_a_link(
    server: Advisories, capsys: pytest.CaptureFixture[str]
) -> None:
    server.known = {"uvicorn": ["GHSA-xxxx"], "httpx": ["PYSEC-2030-1"]}

    assert main(server.url, accepted={"PYSEC-2030-1": "It concerns a proxy that is not used."}) == 1

    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("uvicorn ")
    assert line.endswith(": https://osv.dev/vulnerability/GHSA-xxxx")


@pytest.mark.parametrize("raw", [b"", b"[]", b'{"results": []}', b'{"results": [1]}', b"<html>"])
def test_an_answer_that_cannot_be_read_does_not_fail(
    server: Advisories, capsys: pytest.CaptureFixture[str], raw: bytes
) -> None:
    server.raw = raw

    assert main(server.url) == 0
    assert capsys.readouterr().out == (
        "Dependencies were not audited: 127.0.0.1 cannot be asked (it answers in an unknown form).\n"
    )


def test_without_a_network_the_audit_says_so_in_a_line_and_does_not_fail(capsys: pytest.CaptureFixture[str]) -> None:
    assert main("http://127.0.0.1:9/v1/querybatch") == 0

    [line] = capsys.readouterr().out.splitlines()
    assert line.startswith("Dependencies were not audited: 127.0.0.1 cannot be asked (")


def test_nothing_is_found_for_what_has_no_advisory(server: Advisories) -> None:
    server.known = {"bad": ["GHSA-1", "GHSA-2"]}

    assert advisories([Pin("bad", "1"), Pin("good", "2")], server.url) == {Pin("bad", "1"): ["GHSA-1", "GHSA-2"]}
