"""Wake-ups never hold up a publisher, whatever the broker does."""

import asyncio
import threading

from app.waker import MAX_WAITING, WEBHOOKS_PER_MESSAGE, Waker
from tests.patience import PATIENCE_SECONDS


async def test_webhooks_are_sent_once_in_messages_of_bounded_size() -> None:
    sent: list[list[str]] = []
    waker = Waker(sent.append, blocking=False)

    waker.wake([f"wh_{n}" for n in range(30)])
    waker.wake(["wh_1", "wh_2"])
    await waker.drained()

    assert [len(message) for message in sent] == [WEBHOOKS_PER_MESSAGE, 5]
    assert len({webhook_id for message in sent for webhook_id in message}) == 30


async def test_a_broker_that_blocks_holds_up_nobody_on_the_loop() -> None:
    # Regression: Dramatiq's send() is a blocking round trip.
    release = threading.Event()
    sent: list[list[str]] = []

    def send(webhook_ids: list[str]) -> None:
        assert release.wait(PATIENCE_SECONDS), "The loop, which was to release it, stood still meanwhile."
        sent.append(webhook_ids)

    waker = Waker(send, blocking=True)
    waker.wake(["wh_1"])
    await asyncio.sleep(0)
    waker.wake(["wh_2", "wh_3"])  # Returns at once, and is collected for the next message.
    release.set()
    await waker.drained()

    assert sent == [["wh_1"], ["wh_2", "wh_3"]]


async def test_a_broker_that_fails_is_noted_and_forgotten_when_it_is_back() -> None:
    away = True

    def send(_: list[str]) -> None:
        if away:
            raise ConnectionError("refused")

    waker = Waker(send, blocking=False)
    waker.wake(["wh_1"])
    await waker.drained()
    assert waker.failing == "The broker does not answer: refused."

    away = False
    waker.wake(["wh_1"])
    await waker.drained()

    assert waker.failing is None


async def test_a_broker_that_is_back_is_noticed_without_another_wake_up() -> None:
    answers = iter([ConnectionError("refused"), ConnectionError("refused")])
    sent, back = list[list[str]](), asyncio.Event()

    def send(webhook_ids: list[str]) -> None:
        if error := next(answers, None):
            raise error
        sent.append(webhook_ids)
        back.set()

    waker = Waker(send, blocking=False, again_seconds=0)
    waker.wake(["wh_1"])
    async with asyncio.timeout(PATIENCE_SECONDS):
        await back.wait()
    await waker.drained()

    assert waker.failing is None
    assert sent == [["wh_1"]]


async def test_a_broker_that_is_full_is_distinguished_from_one_that_does_not_answer() -> None:
    def send(_: list[str]) -> None:
        raise ConnectionError("command not allowed when used memory > 'maxmemory'.")

    waker = Waker(send, blocking=False)
    waker.wake(["wh_1"])
    await waker.drained()

    assert waker.is_full
    assert (waker.failing or "").startswith("The broker is full: ")


async def test_what_waits_is_bounded() -> None:
    release = threading.Event()
    sent: list[str] = []

    def send(webhook_ids: list[str]) -> None:
        release.wait(PATIENCE_SECONDS)
        sent.extend(webhook_ids)

    waker = Waker(send, blocking=True)
    for n in range(MAX_WAITING + 500):
        waker.wake([f"wh_{n}"])
    release.set()
    await waker.drained()

    assert len(sent) <= MAX_WAITING + WEBHOOKS_PER_MESSAGE
