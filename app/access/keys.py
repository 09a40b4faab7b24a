"""Creates and revokes API keys. Only a key's hash is stored; the key itself is shown once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from app.access import audit, sessions, token_signer
from app.access.caller import Caller, lacking, system
from app.access.key_format import new_key
from app.access.known_keys import KnownKeys, digest
from app.clock import rfc3339
from app.database.database import Statements
from app.errors import Forbidden, Problem, Rejected, UserErrorCode, not_found, rejected
from app.ids import API_KEY, WORKSPACE, is_id, new_id
from app.models import ApiKey, Workspace
from app.networks import parse_networks
from app.services import Services
from app.statuses import Scope
from app.texts import MAX_NAME_CHARACTERS, one_line


@dataclass(frozen=True, slots=True)
class KeyDraft:
    """An API key to be created."""

    name: str
    scopes: Sequence[Scope]
    allowed_sources: Sequence[str] = ()
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CreatedKey:
    """A new key's row, and the key itself, which is shown only now."""

    api_key: ApiKey
    key: str = field(repr=False)


async def create_key(services: Services, caller: Caller, draft: KeyDraft) -> CreatedKey:
    """Create an API key for the caller's workspace, with some of the caller's own scopes.

    Raises:
        Forbidden: the caller lacks ADMIN, or uses an access token.
        Rejected: all problems of the draft at once.
    """
    caller.require(Scope.ADMIN)
    if caller.by_token:
        raise Forbidden("An access token cannot create API keys, because they would outlive it; use an API key.")
    at = services.clock.now()
    problems: list[Problem] = []
    checked = _checked(problems, draft, at)
    problems += lacking(caller, draft.scopes)
    if problems:
        raise Rejected(problems)
    key = new_key()
    async with services.database.transaction() as statements:
        api_key = await _insert_key(statements, caller, checked, key, at)
    return CreatedKey(api_key, key)


async def revoke_key(services: Services, keys: KnownKeys, caller: Caller, key_id: str) -> ApiKey:
    """End an API key and every access token made with it, within a second in all processes. Revoking it twice is no
    error.

    Raises:
        Forbidden: the caller lacks ADMIN.
        Rejected: NOT_FOUND; CONFLICT for the workspace's last valid key with ADMIN.
    """
    caller.require(Scope.ADMIN)
    caller.require_whole_workspace("An API key")
    at = services.clock.now()
    async with services.database.transaction() as statements:
        # All keys are locked, so that two administrators cannot revoke each other's last key at the same time.
        query = ApiKey.filter(workspace_id=caller.workspace_id, revoked_at=None).using_db(statements.orm).order_by("id")
        valid = {
            key.id: key for key in await query.select_for_update() if key.expires_at is None or key.expires_at > at
        }
        api_key = valid.get(key_id) or await _find(statements, caller, key_id)
        if api_key.revoked_at is None:
            _require_other_admin(api_key, list(valid.values()))
            api_key.revoked_at = at
            await api_key.save(using_db=statements.orm, update_fields=["revoked_at"])
            changes = {"revokedAt": [None, rfc3339(at)]}
            await audit.record(statements, caller, "api_key.revoked", key_id, changes, at)
    keys.forget(key_id)
    return api_key


async def bootstrap(services: Services) -> str | None:
    """In an empty database, create a workspace with an API key that has every scope; safe in several processes at once.

    Returns:
        The key, which is shown only now; None if a workspace exists already.

    Raises:
        ValueError: BOOTSTRAP_API_KEY cannot be a key.
    """
    given = services.settings.bootstrap_api_key
    key = new_key() if given is None else _usable(given.get_secret_value())
    at = services.clock.now()
    async with services.database.transaction() as statements:
        if statements.dialect == "postgres":  # on SQLite, a transaction is the only writer
            await statements.execute("LOCK TABLE workspace IN SHARE ROW EXCLUSIVE MODE")
        if await statements.fetch_one("SELECT id FROM workspace LIMIT 1") is not None:
            return None
        workspace = await create_workspace(statements, "default", at)
        draft = KeyDraft("bootstrap", tuple(Scope))
        await _insert_key(statements, system(workspace.id), draft, key, at)
    return key


async def create_workspace(
    statements: Statements, name: str, at: datetime, external_id: str | None = None
) -> Workspace:
    """Create an empty workspace."""
    workspace = Workspace(id=new_id(WORKSPACE, at), name=name, external_id=external_id, created_at=at)
    await workspace.save(using_db=statements.orm, force_create=True)
    await audit.record(statements, system(workspace.id), "workspace.created", workspace.id, {"name": [None, name]}, at)
    return workspace


def _checked(problems: list[Problem], draft: KeyDraft, at: datetime) -> KeyDraft:
    if not draft.scopes:
        message = f"There is no scope; give at least one of {', '.join(Scope)}."
        problems.append(Problem(message, ("scopes",), UserErrorCode.REQUIRED))
    if draft.expires_at is not None and draft.expires_at <= at:
        message = f"The key would have expired at {rfc3339(draft.expires_at)}; give a time in the future, or none."
        problems.append(Problem(message, ("expiresAt",), UserErrorCode.INVALID))
    sources = parse_networks(problems, draft.allowed_sources, "The list of allowed sources", "allowedSources")
    return KeyDraft(
        name=one_line(problems, draft.name, "The name", MAX_NAME_CHARACTERS, "name"),
        scopes=[scope for scope in Scope if scope in draft.scopes],
        allowed_sources=tuple(map(str, sources)),
        expires_at=draft.expires_at,
    )


async def _insert_key(statements: Statements, caller: Caller, draft: KeyDraft, key: str, at: datetime) -> ApiKey:
    api_key = ApiKey(
        id=new_id(API_KEY, at),
        workspace_id=caller.workspace_id,
        name=draft.name,
        hint=key[-4:],
        key_hash=digest(key),
        scopes=list(draft.scopes),
        allowed_sources=list(draft.allowed_sources),
        created_at=at,
        expires_at=draft.expires_at,
    )
    await api_key.save(using_db=statements.orm, force_create=True)
    changes = {
        "name": [None, draft.name],
        "scopes": [None, draft.scopes],
        "allowedSources": [None, draft.allowed_sources],
    }
    if draft.expires_at is not None:
        changes["expiresAt"] = [None, rfc3339(draft.expires_at)]
    await audit.record(statements, caller, "api_key.created", api_key.id, changes, at)
    return api_key


async def _find(statements: Statements, caller: Caller, key_id: str) -> ApiKey:
    if is_id(API_KEY, key_id):
        for api_key in await ApiKey.filter(id=key_id, workspace_id=caller.workspace_id).using_db(statements.orm):
            return api_key
    raise not_found("API key", key_id)


def _require_other_admin(api_key: ApiKey, valid: Sequence[ApiKey]) -> None:
    if Scope.ADMIN in api_key.scopes and not any(key.id != api_key.id and Scope.ADMIN in key.scopes for key in valid):
        message = f"The key {api_key.id} is the last valid one with ADMIN; make another one first."
        raise rejected(UserErrorCode.CONFLICT, message, "id")


def _usable(key: str) -> str:
    for prefix, of in ((token_signer.PREFIX, "access tokens"), (sessions.PREFIX, "sessions")):
        if key.startswith(prefix):
            raise ValueError(f"BOOTSTRAP_API_KEY begins with {prefix}, as {of} do; choose another one.")
    return key
