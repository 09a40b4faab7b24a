"""Batches the loads of many fields of one response into one statement each, and returns stored rows, from which
`graph.types` makes objects of the API.

Every statement is filtered by workspace, and waits until the operation's writes are committed (`graph.early`). Loaders
cache what they loaded, so each operation, each message of a subscription and each mutation gets fresh ones.
"""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property, partial
from typing import Any, NamedTuple, TypeVar

from strawberry.dataloader import DataLoader
from tortoise import Model
from tortoise.expressions import Q

from app.access.caller import NOBODY, Caller
from app.database.batch import Columns
from app.delivery.policy import DeliveryPolicy
from app.feed import Feed, FeedAsked, read_feeds
from app.keeping import ALL, Keeping
from app.models import ApiKey, Contact, Operation, Secret, Webhook
from app.problems.affected import count_affected
from app.registry import KnownEventType
from app.resources import Resources
from app.stats.accounting import Accounting, AccountingAsked, account
from app.stats.measure import DeliveryStats, measure_webhooks
from app.statuses import Scope
from app.webhooks.health.fetch import Health, fetch_health
from app.webhooks.live_secrets import live_secrets
from graph.early import EarlyAnswer
from graph.pagination import Children, Page, fetch_pages
from graph.rows import (
    EventBody,
    ResponseBody,
    RowType,
    StoredAttempt,
    StoredAuditEntry,
    StoredDelivery,
    StoredEvent,
    StoredProblem,
    StoredWorkspace,
    columns_of,
    row_of,
)
from graph.seen import seen, seen_ids

Stored = TypeVar("Stored", bound=Model)
Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

# Of the keys of one statement. PostgreSQL allows 32,767 parameters, SQLite 32,766.
MAX_BATCH = 5_000

_IDS: Columns = (("asked_id", "text"),)


# The caller's own workspace exists while it is being deleted, until every process knows that its key is revoked.
_WORKSPACES = (
    f"SELECT {columns_of(StoredWorkspace)} FROM workspace JOIN {{rows}} AS asked ON id = asked_id"
    " WHERE deleted_at IS NULL OR id = $1"
)
_WEBHOOK_COUNTS = (
    "SELECT workspace_id, count(*) AS webhooks FROM webhook JOIN {rows} AS asked ON workspace_id = asked_id"
    " WHERE deleted_at IS NULL{seen} GROUP BY workspace_id"
)


def rows_by_id(table: str, columns: str) -> str:
    """The statement that reads the rows with some IDs in the workspace $1.

    It searches by ID and then compares the workspace: with an index on workspace_id, SQLite would scan all of a
    workspace's rows, and all IDs for each.
    """
    return (
        f"SELECT {columns} FROM {table} JOIN {{rows}} AS asked ON {table}.id = asked.asked_id"
        " WHERE coalesce(workspace_id, '') = $1"
    )


class StatsOfWebhook(NamedTuple):
    """The arguments of a webhook's statistics."""

    webhook_id: str
    since: datetime | None
    until: datetime | None
    buckets: int | None
    attempts: bool


