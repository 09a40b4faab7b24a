"""API keys: who a caller is, and how keys come and go. Only a key's hash is stored; the key itself is shown once."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING

from app.access import audit, tokens
from app.access.caller import Caller, system
from app.access.known_keys import KnownKey, digest
from app.clock import rfc3339
from app.database.database import Statements
from app.errors import Forbidden, Problem, Rejected, Unauthenticated, UserErrorCode, not_found, rejected
from app.ids import API_KEY, WORKSPACE, is_id, new_id
from app.models import ApiKey, Workspace
from app.networks import parse_networks
from app.statuses import Scope
from app.texts import MAX_NAME_CHARACTERS, one_line

if TYPE_CHECKING:
    from app.resources import Resources

PREFIX = "eev_"
_RANDOM_BYTES = 30  # 40 characters of base64url
# Longer than any key or token that this program makes.
MAX_TOKEN_CHARACTERS = 1_000
_ALL_SCOPES = frozenset(Scope)


@dataclass(frozen=True, slots=True)
class KeyDraft:
    """An API key to be made."""

    name: str
    scopes: Sequence[Scope]
    allowed_sources: Sequence[str] = ()
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CreatedKey:
    """A new key's row, and the key itself, which is shown this once."""

    api_key: ApiKey
    key: str = field(repr=False)


async def authenticate(resources: "Resources", token: str, source_address: str | None) -> Caller:
    """The caller that presents `token`, an API key or an access token made with one, from an address.

    Raises:
        Unauthenticated: the token is missing, not valid, or expired.
        Forbidden: it may not be used from this address.
    """
    now = resources.clock.now()
    if not token:
        raise Unauthenticated("There is no API key; send one as `Authorization: Bearer <key>`.")
    if token.startswith(tokens.PREFIX):
        claims = resources.tokens.read(token, now)
        key = await resources.keys.find(resources.database, "id", claims.api_key_id, now)
        return _caller(resources, key, now, digest(token), source_address, claims.scopes)
    if len(token) > MAX_TOKEN_CHARACTERS:
        raise Unauthenticated("The API key is not valid.")
    hashed = digest(token)
    key = await resources.keys.find(resources.database, "key_hash", hashed, now)
    return _caller(resources, key, now, hashed, source_address, _ALL_SCOPES)


async def flush_last_used(resources: "Resources") -> int:
    """Write down when keys were used, off the requests' path; periodic. Returns how many keys' rows changed."""
    return await resources.keys.write_uses(resources.database)


async def create_key(resources: "Resources", caller: Caller, draft: KeyDraft) -> CreatedKey:
    """Make an API key for the caller's workspace. An administrator may give it any scope.

    Raises:
        Forbidden: the caller lacks ADMIN.
        Rejected: all that is wrong with the draft at once.
    """
    caller.require(Scope.ADMIN)
    at = resources.clock.now()
    problems: list[Problem] = []
    checked = _checked(problems, draft, at)
    if problems:
        raise Rejected(problems)
    key = PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
    async with resources.database.transaction() as statements:
        api_key = await _insert_key(statements, caller, checked, key, at)
    return CreatedKey(api_key, key)


async def revoke_key(resources: "Resources", caller: Caller, key_id: str) -> ApiKey:
    """End an API key and every access token made with it, within two seconds in all processes. Twice is no error.

    Raises:
        Forbidden: the caller lacks ADMIN.
        Rejected: NOT_FOUND; CONFLICT for the workspace's last valid key with ADMIN.
    """
    caller.require(Scope.ADMIN)
    at = resources.clock.now()
    async with resources.database.transaction() as statements:
        # All are locked, so that two administrators cannot revoke each other's last key at once.
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
    resources.keys.forget(key_id)
    return api_key


async def bootstrap(resources: "Resources") -> str | None:
    """On an empty database, make a workspace with an API key that may do everything; safe in several processes at once.

    Returns:
        The key, to be shown this once; None where there is a workspace already.

    Raises:
        ValueError: BOOTSTRAP_API_KEY cannot be a key.
    """
    given = resources.settings.bootstrap_api_key
    key = PREFIX + secrets.token_urlsafe(_RANDOM_BYTES) if given is None else _usable(given.get_secret_value())
    at = resources.clock.now()
    async with resources.database.transaction() as statements:
        if statements.dialect == "postgres":  # on SQLite, a transaction is the only writer
            await statements.execute("LOCK TABLE workspace IN SHARE ROW EXCLUSIVE MODE")
        if await statements.fetch_one("SELECT id FROM workspace LIMIT 1") is not None:
            return None
        workspace = await create_workspace(statements, "default", at)
        draft = KeyDraft("bootstrap", tuple(Scope))
        await _insert_key(statements, system(workspace.id), draft, key, at)
    return key


async def create_workspace(statements: Statements, name: str, at: datetime) -> Workspace:
    """Make a workspace without anything in it."""
    workspace = Workspace(id=new_id(WORKSPACE, at), name=name, created_at=at)
    await workspace.save(using_db=statements.orm, force_create=True)
    await audit.record(statements, system(workspace.id), "workspace.created", workspace.id, {"name": [None, name]}, at)
    return workspace


def _caller(
    resources: "Resources",
    key: KnownKey | None,
    now: datetime,
    credential_digest: str,
    source_address: str | None,
    scopes: frozenset[Scope],
) -> Caller:
    # The same words for a key that never was and one that was revoked: who holds a stolen key learns nothing.
    if key is None or key.revoked:
        raise Unauthenticated("The API key is not valid.")
    if key.expires_at is not None and key.expires_at <= now:
        raise Unauthenticated(f"The API key expired at {rfc3339(key.expires_at)}; an administrator can make a new one.")
    _require_source(key, source_address)
    resources.keys.note_use(key, now)
    return Caller(
        workspace_id=key.workspace_id,
        actor=f"{key.name} ({key.id})",
        scopes=key.scopes & scopes,
        api_key_id=key.id,
        source_address=source_address,
        credential_digest=credential_digest,
    )


def _require_source(key: KnownKey, source_address: str | None) -> None:
    if not key.allowed_sources:
        return
    try:
        address: IPv4Address | IPv6Address = ip_address(source_address or "")
    except ValueError:
        raise Forbidden("This API key may only be used from certain addresses, and yours is not known.") from None
    # A socket for both families shows IPv4 callers as ::ffff:192.0.2.1.
    address = getattr(address, "ipv4_mapped", None) or address
    if not any(address in network for network in key.allowed_sources):
        raise Forbidden(f"This API key may not be used from {address}; it is not among the key's allowed sources.")


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
    if key.startswith(tokens.PREFIX):
        raise ValueError(f"BOOTSTRAP_API_KEY begins with {tokens.PREFIX}, as access tokens do; choose another one.")
    return key
