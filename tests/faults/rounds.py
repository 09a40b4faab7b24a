"""One round: publish and follow, let one fault happen, wait until everything has come to rest, and compare."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from app.clock import rfc3339
from tests.faults import changes, checks
from tests.faults.changes import Changes
from tests.faults.client import Client
from tests.faults.fault import Fault, Happened
from tests.faults.follower import Follower, following
from tests.faults.installation import Installation
from tests.faults.load import Load, Published, publishing
from tests.faults.patients import Patients
from tests.faults.programs import NotInTime, until
from tests.faults.receiver import ALERTS, CONTACT, FLAKY, GONE, QUICK, SLOW
from tests.patience import PATIENCE_SECONDS

# Before the fault at most, and after everything is well again.
LEAD_SECONDS = 1.5
TAIL_SECONDS = 0.5
TIMEOUT_SECONDS = 4

_EXAMPLES = "{ eventTypes { name example } }"
_CREATE = """
mutation($input: CreateWebhookInput!) {
  createWebhook(input: $input) { webhook { id } secret userErrors { code message path } }
}
"""


@dataclass
class Result:
    """Result of a round."""

    fault: str
    events: int = 0
    deliveries: int = 0
    repeated: int = 0
    lost: int = 0
    stuck: int = 0
    uncounted: int = 0
    doubles: int = 0
    held: int = 0
    gaps: int = 0
    missed: int = 0
    alerts: int = 0
    alerts_lost: int = 0
    alert_doubles: int = 0
    accounting_wrong: int = 0
    holes: int = 0
    again_seconds: float | None = None
    again_within: float = 0.0
    start_seconds: float = 0.0
    recovery_seconds: float = 0.0
    problems: list[str] = field(default_factory=list)


@dataclass
class Site:
    """An installation with its webhooks, its load, its followers and the webhooks that change their state."""

    at: Installation
    load: Load
    followers: Sequence[Follower]
    patients: Patients
    secrets: dict[str, str]
    chance: random.Random

    async def round(self, fault: Fault) -> Result:
        """Let one fault happen while events are published, and return the result."""
        result = Result(fault.name)
        began, after = time.time(), self.load.numbered
        published, gaps = len(self.load.published), self._gaps()
        try:
            await self.patients.fall_ill()
            self.load.resume()
            for kind in checks.ONCE:
                await self.load.publish_one(kind)
            await asyncio.sleep(self.chance.uniform(0.3, LEAD_SECONDS))
            happened = await fault.do(self.at, self.chance)
            await self._recovered(result, happened)
            await asyncio.sleep(TAIL_SECONDS)
            await self.load.pause()
            await self._drained(result, after)
            at_rest = await self.patients.at_rest(after)
            await self.patients.mend(after)
            self._changed(result, await self.patients.changes(at_rest, happened, after))
            new = self.load.published[published:]
            await self._seen(after)
        except (NotInTime, TimeoutError, AssertionError) as error:
            result.problems.append(f"{type(error).__name__}: {error}")
            result.problems += [program.last_words() for program in self.at.programs]
            await self._settle(result)
            return result
        found = await self._compare(result, happened, new, after, began)
        result.problems += checks.slow(found) if fault.prompt else []
        result.gaps = self._gaps() - gaps
        if result.gaps and not fault.gap:
            result.problems.append(f"{result.gaps} gaps were told, although nothing was forgotten.")
        result.problems += self._surprises()
        return result

    async def _recovered(self, result: Result, happened: Happened) -> None:
        await self.at.well(self.at.programs, PATIENCE_SECONDS)
        result.recovery_seconds = time.time() - happened.began
        result.start_seconds = happened.start_seconds
        result.again_seconds, result.again_within = happened.again_seconds, happened.again_within
        if (happened.again_seconds or 0.0) > happened.again_within:
            result.problems.append(
                f"What was held went out again after {happened.again_seconds:.1f} s,"
                f" and may take {happened.again_within:g} s."
            )

    async def _drained(self, result: Result, after: int) -> None:
        async def none_open() -> bool:
            return await self.at.truth.open_deliveries(after) == 0

        try:
            await until("every delivery was completed", none_open, PATIENCE_SECONDS)
        except NotInTime as error:
            rows = self.patients.of_round(await self.at.truth.deliveries(after))
            stuck = [row for row in rows if row["status"] in {"PENDING", "RETRYING"}]
            result.stuck = len(stuck)
            raise NotInTime(f"{error} Stuck are {len(stuck)}, such as {stuck[:3]}.") from None

    async def _seen(self, after: int) -> None:
        """Give followers time; the comparison finds what they did not see by then."""
        rows = self.patients.of_round(await self.at.truth.deliveries(after))

        async def all_seen() -> bool:
            return all(
                row["status"] in seen for row in rows for seen in (f.seen.get(row["id"], ()) for f in self.followers)
            )

        with suppress(NotInTime):
            await until("followers had seen everything", all_seen, PATIENCE_SECONDS)

    async def _compare(
        self, result: Result, happened: Happened, new: Sequence[Published], after: int, began: float
    ) -> checks.Found:
        truth = self.at.truth
        nobodys = await truth.pings() | {""}  # The suite's own tries of the receiver name no event.
        requests = [
            request
            for request in self.at.journal.requests(began)
            if request.pair.event_id not in nobodys and request.pair.path != CONTACT
        ]
        found = checks.Found(
            published=new,
            events=await truth.events(after),
            deliveries=self.patients.of_round(await truth.deliveries(after)),
            attempts=self.patients.of_round(await truth.attempts(after)),
            requests=requests,
            secrets=self.secrets,
            held=happened.held,
            seen=[follower.seen for follower in self.followers],
            accounts=await truth.accounts(),
            alerts=await self.patients.new_alerts(),
        )
        result.events, result.deliveries = len(new), len(found.expected)
        result.repeated = sum(event.tries > 1 for event in new)
        lost_alerts = [pair for pair in checks.lost(found) if pair.path == ALERTS]
        result.alerts_lost += len(lost_alerts)
        result.holes = checks.holes(found)
        result.lost, result.stuck = len(checks.lost(found)) - len(lost_alerts), len(checks.stuck(found))
        result.uncounted = len(checks.uncounted(found))
        result.doubles = sum(checks.doubles(found).values())
        result.held = len(happened.held)
        result.problems += checks.problems(found)
        return found

    def _changed(self, result: Result, found: Changes) -> None:
        result.alerts = len(found.alerts)
        result.missed = found.at_rest.accounts[GONE]["missedWhileDisabled"]
        result.alerts_lost, result.alert_doubles = len(changes.untold(found)), len(changes.told_again(found))
        result.accounting_wrong = len(changes.miscounted(found))
        result.problems += changes.problems(found)

    def _gaps(self) -> int:
        return sum(follower.gaps for follower in self.followers)

    def _surprises(self) -> list[str]:
        surprises = [*self.load.client.surprises, *(s for follower in self.followers for s in follower.surprises)]
        self.load.client.surprises.clear()
        for follower in self.followers:
            follower.surprises.clear()
        return [f"A client was told: {surprise}" for surprise in surprises]

    async def _settle(self, result: Result) -> None:
        """Stop publishing after a round that failed, so that the next one begins at rest."""
        try:
            await self.load.pause()
        except TimeoutError:
            result.problems.append("No server takes events any more.")


@asynccontextmanager
async def open_site(at: Installation, chance: random.Random, *, followers: int = 2) -> AsyncIterator[Site]:
    """Register the webhooks, and start to publish (paused) and to follow."""
    client = at.client(chance)
    webhooks = {**checks.WANTED, ALERTS: ["webhook.*", "delivery.exhausted"]}
    registered = {path: await _register(at, client, path, types) for path, types in webhooks.items()}
    ids = {path: payload["webhook"]["id"] for path, payload in registered.items()}
    known = (await client.ask(_EXAMPLES))["eventTypes"]
    examples: dict[str, Any] = {kind["name"]: kind["example"] for kind in known if kind["name"] in checks.EVENT_TYPES}
    load = Load(client, examples, checks.USUAL, [ids[path] for path in (QUICK, SLOW, FLAKY)], chance)
    patients = Patients(at, client, ids, load.published)
    since = rfc3339(datetime.now(UTC))
    watching = [Follower(at.client(chance), chance, at.urls, since) for _ in range(followers)]
    secrets = {path: payload["secret"] for path, payload in registered.items()}
    async with following(watching), publishing(load):
        yield Site(at, load, watching, patients, secrets, chance)


async def _register(at: Installation, client: Client, path: str, types: Iterable[str]) -> dict[str, Any]:
    given = {
        "name": path,
        "url": f"{at.receiver_url}{path}",
        "eventTypes": sorted(types),
        "retryPolicy": {"delaysSeconds": [1] * 20},
        # Less than a lease: a frozen process finds, when it continues, that its requests in flight have failed,
        # although they succeeded for its successor. If it could overwrite that, the comparison would show it.
        "timeoutSeconds": TIMEOUT_SECONDS,
    }
    payload: dict[str, Any] = (await client.ask(_CREATE, input=given))["createWebhook"]
    assert not payload["userErrors"], payload["userErrors"]
    return payload
