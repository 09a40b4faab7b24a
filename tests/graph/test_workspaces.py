"""Every list contains the rows of one workspace only, however it is filtered."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.ids import API_KEY, ATTEMPT, AUDIT_ENTRY, DELIVERY, EVENT, WEBHOOK
from graph import listings
from graph.cursors import window
from graph.pagination import Listing, fetch_page
from tests.world import open_world

LISTINGS: list[tuple[str, Callable[[str], Listing[Any]]]] = [
    (WEBHOOK, lambda workspace_id: listings.webhooks(workspace_id, None)),
    (EVENT, lambda workspace_id: listings.events(workspace_id, None)),
    (DELIVERY, lambda workspace_id: listings.deliveries(workspace_id, None)),
    (ATTEMPT, listings.attempts),
    (API_KEY, listings.api_keys),
    (AUDIT_ENTRY, listings.audit_log),
]


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_a_list_holds_the_rows_of_its_workspace_and_of_no_other(database_url: str, tmp_path: Path) -> None:
    async with open_world(database_url, tmp_path) as world:
        await world.webhook()
        await world.publish()
        await world.until_status("SUCCEEDED")

        found = {}
        for prefix, listing in LISTINGS:
            for workspace_id in (world.caller.workspace_id, "ws_other"):
                asked = window(prefix, None, None, None, None)
                page = await fetch_page(world.resources.database, listing(workspace_id), asked)
                found[prefix, workspace_id] = len(page.rows)

    assert {prefix for (prefix, workspace_id), rows in found.items() if rows and workspace_id == "ws_other"} == set()
    assert {prefix for (prefix, _), rows in found.items() if rows} == {prefix for prefix, _ in LISTINGS}
