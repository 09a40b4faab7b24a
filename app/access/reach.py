"""How far an access token reaches: in which workspace, over which webhooks and event types, and for whom it acts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.access.actor import MAX_ACTOR_CHARACTERS, Actor
from app.access.caller import Caller
from app.access.narrowing import Narrowing
from app.catalogue.explanation import quoted
from app.catalogue.patterns import is_pattern
from app.database.batch import Columns
from app.database.database import Database
from app.errors import Problem, UserErrorCode, not_found
from app.ids import WEBHOOK, WORKSPACE, is_id
from app.statuses import ActorKind, Scope
from app.texts import one_line

# A token carries them, and travels in a header.
MAX_WEBHOOKS = 50
MAX_EVENT_TYPES = 50

_IDS: Columns = (("asked_id", "text"),)
_WEBHOOKS = (
    "SELECT id FROM webhook JOIN {rows} AS asked ON id = asked_id WHERE workspace_id = $1 AND deleted_at IS NULL"
)


@dataclass(frozen=True, slots=True)
class Reach:
    """What a token is asked for beside its scopes. None: all of the caller's own workspace, as the caller's key."""

    workspace_id: str | None = None
    webhook_ids: Sequence[str] | None = None
    event_types: Sequence[str] | None = None
    actor_id: str | None = None
    actor_name: str | None = None

    @property
    def narrowing(self) -> Narrowing:
        """What the token is narrowed to."""
        return Narrowing.of(self.webhook_ids, self.event_types)

    def actor(self) -> Actor | None:
        """The person that the token acts for."""
        if self.actor_id is None:
            return None
        return Actor(ActorKind.PERSON, self.actor_id.strip(), self.actor_name and self.actor_name.strip())


async def reach_problems(database: Database, caller: Caller, reach: Reach, scopes: Sequence[Scope]) -> list[Problem]:
    """What is wrong with it.

    Raises:
        Forbidden: it is for another workspace, and the caller lacks INSTALLATION.
    """
    elsewhere = reach.workspace_id not in {None, caller.workspace_id}
    if elsewhere:
        caller.require(Scope.INSTALLATION)
    workspace_id = caller.workspace_id if reach.workspace_id is None else reach.workspace_id
    problems = [*_scope_problems(reach, scopes, elsewhere=elsewhere), *_type_problems(reach.event_types)]
    if reach.actor_id is not None:
        one_line(problems, reach.actor_id, "The actor's ID", MAX_ACTOR_CHARACTERS, "actor", "id")
        if reach.actor_name is not None:
            one_line(problems, reach.actor_name, "The actor's name", MAX_ACTOR_CHARACTERS, "actor", "name")
    if elsewhere and not await _exists(database, workspace_id):
        return [*problems, *not_found("workspace", workspace_id, "workspaceId", within="installation").problems]
    return [*problems, *await _webhook_problems(database, workspace_id, reach.webhook_ids)]


def _scope_problems(reach: Reach, scopes: Sequence[Scope], *, elsewhere: bool) -> Iterator[Problem]:
    for index, scope in enumerate(scopes):
        path = ("scopes", str(index))
        if scope is Scope.INSTALLATION and (elsewhere or reach.narrowing.is_narrowed):
            message = "A token for another workspace, or for a part of one, cannot have INSTALLATION; leave it out."
            yield Problem(message, path, UserErrorCode.INVALID)
        if scope is Scope.PUBLISH and reach.webhook_ids is not None:
            message = (
                "A token for some webhooks cannot have PUBLISH, because an event goes to every webhook that selects it;"
                " leave out PUBLISH, or webhookIds."
            )
            yield Problem(message, path, UserErrorCode.INVALID)


def _type_problems(patterns: Sequence[str] | None) -> Iterator[Problem]:
    if patterns is None:
        return
    if not patterns:
        message = "The list of event types is empty, so the token would see none; leave it out for all."
        yield Problem(message, ("eventTypes",), UserErrorCode.REQUIRED)
    if len(patterns) > MAX_EVENT_TYPES:
        message = f"There are {len(patterns)} event types; at most {MAX_EVENT_TYPES} are allowed. Patterns cover many."
        yield Problem(message, ("eventTypes",), UserErrorCode.TOO_MANY)
        return
    for index, pattern in enumerate(patterns):
        if not is_pattern(pattern):
            message = (
                f"{quoted(pattern)} is neither an event type nor a pattern; write a name such as"
                ' "ticket.created", the beginning of names such as "ticket.*", or "*".'
            )
            yield Problem(message, ("eventTypes", str(index)), UserErrorCode.INVALID)


async def _webhook_problems(database: Database, workspace_id: str, webhook_ids: Sequence[str] | None) -> list[Problem]:
    if webhook_ids is None:
        return []
    if not webhook_ids:
        message = "The list of webhooks is empty, so the token would see none; leave it out for all."
        return [Problem(message, ("webhookIds",), UserErrorCode.REQUIRED)]
    if len(webhook_ids) > MAX_WEBHOOKS:
        message = f"There are {len(webhook_ids)} webhooks; at most {MAX_WEBHOOKS} are allowed."
        return [Problem(message, ("webhookIds",), UserErrorCode.TOO_MANY)]
    # PostgreSQL has no text with a NUL character, and no ID has one.
    asked = [(id_,) for id_ in webhook_ids if is_id(WEBHOOK, id_)]
    known = {row["id"] for row in await database.fetch_rows(_WEBHOOKS, _IDS, asked, workspace_id)}
    return [
        problem
        for index, id_ in enumerate(webhook_ids)
        if id_ not in known
        for problem in not_found("webhook", id_, "webhookIds", str(index)).problems
    ]


async def _exists(database: Database, workspace_id: str) -> bool:
    statement = "SELECT id FROM workspace WHERE id = $1 AND deleted_at IS NULL"
    return is_id(WORKSPACE, workspace_id) and await database.fetch_one(statement, workspace_id) is not None
