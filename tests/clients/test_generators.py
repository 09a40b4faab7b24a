"""Generators read schema.graphql and write code that compiles, and operations that the server answers."""

import json
import shutil
from pathlib import Path

from tests.clients.conftest import Ask, create_webhook
from tests.clients.program import HERE, PACKAGES, run

SCHEMA = HERE.parents[1] / "schema.graphql"


def project(name: str, directory: Path) -> Path:
    """Copy a project of this directory to a writable place, with the schema and the packages beside it."""
    copy = directory / name
    shutil.copytree(HERE / name, copy)
    shutil.copy(SCHEMA, copy)
    shutil.copy(HERE / "package.json", copy)
    (copy / "node_modules").symlink_to(PACKAGES)
    (copy / "generated").mkdir()
    return copy


async def test_relay_pages_through_connections_and_refetches_by_node(tmp_path: Path, ask: Ask) -> None:
    relay = project("relay", tmp_path)
    (relay / "operations.json").write_text("{}")  # the compiler appends to it, and needs it to exist
    made = {create_webhook(ask, url) for url in ("http://127.0.0.1:2/one", "http://127.0.0.1:2/two")}

    await run("relay-compiler", "relay.config.json", directory=relay)

    operations: list[str] = list(json.loads((relay / "operations.json").read_text()).values())
    listed = named("WebhooksPaginationQuery", operations)
    more_of_node = named("WebhooksDeliveriesPaginationQuery", operations)
    first = ask(listed, count=1)["webhooks"]
    second = ask(listed, count=1, cursor=first["pageInfo"]["endCursor"])["webhooks"]
    pages = [first, second]
    assert {edge["node"]["id"] for page in pages for edge in page["edges"]} == made
    assert [page["pageInfo"]["hasNextPage"] for page in pages] == [True, False]
    for webhook_id in made:
        assert ask(more_of_node, id=webhook_id)["node"]["id"] == webhook_id


def named(name: str, operations: list[str]) -> str:
    """The query with a name."""
    [found] = [text for text in operations if f"query {name}(" in text]
    return found


async def test_code_generator_makes_documents_that_know_what_the_schema_says(tmp_path: Path) -> None:
    codegen = project("codegen", tmp_path)

    await run("graphql-codegen", "--config", "codegen.ts", directory=codegen)

    await run("tsc", "--project", ".", directory=codegen)  # also fails if a mistake in program.ts goes unnoticed
