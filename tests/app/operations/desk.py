"""The domain with webhooks, published events and deliveries in any state, for operations to work on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.access.caller import Caller
from app.clock import to_micros
from app.database.database import Row
from app.ids import ATTEMPT, PROBLEM, new_id
from app.models import Operation
from app.operations.begin import Matched
from app.operations.run import run_due_operations
from app.publishing.draft import EventDraft
from app.webhooks.fields import WebhookDraft
from app.webhooks.lifecycle import create_webhook
from tests.clock import FakeClock
from tests.domain import Domain, open_domain

TICKET = {"ticket": {"id": "tkt_1", "subject": "The printer is on fire", "status": "open", "priority": "urgent"}}

_INSERT_ATTEMPT = (
    "INSERT INTO attempt (id, workspace_id, delivery_id, webhook_id, worker_id, number, trigger, started_at,"
    " duration_us, outcome, request_method, request_url, request_headers, response_truncated)"
    " VALUES ($1, $2, $3, $4, 'wrk', $5, 'FIRST', $6, 1, 'SUCCEEDED', 'POST', 'https://example.com', '[]', false)"
)


@dataclass(frozen=True, slots=True)
class Desk:
    """The domain, with short helpers for common steps."""

    domain: Domain

    async def webhook(self, caller: Caller | None = None, **draft: Any) -> str:
        """Register a webhook, by default for all tickets; return its ID."""
        given = {"name": "Test", "url": "https://example.com/hook", "event_types": ["ticket.*"], **draft}
        created = await create_webhook(self.domain.resources, caller or self.domain.caller, WebhookDraft(**given))
        return created.webhook.id

    async def publish(
        self, count: int = 1, event_type: str = "ticket.created", caller: Caller | None = None, **ticket: Any
    ) -> list[str]:
        """Publish events a millisecond apart; return their IDs."""
        ids = []
        data = {"ticket": TICKET["ticket"] | ticket}
        for _ in range(count):
            self.domain.clock.advance(0.001)
            publish = self.domain.resources.publisher.publish
            committed = await publish(caller or self.domain.caller, [EventDraft(event_type, data)], batch=False)
            ids.append(committed.events[0].row.id)
        return ids

    async def become(self, status: str, **where: Any) -> None:
        """Give deliveries a status, as attempts would."""
        given = list(where.items())
        conditions = "".join(f" AND {name} = ${number}" for number, (name, _) in enumerate(given, 3))
        done = status not in {"PENDING", "RETRYING"}
        await self.domain.resources.database.execute(
            "UPDATE delivery SET status = $1, attempt_count = 1, retries_used = 3, trigger = 'RETRY',"
            f" next_attempt_at = {'NULL' if done else '$2'}, completed_at = {'$2' if done else 'NULL'} WHERE 1 = 1"
            + conditions,
            status,
            to_micros(self.domain.clock.now()),
            *(value for _, value in given),
        )

    async def attempt(self, times: int = 1) -> list[str]:
        """Record this many attempts of every delivery, at the present time; return their IDs."""
        at, ids = self.domain.clock.now(), []
        for delivery in await self.deliveries():
            for number in range(1, times + 1):
                ids.append(new_id(ATTEMPT, at))
                whose = (delivery["workspace_id"], delivery["id"], delivery["webhook_id"])
                await self.domain.resources.database.execute(_INSERT_ATTEMPT, ids[-1], *whose, number, to_micros(at))
        return ids

    async def problem(self, webhook_id: str, key: str = "k", **columns: Any) -> str:
        """Open a problem of a webhook that affects all its deliveries; return its ID."""
        at, database = self.domain.clock.now(), self.domain.resources.database
        [webhook] = await self.domain.rows("SELECT workspace_id FROM webhook WHERE id = $1", webhook_id)
        await database.execute(
            "UPDATE delivery SET problem_key = $1 WHERE webhook_id = $2", f"{webhook_id}.{key}", webhook_id
        )
        given = {
            "id": new_id(PROBLEM, at),
            "workspace_id": webhook["workspace_id"],
            "webhook_id": webhook_id,
            "key": f"{webhook_id}.{key}",
            "cause": "The receiver answered 500 Internal Server Error.",
            "outcome": "HTTP_ERROR",
            "response_status": 500,
            "status": "OPEN",
            "failures": 1,
            "opened_at": to_micros(at),
            "last_seen_at": to_micros(at),
            "resolved_at": None,
            "example_id": new_id(ATTEMPT, at),
            **columns,
        }
        places = ", ".join(f"${number}" for number in range(1, len(given) + 1))
        await database.execute(f"INSERT INTO problem ({', '.join(given)}) VALUES ({places})", *given.values())
        return str(given["id"])

    async def deliveries(self, **where: Any) -> list[Row]:
        """Rows of `delivery`, oldest first."""
        conditions = "".join(f" AND {name} = ${number}" for number, name in enumerate(where, 1))
        return await self.domain.rows(f"SELECT * FROM delivery WHERE 1 = 1{conditions} ORDER BY id", *where.values())

    async def statuses(self, **where: Any) -> list[str]:
        """Their statuses, oldest first."""
        return [row["status"] for row in await self.deliveries(**where)]

    async def done(self, matched: Matched) -> Operation:
        """Let a worker, which has kept its lease, do all the work; return the operation afterwards."""
        await self.domain.resources.lease.renew()
        await run_due_operations(self.domain.resources, self.domain.resources.lease)
        return await self.operation(matched)

    async def operation(self, matched: Matched) -> Operation:
        """The operation as it is now."""
        assert matched.operation is not None
        return await Operation.get(id=matched.operation.id, using_db=self.domain.resources.database.orm)


@asynccontextmanager
async def open_desk(database_url: str, directory: Path, clock: FakeClock) -> AsyncIterator[Desk]:
    """Open the domain on a migrated database."""
    async with open_domain(database_url, directory, clock) as domain:
        yield Desk(domain)