class Loaders:
    """The loaders of one operation of one caller."""

    def __init__(self, resources: Resources, caller: Caller, early: EarlyAnswer) -> None:
        self._resources = resources
        self._caller = caller
        self.early = early
        # By the ID of a webhook. A field that finds it here needs no task, and a page has a hundred such fields.
        self.known_health: dict[str, Health] = {}

    async def know_health(self, webhook_ids: list[str]) -> None:
        """Read the health of a page of webhooks into `known_health`."""
        found = await _health(self._resources, self._caller, webhook_ids)
        self.known_health |= zip(webhook_ids, found, strict=True)

    @classmethod
    def of_nobody(cls, resources: Resources) -> "Loaders":
        """Loaders that find nothing, for clients that are not authenticated."""
        return cls(resources, NOBODY, EarlyAnswer())

    def fresh(self, caller: Caller) -> "Loaders":
        """Loaders that have loaded nothing yet."""
        return Loaders(self._resources, caller, self.early)

    @cached_property
    def workspaces(self) -> DataLoader[str, StoredWorkspace | None]:
        """By id: the caller's own; with INSTALLATION all that are not deleted."""
        return self._loader(_workspaces)

    @cached_property
    def webhook_counts(self) -> DataLoader[str, int]:
        """Number of webhooks by the id of a workspace that was loaded before."""
        return self._loader(_webhook_counts)

    @cached_property
    def webhooks(self) -> DataLoader[str, Webhook | None]:
        """By id, deleted ones too: their deliveries still show them."""
        return self._loader(partial(_models, Webhook, "webhook"))

    @cached_property
    def health(self) -> DataLoader[str, Health]:
        """By the id of a webhook of the workspace."""
        return self._loader(_health)

    @cached_property
    def stats(self) -> DataLoader[StatsOfWebhook, DeliveryStats]:
        """By the webhook, which belongs to the workspace, and the arguments; those with equal arguments together."""
        return self._loader(_stats)

    @cached_property
    def feeds(self) -> DataLoader[FeedAsked, Feed]:
        """By the webhook, which belongs to the workspace, and the arguments."""
        return self._loader(_feeds)

    @cached_property
    def accounting(self) -> DataLoader[AccountingAsked, Accounting]:
        """By the webhook, which is one of the workspace, and the time range."""
        return self._loader(_accounting)

    @cached_property
    def secrets(self) -> DataLoader[str, list[Secret]]:
        """Those that sign now, by the id of a webhook that was loaded before."""
        return self._loader(_secrets)

    @cached_property
    def api_keys(self) -> DataLoader[str, ApiKey | None]:
        """By id, revoked ones too."""
        return self._loader(partial(_models, ApiKey, "api_key"))

    @cached_property
    def events(self) -> DataLoader[str, StoredEvent | None]:
        """By id."""
        return self._rows("event", StoredEvent)

    @cached_property
    def event_bodies(self) -> DataLoader[str, EventBody | None]:
        """By event id: apart from the rest, because they may be large and are not always asked for."""
        return self._rows("event", EventBody)

    @cached_property
    def deliveries(self) -> DataLoader[str, StoredDelivery | None]:
        """By id."""
        return self._rows("delivery", StoredDelivery)

    @cached_property
    def attempts(self) -> DataLoader[str, StoredAttempt | None]:
        """By id."""
        return self._rows("attempt", StoredAttempt)

    @cached_property
    def response_bodies(self) -> DataLoader[str, ResponseBody | None]:
        """By attempt id, apart from the rest."""
        return self._rows("attempt", ResponseBody)

    @cached_property
    def live_secrets(self) -> DataLoader[str, Secret | None]:
        """By id, if they still sign."""
        return self._loader(_live_secrets)

    @cached_property
    def contacts(self) -> DataLoader[str, Contact | None]:
        """By id."""
        return self._loader(partial(_models, Contact, "contact"))

    @cached_property
    def event_types(self) -> DataLoader[str, KnownEventType | None]:
        """By id, built-in and archived ones too."""
        return self._loader(_event_types)

    @cached_property
    def audit_entries(self) -> DataLoader[str, StoredAuditEntry | None]:
        """By id."""
        return self._rows("audit_entry", StoredAuditEntry)

    @cached_property
    def problems(self) -> DataLoader[str, StoredProblem | None]:
        """By id."""
        return self._rows("problem", StoredProblem)

    @cached_property
    def affected(self) -> DataLoader[str, int]:
        """Number of deliveries, or one more than is counted, by the key of a problem that was loaded before."""
        return self._loader(_affected)

    @cached_property
    def pages(self) -> DataLoader[Children[Any], Page[Any]]:
        """Pages of lists that belong to one parent each."""
        return self._loader(_pages)

    @cached_property
    def operations(self) -> DataLoader[str, Operation | None]:
        """By id."""
        return self._loader(partial(_models, Operation, "operation"))

    async def page(self, children: Children[RowType]) -> Page[RowType]:
        """A page of a list that belongs to one parent."""
        page: Page[RowType] = await self.pages.load(children)
        return page

    @cached_property
    def keeping(self) -> DataLoader[str, Keeping]:
        """What is kept of events, by the name of an event type."""
        return self._loader(_keeping)

    async def event_body(self, event_id: str) -> str:
        """The body of an event that is there."""
        found = await self.event_bodies.load(event_id)
        assert found is not None
        return found.body

    def _loader(
        self, load: Callable[[Resources, Caller, list[Key]], Awaitable[Sequence[Value]]]
    ) -> DataLoader[Key, Value]:
        # Without `self`, because a reference cycle stays until garbage is collected, and makes collections slower.
        of_batch = partial(_load, load, self._resources, self._caller, self.early)
        return DataLoader(of_batch, max_batch_size=MAX_BATCH)

    def _rows(self, table: str, row_type: type[RowType]) -> DataLoader[str, RowType | None]:
        return self._loader(partial(_rows, table, row_type))


async def _load(
    load: Callable[[Resources, Caller, list[Key]], Awaitable[Sequence[Value]]],
    resources: Resources,
    caller: Caller,
    early: EarlyAnswer,
    keys: list[Key],
) -> Sequence[Value]:
    """Load once the operation's writes can be read, because readers have separate connections."""
    await early.committed()
    return await load(resources, caller, keys)


async def _rows(
    table: str, row_type: type[RowType], resources: Resources, caller: Caller, ids: list[str]
) -> list[RowType | None]:
    condition, values = caller.narrowing.and_sql(table, after=1)
    statement = rows_by_id(table, columns_of(row_type)) + condition
    rows = await resources.database.fetch_rows(statement, _IDS, [(id_,) for id_ in ids], caller.workspace_id, *values)
    found = {row["id"]: row_of(row_type, row) for row in rows}
    return [found.get(id_) for id_ in ids]


