"""Workspaces and API keys on a running server, for `eev-webhooks workspace …` and `key …` with a URL."""

from collections.abc import Mapping
from typing import Any

from app.cli.failures import Refused
from app.cli.remote import connected, listed

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
_OWN = "{ viewer { workspace { id name } } }"
# More workspaces or keys than a person reads.
_MOST = 10_000


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


async def _require_own(api: Any, workspace_id: str | None) -> None:
    if workspace_id is None:
        return
    own = (await api.ask(_OWN))["viewer"]["workspace"]
    if own["id"] != workspace_id:
        raise Refused(
            f"The key in use belongs to the workspace {own['id']} ({own['name']}), and only manages its keys; use"
            f" a key of {workspace_id}, or run this on the host without a URL."
        )
