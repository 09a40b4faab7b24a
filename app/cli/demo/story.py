"""The steps of the demonstration, from the start of a server to the last delivery."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import orjson

from app.cli.api import Api
from app.cli.demo.narration import Narrator
from app.cli.demo.operations import CREATE_WEBHOOK, EXAMPLES, FOLLOW, OUTCOME, PUBLISH_EVENTS
from app.cli.demo.processes import Program, next_line, running
from app.cli.demo.summary import Summary
from app.cli.failures import Refused

# One of each category; the second goes to both webhooks.
EVENT_TYPES = ("conversation.created", "ticket.created", "agent.response", "system.maintenance")
# How often the second receiver answers 503, and the retry schedule of its webhook.
FAILURES = 2
RETRY_DELAYS_SECONDS = (1, 2)
# Generous, because a busy machine starts a program in many times the second that it usually takes. One that ends is
# noticed at once.
START_SECONDS = 60.0
DELIVERY_SECONDS = 60.0


@dataclass(slots=True)
class Receiver:
    """A listener in a separate process, and the requests that it got."""

    name: str
    program: Program
    url: str
    secret: str
    deliveries: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class Live:
    """Counts of what was seen so far."""

    begun: asyncio.Event = field(default_factory=asyncio.Event)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    updates: int = 0
    requests: int = 0
    expected: int = 0
    succeeded: set[str] = field(default_factory=set)

    def add(self, update: Mapping[str, Any]) -> None:
        """Count an update of the subscription."""
        self.updates += 1
        if update["attempt"] is not None and update["attempt"]["outcome"] == "SUCCEEDED":
            self.succeeded.add(update["delivery"]["id"])
        self.changed.set()


async def tell(narrator: Narrator, directory: Path) -> Summary:
    """Run the demonstration and return its summary.

    Raises:
        Refused: something did not start, or not everything arrived in time.
    """
    began, live = monotonic(), Live()
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(_server(narrator, directory))
        receivers = await _receivers(stack, narrator, directory)
        watching = [_watch(receiver, live, narrator) for receiver in receivers]
        beside = await stack.enter_async_context(_beside(_follow(api, live, narrator), *watching))
        await _unless_failed(beside, _events_go_out(api, live, receivers, narrator))
        return await _sum_up(api, live, receivers, monotonic() - began)


async def _events_go_out(api: Api, live: Live, receivers: tuple[Receiver, Receiver], narrator: Narrator) -> None:
    try:
        async with asyncio.timeout(DELIVERY_SECONDS):
            await live.begun.wait()
            await _create_webhooks(api, receivers, narrator)
            live.expected = await _publish(api, narrator)
            while len(live.succeeded) < live.expected or live.requests < live.expected + FAILURES:
                live.changed.clear()
                await live.changed.wait()
    except TimeoutError:
        done = f"{len(live.succeeded)} of {live.expected} deliveries had succeeded"
        raise Refused(f"After {DELIVERY_SECONDS:g} seconds {done}; {live.requests} requests had come.") from None


@asynccontextmanager
async def _server(narrator: Narrator, directory: Path) -> AsyncIterator[Api]:
    narrator.step("A server starts, with an SQLite file of its own and one admin key.")
    key = secrets.token_urlsafe(24)
    settings = {"ENVIRONMENT": "development", "PORT": "0", "DATA_DIR": str(directory), "BOOTSTRAP_API_KEY": key}
    async with running("server", ["serve"], directory, settings) as program:
        greeting = await next_line(program, START_SECONDS)
        url = greeting.rpartition(" ")[2].removesuffix("/dashboard")
        narrator.say(greeting)
        async with Api(url, key) as api:
            yield api


async def _receivers(stack: AsyncExitStack, narrator: Narrator, directory: Path) -> tuple[Receiver, Receiver]:
    narrator.step("Two receivers listen; each verifies signatures with the secret of its webhook.")
    failing = ["--fail-first", str(FAILURES)]
    steady, shaky = [
        await stack.enter_async_context(_receiver(name, directory, misbehaving))
        for name, misbehaving in (("steady", []), ("shaky", failing))
    ]
    narrator.say(f"steady, at {steady.url}, answers 200.")
    narrator.say(f"shaky, at {shaky.url}, answers 503 to its first {FAILURES} requests, then recovers.")
    return steady, shaky


@asynccontextmanager
async def _receiver(name: str, directory: Path, misbehaving: list[str]) -> AsyncIterator[Receiver]:
    async with running(name, ["listen", "--port", "0", "--json", *misbehaving], directory, {}) as program:
        said = orjson.loads(await next_line(program, START_SECONDS))
        yield Receiver(name, program, said["url"], said["secret"])


async def _create_webhooks(api: Api, receivers: tuple[Receiver, Receiver], narrator: Narrator) -> None:
    narrator.step("Two webhooks are made with createWebhook.")
    steady, shaky = receivers
    for receiver, event_types, delays in ((steady, ["*"], None), (shaky, ["ticket.*"], RETRY_DELAYS_SECONDS)):
        policy = {} if delays is None else {"retryPolicy": {"delaysSeconds": delays}}
        fields = {"name": receiver.name, "url": receiver.url, "secret": receiver.secret, "eventTypes": event_types}
        webhook = (await api.change(CREATE_WEBHOOK, fields | policy))["webhook"]
        narrator.say(f"{webhook['id']} sends {', '.join(event_types)} to {receiver.name}.")


async def _publish(api: Api, narrator: Narrator) -> int:
    """Publish one event of each category, and return how many deliveries that makes."""
    narrator.step("One event of each category is published, and followed live with subscription deliveryUpdates.")
    examples = {kind["name"]: kind["example"] for kind in (await api.ask(EXAMPLES))["eventTypes"]}
    events = [{"type": name, "data": examples[name]} for name in EVENT_TYPES]
    published = await api.change(PUBLISH_EVENTS, {"events": events})
    count: int = published["deliveryCount"]
    narrator.say(f"publishEvents took {len(published['events'])} events, which makes {count} deliveries.")
    return count


async def _follow(api: Api, live: Live, narrator: Narrator) -> None:
    async with aclosing(api.follow(FOLLOW)) as messages:
        async for message in messages:
            live.begun.set()  # the first comes at once; from here on nothing is missed
            for update in message["deliveryUpdates"]["updates"]:
                narrator.update(update)
                live.add(update)
    raise Refused("The server ended the subscription.")


async def _watch(receiver: Receiver, live: Live, narrator: Narrator) -> None:
    while True:
        delivery = orjson.loads(await next_line(receiver.program, DELIVERY_SECONDS))
        narrator.received(receiver.name, delivery)
        receiver.deliveries.append(delivery)
        live.requests += 1
        live.changed.set()


async def _sum_up(api: Api, live: Live, receivers: tuple[Receiver, Receiver], seconds: float) -> Summary:
    deliveries = (await api.ask(OUTCOME))["deliveries"]["nodes"]
    outcomes = [attempt["outcome"] for delivery in deliveries for attempt in delivery["attempts"]["nodes"]]
    requests = [delivery for receiver in receivers for delivery in receiver.deliveries]
    return Summary(
        events=len(EVENT_TYPES),
        deliveries=live.expected,
        succeeded=sum(delivery["status"] == "SUCCEEDED" for delivery in deliveries),
        attempts=len(outcomes),
        failed_attempts=sum(outcome != "SUCCEEDED" for outcome in outcomes),
        requests=len(requests),
        verified=sum(delivery["verified"] for delivery in requests),
        live_updates=live.updates,
        seconds=seconds,
    )


@asynccontextmanager
async def _beside(*work: Coroutine[Any, Any, None]) -> AsyncIterator[list[asyncio.Task[None]]]:
    """Run coroutines in the background until the block ends."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _unless_failed(beside: list[asyncio.Task[None]], work: Coroutine[Any, Any, None]) -> None:
    """Do the work, or raise the error of a background task that fails first."""
    async with _beside(work) as [main]:
        done, _ = await asyncio.wait([main, *beside], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