async def _workspaces(resources: Resources, caller: Caller, ids: list[str]) -> list[StoredWorkspace | None]:
    seen = ids if Scope.INSTALLATION in caller.scopes else [id_ for id_ in ids if id_ == caller.workspace_id]
    rows = await resources.database.fetch_rows(_WORKSPACES, _IDS, [(id_,) for id_ in seen], caller.workspace_id)
    found = {row["id"]: row_of(StoredWorkspace, row) for row in rows}
    return [found.get(id_) for id_ in ids]


async def _webhook_counts(resources: Resources, caller: Caller, workspace_ids: list[str]) -> list[int]:
    condition, values = caller.narrowing.and_sql("webhook", after=0)
    statement = _WEBHOOK_COUNTS.format(seen=condition, rows="{rows}")
    rows = await resources.database.fetch_rows(statement, _IDS, [(id_,) for id_ in workspace_ids], *values)
    counts = {row["workspace_id"]: int(row["webhooks"]) for row in rows}
    return [counts.get(id_, 0) for id_ in workspace_ids]


async def _affected(resources: Resources, caller: Caller, keys: list[str]) -> list[int]:
    return await count_affected(resources.database, caller, keys)


async def _models(
    model: type[Stored], table: str, resources: Resources, caller: Caller, ids: list[str]
) -> list[Stored | None]:
    known = await seen_ids(resources.database, caller, table, ids)
    query = model.filter(workspace_id=caller.workspace_id, id__in=known)
    found = {row.pk: row for row in await query.using_db(resources.database.orm)}
    return [found.get(id_) for id_ in ids]


async def _secrets(resources: Resources, _: Caller, webhook_ids: list[str]) -> list[list[Secret]]:
    live = await live_secrets(resources.database, webhook_ids, resources.clock.now())
    return [live.get(id_, []) for id_ in webhook_ids]


async def _health(resources: Resources, caller: Caller, webhook_ids: list[str]) -> list[Health]:
    policy = DeliveryPolicy.of(resources.settings)
    found = await fetch_health(
        resources.database,
        caller.workspace_id,
        webhook_ids,
        now=resources.clock.now(),
        breaker_threshold=policy.breaker.threshold,
        disable_after=policy.disable_after,
    )
    return [found[id_] for id_ in webhook_ids]


async def _feeds(resources: Resources, caller: Caller, asked: list[FeedAsked]) -> list[Feed]:
    found = await read_feeds(resources.database, caller.workspace_id, asked, narrowing=caller.narrowing)
    return [found[one] for one in asked]


async def _accounting(resources: Resources, caller: Caller, asked: list[AccountingAsked]) -> list[Accounting]:
    found = await account(resources.database, caller.workspace_id, asked)
    return [found[one] for one in asked]


async def _stats(resources: Resources, caller: Caller, asked: list[StatsOfWebhook]) -> list[DeliveryStats]:
    found: dict[StatsOfWebhook, DeliveryStats] = {}
    for arguments in dict.fromkeys(stats[1:] for stats in asked):
        together = [stats for stats in asked if stats[1:] == arguments]
        ids = [stats.webhook_id for stats in together]
        since, until, buckets, attempts = arguments
        measured = await measure_webhooks(resources, caller, ids, since, until, buckets, attempts=attempts)
        found |= dict(zip(together, measured, strict=True))
    return [found[stats] for stats in asked]


async def _live_secrets(resources: Resources, caller: Caller, ids: list[str]) -> list[Secret | None]:
    alive = Q(expires_at=None) | Q(expires_at__gt=resources.clock.now())
    known = await seen_ids(resources.database, caller, "secret", ids)
    query = Secret.filter(alive, id__in=known, workspace_id=caller.workspace_id)
    found = {secret.id: secret for secret in await query.using_db(resources.database.orm)}
    return [found.get(id_) for id_ in ids]


async def _keeping(resources: Resources, caller: Caller, names: list[str]) -> list[Keeping]:
    registry = await resources.registries.current(resources.database, caller.workspace_id)
    known = [registry.event_types.get(name) for name in names]
    return [ALL if event_type is None else event_type.keeping for event_type in known]


async def _event_types(resources: Resources, caller: Caller, ids: list[str]) -> list[KnownEventType | None]:
    registry = await resources.registries.current(resources.database, caller.workspace_id)
    found = {known.id: known for known in caller.narrowing.types(registry.event_types).values()}
    return [found.get(id_) for id_ in ids]


async def _pages(resources: Resources, caller: Caller, asked: list[Children[Any]]) -> list[Page[Any]]:
    return await fetch_pages(
        resources.database, [replace(children, listing=seen(caller, children.listing)) for children in asked]
    )
