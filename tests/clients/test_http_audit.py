"""GraphQL over HTTP, audited by the package of the specification's authors."""

import json

from tests.app.cli.installed import KEY
from tests.clients.program import run

# The audits of graphql-http 1.23: every MUST, SHOULD and MAY of the specification that is visible from outside.
AUDITS = 61


async def test_the_server_passes_every_audit_of_graphql_over_http(server: str) -> None:
    output = await run("node", "programs/audit.mjs", SERVER_URL=f"{server}/graphql", API_KEY=KEY)

    results = [json.loads(line) for line in output.splitlines()]
    assert [result for result in results if result["status"] != "ok"] == []
    assert len(results) == AUDITS
