"""Documents that are named instead of sent: by Apollo Client, and from the output of Relay and the code generator."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.app.cli.installed import KEY
from tests.clients.conftest import Home
from tests.clients.program import run
from tests.clients.test_generators import project
from tests.patience import PATIENCE_SECONDS


async def test_apollo_client_sends_a_document_once_and_then_its_hash(server: str) -> None:
    output = await run("node", "programs/apollo-persisted.mjs", SERVER_URL=f"{server}/graphql", API_KEY=KEY)

    lines = [json.loads(line) for line in output.splitlines()]
    assert [line["sent"] for line in lines if "sent" in line] == [
        {"method": "GET", "hash": True, "text": False},
        {"method": "POST", "hash": True, "text": True},
        {"method": "GET", "hash": True, "text": False},
    ]
    viewers = [line["viewer"] for line in lines if "viewer" in line]
    assert viewers[0]["workspace"]["name"] == "default"
    assert viewers[0] == viewers[1]
    assert lines[-1] == {"follows": True}


async def relay(directory: Path) -> Path:
    """The manifest that Relay's compiler writes."""
    copy = project("relay", directory)
    (copy / "operations.json").write_text("{}")
    await run("relay-compiler", "relay.config.json", directory=copy)
    return copy / "operations.json"


async def codegen(directory: Path) -> Path:
    """The manifest that the code generator writes."""
    copy = project("codegen", directory)
    output = {"preset": "client", "presetConfig": {"persistedDocuments": True}}
    config = {"schema": "schema.graphql", "documents": ["program.ts"], "generates": {"generated/": output}}
    (copy / "persisted.json").write_text(json.dumps(config))
    await run("graphql-codegen", "--config", "persisted.json", directory=copy)
    return copy / "generated" / "persisted-documents.json"


@pytest.mark.parametrize("manifest", [relay, codegen])
async def test_a_server_runs_what_is_in_a_manifest_and_nothing_else(home: Home, tmp_path: Path, manifest: Any) -> None:
    path = await manifest(tmp_path / "clients")
    home.settings["TRUSTED_DOCUMENTS"] = str(path)
    home.start()
    documents: dict[str, str] = json.loads(path.read_text())

    for document_id, text in documents.items():
        for named in ({"documentId": document_id}, {"query": text}):
            assert code_of(home, named) != "FORBIDDEN", text

    assert len(documents) >= 2
    assert code_of(home, {"query": "{ viewer { scopes } }"}) == "FORBIDDEN"


def code_of(home: Home, asked: dict[str, Any]) -> str | None:
    """The code of the error that answers a request; a variable may be missing."""
    headers = {"authorization": f"Bearer {KEY}"}
    answer = httpx.post(f"{home.url}/graphql", json=asked, headers=headers, timeout=PATIENCE_SECONDS).json()
    code: str | None = answer["errors"][0]["extensions"]["code"] if "errors" in answer else None
    return code
