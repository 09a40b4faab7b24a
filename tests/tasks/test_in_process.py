"""The in-process broker: it runs actors at once, on the server's own event loop, and keeps nothing."""

import threading

import dramatiq
import pytest
import structlog
from dramatiq.broker import Broker, MessageProxy
from dramatiq.errors import QueueNotFound

from tasks.broker import make_broker
from tasks.in_process import InProcessBroker


class Watching(dramatiq.Middleware):
    """Records the outcome of each message."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, object, BaseException | None]] = []

    def before_process_message(self, broker: Broker, message: MessageProxy) -> None:
        self.seen.append((message.actor_name, *message.args, None))

    def after_process_message(
        self,
        broker: Broker,
        message: MessageProxy,
        *,
        result: object = None,
        exception: BaseException | None = None,
    ) -> None:
        self.seen.append((message.actor_name, result, exception))


def test_an_actor_has_run_when_its_message_is_sent_in_the_thread_that_sent_it() -> None:
    ran: list[tuple[str, int]] = []
    actor = dramatiq.actor(broker=make_broker("memory://"), actor_name="look")(
        lambda text: ran.append((text, threading.get_ident()))
    )

    actor.send("hello")

    assert ran == [("hello", threading.get_ident())]


def test_an_actor_that_fails_is_logged_and_leaves_its_sender_alone() -> None:
    # Regression: Dramatiq's StubBroker keeps every dead letter and its traceback forever.
    broker = make_broker("memory://")
    failed: list[int] = []

    def fail(number: int) -> None:
        failed.append(number)
        raise RuntimeError("on purpose")

    actor = dramatiq.actor(broker=broker)(fail)
    with structlog.testing.capture_logs() as lines:
        for number in range(20):
            actor.send(number)

    assert failed == list(range(20))
    assert [(line["event"], line["actor"]) for line in lines] == [("wake_up.broken", "fail")] * 20
    assert broker.queues == {"default": None}


def test_middleware_gets_the_outcome_of_a_message() -> None:
    watching = Watching()
    error = RuntimeError("on purpose")

    def look(text: str) -> str:
        if text == "bad":
            raise error
        return text.upper()

    actor = dramatiq.actor(broker=make_broker("memory://", [watching]))(look)
    actor.send("good")
    actor.send("bad")

    assert watching.seen == [
        ("look", "good", None),
        ("look", "GOOD", None),
        ("look", "bad", None),
        ("look", None, error),
    ]


def test_delays_belong_into_the_database() -> None:
    broker = InProcessBroker([])

    def look(_: str) -> None: ...

    actor = dramatiq.actor(broker=broker)(look)
    with pytest.raises(ValueError, match="schedules live in the database"):
        actor.send_with_options(args=("x",), delay=1_000)
    with pytest.raises(QueueNotFound):
        broker.enqueue(actor.message("x").copy(queue_name="nowhere"))


@pytest.mark.parametrize("url", ["kafka://x", "", "memory"])
def test_an_unknown_broker_is_refused_by_name(url: str) -> None:
    with pytest.raises(ValueError, match="BROKER_URL must begin with"):
        make_broker(url)
