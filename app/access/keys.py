"""API keys: who a caller is, and how keys come and go."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from app.access.caller import Caller
from app.models import ApiKey
from app.statuses import Scope

if TYPE_CHECKING:
    from app.resources import Resources


@dataclass(frozen=True, slots=True)
class CreatedKey:
    """A new key's row, and the key itself, which is shown this once."""

    api_key: ApiKey
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyDraft:
    """An API key to be made."""

    name: str
    scopes: Sequence[Scope]
    allowed_sources: Sequence[str] = ()
    expires_at: datetime | None = None


async def authenticate(resources: "Resources", token: str, source_address: str | None) -> Caller:
    """The caller that presents `token` (a key, or an access token) from `source_address`."""
    raise NotImplementedError


async def create_key(resources: "Resources", caller: Caller, draft: KeyDraft) -> CreatedKey:
    raise NotImplementedError


async def revoke_key(resources: "Resources", caller: Caller, key_id: str) -> ApiKey:
    raise NotImplementedError


async def bootstrap(resources: "Resources") -> str | None:
    raise NotImplementedError
