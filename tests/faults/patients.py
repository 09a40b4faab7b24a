"""Makes webhooks change their state in every round, and mends them.

GONE answers 410 until the fault is over, so that it is disabled and misses events. AILING has been failing for days and
recovers. A contact expects the alert that GONE was disabled.
"""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from tests.faults import api
from tests.faults.changes import Account, AtRest, Changes, published_by_path
from tests.faults.client import Client
from tests.faults.fault import Happened
from tests.faults.installation import Installation
from tests.faults.journal import Request
from tests.faults.load import Published
from tests.faults.programs import NotInTime, until
from tests.faults.receiver import AILING, CONTACT, GONE, SAYS_GONE
from tests.faults.truth import Row, path_of
from tests.patience import PATIENCE_SECONDS

# Three of the five days after which a webhook is disabled by default.
AILING_MICROS = 3 * 86_400_000_000
# What looks for alerts by time alone runs every 10 s.
ALERT_SECONDS = 15.0

_ACCOUNTS = """
{ webhooks(first: 50) { nodes {
  name accounting { matched pending succeeded failed canceled missedWhileDisabled }
} } }
"""
_PROBLEMS = "query($id: ID!) { problems(filter: { webhookId: $id, statuses: [OPEN] }) { nodes { id } } }"
_RETRY = """
mutation($input: RetryDeliveriesInput!) { retryDeliveries(input: $input) { matched userErrors { message } } }
"""
_REPLAY = "mutation($input: ReplayEventsInput!) { replayEvents(input: $input) { matched userErrors { message } } }"


@dataclass
class Patients:
    """The webhooks that change their state.

    Args:
        webhook_ids: by path.
        published: all acknowledged events, as they are acknowledged.
    """

    at: Installation
    client: Client
    webhook_ids: Mapping[str, str]
    published: Sequence[Published]
    _contact_id: str | None = None
    _began: float = 0.0
    _known: set[str] = field(default_factory=set)
    _problems: Sequence[Row] = ()

    async def fall_ill(self) -> None:
        """Begin a round, while nothing is in flight."""
        truth = self.at.truth
        self._began = time.time()
        self._known = {row["id"] for row in [*await truth.alerts(), *await truth.disablings()]}
        self._problems = await truth.problems()
        await api.move_webhook(self.client, self.webhook_ids[GONE], f"{self.at.receiver_url}{SAYS_GONE}")
        await api.resume_webhook(self.client, self.webhook_ids[GONE])  # Active, unless the round before has failed.
        await truth.age_failures(AILING, int(time.time() * 1_000_000) - AILING_MICROS)
        await self._delete_contact()
        target = f"{self.at.receiver_url}{CONTACT}"
        self._contact_id = await api.create_contact(self.client, target, ["webhook.disabled"])

    async def new_alerts(self) -> list[Row]:
        """The alerts of this round."""
        return [row for row in await self.at.truth.alerts() if row["id"] not in self._known]

    def of_round(self, rows: Sequence[Row]) -> list[Row]:
        """The deliveries or attempts among these that do not belong to alerts of earlier rounds."""
        return [row for row in rows if row["event_id"] not in self._known]

    async def at_rest(self, after: int) -> AtRest:
        """The state of everything when only what waits for GONE is open."""
        await until("the webhook that answers 410 was disabled", self._is_disabled, PATIENCE_SECONDS)
        truth = self.at.truth
        attempts = self.of_round(await truth.attempts(after))
        deliveries = self.of_round(await truth.deliveries(after))
        return AtRest(
            failed=[row["id"] for row in deliveries if row["status"] == "FAILED"],
            disabled=await self._disabled(),
            problems=[row for row in await truth.problems() if row not in self._problems],
            failures=Counter(path_of(row) for row in attempts if row["outcome"] != "SUCCEEDED"),
            accounts=await self._accounts(),
            published=await self._published(),
        )

    async def mend(self, after: int) -> None:
        """Resume GONE, retry what it refused, and replay what it missed.

        Raises:
            NotInTime: not everything has been delivered.
        """
        gone = self.webhook_ids[GONE]
        problems = (await self.client.insist(_PROBLEMS, id=gone))["problems"]["nodes"]
        await api.move_webhook(self.client, gone, f"{self.at.receiver_url}{GONE}")
        await api.resume_webhook(self.client, gone)
        for problem in problems:
            await api.change(self.client, _RETRY, problemId=problem["id"])
        await api.change(self.client, _REPLAY, webhookId=gone, time={}, onlyMissing=True)

        async def all_delivered() -> bool:
            return await self.at.truth.not_delivered(after) == 0

        await until("what a disabled webhook refused and missed was delivered", all_delivered, PATIENCE_SECONDS)

    async def changes(self, at_rest: AtRest, happened: Happened, after: int) -> Changes:
        """What happened in the round, once all alerts have arrived or should have."""
        with suppress(NotInTime):
            await until("all alerts had arrived", partial(self._all_told, after), ALERT_SECONDS)
        await self._delete_contact()
        return Changes(
            at_rest=at_rest,
            alerts=await self.new_alerts(),
            accounts=await self._accounts(),
            published=await self._published(),
            told=self._messages(),
            held={pair.path for pair in happened.held},
        )

    async def _all_told(self, after: int) -> bool:
        alerts = await self.new_alerts()
        mended = any(row["type"] == "webhook.recovered" and self.webhook_ids[GONE] in row["body"] for row in alerts)
        told = any(request.succeeded for request in self._messages())
        return mended and told and await self.at.truth.open_deliveries(after) == 0

    def _messages(self) -> list[Request]:
        return [request for request in self.at.journal.requests(self._began) if request.pair.path == CONTACT]

    async def _is_disabled(self) -> bool:
        return GONE in await self._disabled()

    async def _disabled(self) -> list[str]:
        return [path_of(row) for row in await self.at.truth.disablings() if row["id"] not in self._known]

    async def _delete_contact(self) -> None:
        if self._contact_id is not None:
            await api.delete_contact(self.client, self._contact_id)
            self._contact_id = None

    async def _accounts(self) -> dict[str, Account]:
        nodes = (await self.client.insist(_ACCOUNTS))["webhooks"]["nodes"]
        return {node["name"]: node["accounting"] for node in nodes}

    async def _published(self) -> dict[str, int]:
        return published_by_path(self.published, len(await self.at.truth.alerts()))
