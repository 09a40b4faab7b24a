"""Workspaces, API keys and the audit log on a running server, for `eev-webhooks workspace …`, `key …` and `audit …`
with a URL.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.cli.failures import Refused
from app.cli.remote import connected, listed

if TYPE_CHECKING:
    from app.access.audit_chain import Finding, Head
    from app.access.verify_audit import Chain, Verdict

_WORKSPACE = "id name externalId createdAt"
_KEY = "id name hint scopes allowedSources createdAt expiresAt lastUsedAt revokedAt"
_ERRORS = "userErrors { message path }"
_CREATE_WORKSPACE = f"""
mutation ($input: CreateWorkspaceInput!) {{
  createWorkspace(input: $input) {{ created workspace {{ {_WORKSPACE} }} {_ERRORS} }}
}}
"""
_LIST_WORKSPACES = f"""
query ($first: Int, $after: String) {{
  workspaces(first: $first, after: $after) {{ nodes {{ {_WORKSPACE} }} pageInfo {{ hasNextPage endCursor }} }}
}}
"""
_DELETE_WORKSPACE = (
    f"mutation ($input: WorkspaceIdInput!) {{ deleteWorkspace(input: $input) {{ deletedId {_ERRORS} }} }}"
)
_CREATE_KEY = f"""
mutation ($input: CreateApiKeyInput!) {{ createApiKey(input: $input) {{ key apiKey {{ {_KEY} }} {_ERRORS} }} }}
"""
_LIST_KEYS = f"""
query ($first: Int, $after: String) {{
  apiKeys(first: $first, after: $after) {{ nodes {{ {_KEY} }} pageInfo {{ hasNextPage endCursor }} }}
}}
"""
_REVOKE_KEY = f"mutation ($input: ApiKeyIdInput!) {{ revokeApiKey(input: $input) {{ apiKey {{ {_KEY} }} {_ERRORS} }} }}"
_CHAIN = "{ auditChain { number hash expiredNumber expiredHash } }"
_LIST_ENTRIES = """
query ($first: Int, $after: String) {
  auditLog(first: $first, after: $after) {
    nodes { id number previousHash hash hashedText } pageInfo { hasNextPage endCursor }
  }
}
"""
_OWN = "{ viewer { workspace { id name } } }"
# More workspaces or keys than a person reads.
_MOST = 10_000
# Some minutes of reading, and some hundred megabytes.
_MOST_ENTRIES = 500_000


async def create_workspace(url: str, key: str, name: str, external_id: str | None) -> dict[str, Any]:
    """Create a workspace, or find it by its external ID."""
    async with connected(url, key) as api:
        made = await api.change(_CREATE_WORKSPACE, {"name": name, "externalId": external_id})
    return {"workspace": made["workspace"], "created": made["created"]}


async def list_workspaces(url: str, key: str) -> list[dict[str, Any]]:
    """The workspaces of the installation, oldest first."""
    async with connected(url, key) as api:
        return (await listed(api, _LIST_WORKSPACES, {}, _MOST))[::-1]


async def delete_workspace(url: str, key: str, workspace_id: str) -> str:
    """Delete a workspace."""
    async with connected(url, key) as api:
        deleted_id: str = (await api.change(_DELETE_WORKSPACE, {"id": workspace_id}))["deletedId"]
    return deleted_id


async def create_key(url: str, key: str, workspace_id: str | None, draft: Mapping[str, Any]) -> dict[str, Any]:
    """Create an API key in the workspace of the key in use."""
    async with connected(url, key) as api:
        await _require_own(api, workspace_id)
        made = await api.change(_CREATE_KEY, draft)
    return {"apiKey": made["apiKey"], "key": made["key"]}


async def list_keys(url: str, key: str, workspace_id: str | None) -> list[dict[str, Any]]:
    """The API keys of the workspace of the key in use, oldest first."""
    async with connected(url, key) as api:
        await _require_own(api, workspace_id)
        return (await listed(api, _LIST_KEYS, {}, _MOST))[::-1]


async def revoke_key(url: str, key: str, key_id: str) -> dict[str, Any]:
    """Revoke an API key of the workspace of the key in use."""
    async with connected(url, key) as api:
        revoked: dict[str, Any] = (await api.change(_REVOKE_KEY, {"id": key_id}))["apiKey"]
    return revoked


async def verify_audit(url: str, key: str, workspace_id: str | None, noted: "Head | None") -> "Verdict":
    """Read the audit log of the workspace of the key in use, and verify it here."""
    from app.access.audit_chain import Verification
    from app.access.verify_audit import Verdict

    async with connected(url, key) as api:
        await _require_own(api, workspace_id)
        while True:
            chain = await _chain(api)
            verification = Verification(chain.expired, noted)
            entries = await listed(api, _LIST_ENTRIES, {}, _MOST_ENTRIES)
            finding = _first_finding(entries, chain, verification)
            # Retention may have deleted entries meanwhile, which then look as if they were taken away.
            if finding is None or (await _chain(api)).expired == chain.expired:
                return Verdict(chain, finding, verification.noted_has_expired)


async def _chain(api: Any) -> "Chain":
    from app.access.audit_chain import Head
    from app.access.verify_audit import Chain

    found = (await api.ask(_CHAIN))["auditChain"]
    return Chain(Head(found["number"], found["hash"]), Head(found["expiredNumber"], found["expiredHash"]))


def _first_finding(entries: list[dict[str, Any]], chain: "Chain", verification: Any) -> "Finding | None":
    """The first entry that does not fit. Entries that were written after `chain` was read are left out."""
    from app.access.audit_chain import Kept, Link

    numbered = [entry for entry in entries if entry["number"] is not None and entry["number"] <= chain.head.number]
    beside = [entry for entry in entries if entry["number"] is None]
    for entry in (*sorted(numbered, key=lambda entry: int(entry["number"])), *beside):
        link = None if entry["number"] is None else Link(entry["number"], entry["previousHash"], entry["hash"])
        finding: Finding | None = verification.take(Kept(entry["id"], link, entry["hashedText"]))
        if finding is not None:
            return finding
    ended: Finding | None = verification.end(chain.head)
    return ended


async def _require_own(api: Any, workspace_id: str | None) -> None:
    if workspace_id is None:
        return
    own = (await api.ask(_OWN))["viewer"]["workspace"]
    if own["id"] != workspace_id:
        raise Refused(
            f"The key in use belongs to the workspace {own['id']} ({own['name']}), and only manages its keys; use"
            f" a key of {workspace_id}, or run this on the host without a URL."
        )
