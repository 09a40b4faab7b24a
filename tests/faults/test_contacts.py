"""A server or a worker is killed while messages to contacts wait or are being sent: each contact gets each message, and
still no second one about the same webhook within an hour.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

import pytest

from tests.faults import api
from tests.faults.installation import Installation, distributed, embedded
from tests.faults.on_processes import kill_all_deliverers
from tests.faults.programs import until
from tests.faults.receiver import CONTACT, GONE, SAYS_GONE
from tests.patience import PATIENCE_SECONDS

QUICK = {"LEASE_SECONDS": "4", "HEARTBEAT_SECONDS": "0.5", "SWEEP_SECONDS": "0.5"}
# At most two messages of a contact are in flight at a time, so that one of three waits.
CONTACTS, WEBHOOKS = 4, 3
HOUR_MICROS = 3_600_000_000
TYPE = "agent.response"

Open = Callable[[Path, Mapping[str, str]], AbstractAsyncContextManager[Installation]]


async def alerts(at: Installation, kind: str) -> set[str]:
    return {row["id"] for row in await at.truth.alerts() if row["type"] == kind}


def told(at: Installation) -> dict[str, Counter[str]]:
    """The messages that reached each contact, and how often."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for request in at.journal.requests():
        if request.pair.path.startswith(CONTACT):
            found[request.pair.path][request.pair.event_id] += 1
    return found


@pytest.mark.parametrize("opened", [embedded, partial(distributed, each=1)], ids=["embedded", "distributed"])
async def test_no_message_to_a_contact_is_lost_and_none_comes_before_its_hour(opened: Open, tmp_path: Path) -> None:
    async with opened(tmp_path, QUICK) as at:
        client = at.client(random.Random(1))
        webhooks = [
            await api.create_webhook(client, f"{GONE}-{number}", at.receiver_url + SAYS_GONE, [TYPE])
            for number in range(WEBHOOKS)
        ]
        for number in range(CONTACTS):
            await api.create_contact(client, f"{at.receiver_url}{CONTACT}-{number}", ["webhook.*"])

        await api.publish(client, TYPE)

        async def one_is_being_sent() -> bool:
            return bool(told(at))

        async def all_told() -> bool:
            messages = told(at)
            return len(messages) == CONTACTS and all(len(ids) == WEBHOOKS for ids in messages.values())

        await until("a message was being sent", one_is_being_sent, PATIENCE_SECONDS)
        await kill_all_deliverers(at, random.Random(1))
        await until("all contacts had their messages", all_told, PATIENCE_SECONDS)

        for webhook_id in webhooks:
            await api.move_webhook(client, webhook_id, at.receiver_url + GONE)
            await api.resume_webhook(client, webhook_id)
        await api.publish(client, TYPE)

        async def all_recovered() -> bool:
            return len(await alerts(at, "webhook.recovered")) == WEBHOOKS

        await until("the webhooks recovered", all_recovered, PATIENCE_SECONDS)
        await kill_all_deliverers(at, random.Random(1))

        async def nothing_is_claimed() -> bool:
            rows = await at.truth.rows("SELECT id FROM contact_message WHERE claimed_by IS NOT NULL")
            return not rows

        await until("every message had ended", nothing_is_claimed, PATIENCE_SECONDS)
        disabled = await alerts(at, "webhook.disabled")
        waiting = await at.truth.rows("SELECT next_attempt_at, last_ended_at FROM contact_message")

    assert len(disabled) == WEBHOOKS
    assert [set(messages) for messages in told(at).values()] == [disabled] * CONTACTS
    assert len(waiting) == CONTACTS * WEBHOOKS
    assert all(row["next_attempt_at"] - row["last_ended_at"] >= HOUR_MICROS for row in waiting)
