"""Who a caller is: the holder of an API key, or of an access token or session made with one."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_address

from app.access import sessions, token_signer
from app.access.actor import Actor
from app.access.caller import Caller, granted
from app.access.known_keys import KnownKey, KnownKeys, digest
from app.access.known_workspaces import KnownWorkspaces
from app.access.sessions import Sessions
from app.access.token_signer import Claims, TokenSigner
from app.clock import Clock, rfc3339
from app.database.database import Database
from app.errors import Forbidden, Unauthenticated
from app.statuses import ActorKind, Scope

# Longer than any key or token that this program makes.
MAX_TOKEN_CHARACTERS = 1_000


@dataclass(frozen=True, slots=True)
class Authenticator:
    """Identifies callers by their credentials."""

    database: Database
    clock: Clock
    keys: KnownKeys
    signer: TokenSigner
    sessions: Sessions
    workspaces: KnownWorkspaces = field(default_factory=KnownWorkspaces)

    async def authenticate(self, token: str, source_address: str | None) -> Caller:
        """The caller that presents `token`, which is an API key or an access token or session made with one.

        Raises:
            Unauthenticated: the token is missing, not valid, or expired.
            Forbidden: it may not be used from this address.
        """
        now = self.clock.now()
        if not token:
            raise Unauthenticated("There is no API key; send one as `Authorization: Bearer <key>`.")
        if token.startswith(token_signer.PREFIX):
            claims = self.signer.read(token, now)
            key = await self.keys.find(self.database, "id", claims.api_key_id, now)
            holder = self._caller(key, now, digest(token), source_address)
            if claims.workspace_id is not None:
                await self._require_workspace(holder, claims.workspace_id, now)
            return _with_token(holder, claims)
        if len(token) > MAX_TOKEN_CHARACTERS:
            raise Unauthenticated("The API key is not valid.")
        hashed = digest(token)
        if token.startswith(sessions.PREFIX):
            key_id = await self.sessions.key_of(token)
            if key_id is None:
                raise Unauthenticated("The session has ended; sign in again.")
            key = await self.keys.find(self.database, "id", key_id, now)
            return self._caller(key, now, hashed, source_address)
        key = await self.keys.find(self.database, "key_hash", hashed, now)
        return self._caller(key, now, hashed, source_address)

    async def _require_workspace(self, holder: Caller, workspace_id: str, now: datetime) -> None:
        """Make sure that a key's holder may act in another workspace, and that it is there."""
        exists = await self.workspaces.exists(self.database, workspace_id, now)
        if not exists or Scope.INSTALLATION not in holder.scopes:
            raise Unauthenticated("The workspace of this access token no longer exists.")

    def _caller(
        self, key: KnownKey | None, now: datetime, credential_digest: str, source_address: str | None
    ) -> Caller:
        """The holder of an API key that was presented itself or through a token made with it."""
        # The same words for an unknown and a revoked key: the holder of a stolen key learns nothing.
        if key is None or key.revoked:
            raise Unauthenticated("The API key is not valid.")
        if key.expires_at is not None and key.expires_at <= now:
            raise Unauthenticated(
                f"The API key expired at {rfc3339(key.expires_at)}; an administrator can make a new one."
            )
        _require_source(key, source_address)
        self.keys.note_use(key, now)
        return Caller(
            workspace_id=key.workspace_id,
            actor=Actor(ActorKind.API_KEY, key.id, key.name),
            scopes=key.scopes,
            api_key_id=key.id,
            source_address=source_address,
            expires_at=key.expires_at,
            credential_digest=credential_digest,
        )


def _with_token(holder: Caller, claims: Claims) -> Caller:
    """The holder of a token that the holder of a key made."""
    return replace(
        holder,
        workspace_id=claims.workspace_id or holder.workspace_id,
        narrowing=claims.narrowing,
        actor=claims.actor or replace(holder.actor, kind=ActorKind.ACCESS_TOKEN),
        scopes=frozenset(scope for scope in claims.scopes if granted(holder.scopes, scope)),
        expires_at=claims.expires_at,
        by_token=True,
    )


def _require_source(key: KnownKey, source_address: str | None) -> None:
    if not key.allowed_sources:
        return
    try:
        address: IPv4Address | IPv6Address = ip_address(source_address or "")
    except ValueError:
        raise Forbidden("This API key may only be used from certain addresses, and yours is not known.") from None
    # A dual-stack socket shows IPv4 callers as ::ffff:192.0.2.1.
    address = getattr(address, "ipv4_mapped", None) or address
    if not any(address in network for network in key.allowed_sources):
        raise Forbidden(f"This API key may not be used from {address}; it is not among the key's allowed sources.")
