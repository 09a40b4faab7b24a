"""Short-lived access tokens for browsers: signed, never more than the caller's own scopes, stored nowhere."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from app.access.caller import Caller
from app.statuses import Scope

if TYPE_CHECKING:
    from app.resources import Resources


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token, which is shown this once, and when it ends."""

    expires_at: datetime
    token: str = field(repr=False)


async def create_access_token(
    resources: "Resources", caller: Caller, scopes: Sequence[Scope], expires_in_seconds: int
) -> AccessToken:
    raise NotImplementedError
