"""GraphQL over HTTP, audited by the package of the specification's authors."""

import json

from tests.app.cli.installed import KEY
from tests.clients.program import run

# What graphql-http 1.23 asks for: every MUST, SHOULD and MAY of the specification that can be seen from outside.
AUDITS = 61


async def test_the_server_passes_every_audit_of_graphql_over_http(server: str) -> None:
    output = await run("node", "programs/audit.mjs", SERVER_URL=f"{server}/graphql", API_KEY=KEY)

    results = [json.loads(line) for line in output.splitlines()]
    assert [result for result in results if result["status"] != "ok"] == []
    assert len(results) == AUDITS
