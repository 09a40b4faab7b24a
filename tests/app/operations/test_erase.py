"""On both databases: what events and attempts hold is erased, what is open is canceled, and the counts stay."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from app.access.caller import Caller
from app.access.narrowing import Narrowing
from app.access.verify_audit import verify
from app.data_conditions import DataCondition
from app.delivery_filter import DeliveryFilter, TimeRange
from app.errors import Forbidden, Rejected, UserErrorCode
from app.models import Operation
from app.operations import erase
from app.operations.bulk import retry_deliveries
from app.operations.cancel import cancel_operation
from app.operations.erase import Asked, Erasing, erase_data
from app.operations.replay import replay_events
from app.operations.run import run_batches, run_due_operations
from app.publishing.draft import EventDraft
from app.statuses import OperationStatus, Scope
from tests.app.operations.desk import TICKET, Desk
from tests.canary import CANARY, in_rows

OF_CANARY = [DataCondition("ticket.subject", CANARY)]
_FILL = (
    f'UPDATE attempt SET request_headers = \'[["x-sent", "{CANARY}"]]\', response_status = 500,'
    f" response_headers = '[[\"x-got\", \"{CANARY}\"]]', response_body = '{CANARY}', error = '{CANARY}'"
)


async def asked_to_erase(desk: Desk, dry_run: bool = False, caller: Caller | None = None, **asked: Any) -> Erasing:
    return await erase_data(desk.domain.resources, caller or desk.domain.caller, Asked(**asked), dry_run)


async def erased(desk: Desk, caller: Caller | None = None, **asked: Any) -> Operation:
    """Erase, and return the operation once it has ended."""
    erasing = await asked_to_erase(desk, caller=caller, **asked)
    await desk.domain.resources.lease.renew()
    await run_due_operations(desk.domain.resources, desk.domain.resources.lease)
    assert erasing.operation is not None
    return await Operation.get(id=erasing.operation.id, using_db=desk.domain.resources.database.orm)


async def events(desk: Desk) -> list[dict[str, Any]]:
    return await desk.domain.rows("SELECT * FROM event ORDER BY id")


@pytest.fixture
async def mixed(desk: Desk) -> Desk:
    """A webhook with two events of one customer and two of others, with an attempt each."""
    await desk.webhook()
    for subject in (CANARY, "other", CANARY, "another"):
        await desk.publish(subject=subject)
    await desk.become("SUCCEEDED")
    await desk.attempt()
    ours = f"SELECT d.id FROM delivery d JOIN event e ON e.id = d.event_id WHERE e.body LIKE '%{CANARY}%'"
    await desk.domain.resources.database.execute(f"{_FILL} WHERE delivery_id IN ({ours})")
    return desk


async def test_what_matches_is_erased_everywhere_and_counts_stay(mixed: Desk) -> None:
    before = await events(mixed)
    operation = await erased(mixed, data=OF_CANARY)

    after = await events(mixed)
    assert (operation.status, operation.matched, operation.done) == (OperationStatus.COMPLETED, 2, 2)
    assert await in_rows(mixed.domain.resources.database) == []
    assert after[1::2] == before[1::2], "others are as they were"
    assert orjson.loads(after[0]["body"]) == orjson.loads(before[0]["body"]) | {"data": {}}
    assert await mixed.statuses() == ["SUCCEEDED"] * 4
    attempts = await mixed.domain.rows("SELECT response_status, response_body FROM attempt ORDER BY id")
    assert [attempt["response_status"] for attempt in attempts] == [500, None, 500, None]


async def test_the_audit_log_says_what_was_erased_and_not_whose(mixed: Desk) -> None:
    await erased(mixed, data=OF_CANARY)

    [started] = await mixed.domain.audit_log("operation.started")
    [entry] = await mixed.domain.audit_log("data.erased")
    assert started["changes"]["request"][1]["data"] == ["ticket.subject"]
    assert entry["subject_id"] == started["subject_id"]
    counts = {"attempts": 2, "canceled": 0, "deliveries": 2, "events": 2}
    assert entry["changes"] == {name: [None, count] for name, count in counts.items()}
    verdict = await verify(mixed.domain.resources.database, mixed.domain.caller.workspace_id)
    assert verdict.finding is None


async def test_a_dry_run_counts_and_erases_nothing(mixed: Desk) -> None:
    database = mixed.domain.resources.database
    before = await in_rows(database)

    assert await asked_to_erase(mixed, dry_run=True, data=OF_CANARY) == Erasing(2, None)
    assert await in_rows(database) == before == ["attempt", "event"]


async def test_all_that_is_given_must_match(mixed: Desk) -> None:
    first, second, third, _ = [event["id"] for event in await events(mixed)]

    async def matched(**asked: Any) -> int | None:
        return (await asked_to_erase(mixed, dry_run=True, **asked)).matched

    assert await matched(event_ids=[first, second, "evt_unknown"]) == 2
    assert await matched(event_ids=[first, second], data=OF_CANARY) == 1
    assert await matched(data=[*OF_CANARY, DataCondition("ticket.id", "nobody")]) == 0
    assert await matched(event_ids=[]) == 0
    [webhook_id] = {row["webhook_id"] for row in await mixed.deliveries()}
    assert await matched(webhook_id=webhook_id) == 4
    assert await matched(webhook_id=webhook_id, event_ids=[third, second], data=OF_CANARY) == 1


async def test_keys_of_an_event_are_erased_so_that_it_can_be_published_anew(desk: Desk) -> None:
    await desk.webhook()
    publish = desk.domain.resources.publisher.publish
    data = {"ticket": TICKET["ticket"] | {"subject": CANARY}}
    draft = EventDraft("ticket.created", data, idempotency_key=f"key {CANARY}", ordering_key=f"order {CANARY}")
    await publish(desk.domain.caller, [draft], batch=False)
    await desk.become("FAILED")

    await erased(desk, data=OF_CANARY)

    assert await in_rows(desk.domain.resources.database) == []
    [event] = await events(desk)
    assert (event["digest"], event["idempotency_key"]) == (None, None)
    again = await publish(desk.domain.caller, [draft], batch=False)
    assert again.events[0].row.id != event["id"]


async def test_what_is_open_is_canceled_and_cannot_be_sent_by_any_way(desk: Desk) -> None:
    webhook_id = await desk.webhook()
    [event_id] = await desk.publish(subject=CANARY)
    await desk.publish(subject="other")

    operation = await erased(desk, event_ids=[event_id])
    resources, caller = desk.domain.resources, desk.domain.caller
    retried = await retry_deliveries(resources, caller, DeliveryFilter())
    await desk.domain.resources.lease.renew()
    await desk.done(retried)
    replayed = await replay_events(resources, caller, webhook_id, TimeRange(), only_missing=False)
    await desk.done(replayed)

    [entry] = await desk.domain.audit_log("data.erased")
    assert (operation.done, entry["changes"]["canceled"]) == (1, [None, 1])
    assert await desk.statuses() == ["CANCELED", "PENDING"]
    assert replayed.matched == 0


async def test_a_webhook_takes_only_what_no_other_was_meant_to_get(desk: Desk) -> None:
    gone = await desk.webhook()
    await desk.publish(subject=CANARY)
    other = await desk.webhook()
    [shared] = await desk.publish(subject="shared")
    await desk.attempt()
    await desk.domain.resources.database.execute(f"{_FILL} WHERE webhook_id = $1", gone)

    operation = await erased(desk, webhook_id=gone)

    assert operation.done == 2
    assert await in_rows(desk.domain.resources.database) == []
    alone, both = await events(desk)
    assert (alone["erased_at"] is None, both["erased_at"]) == (False, None)
    assert both["id"] == shared
    assert await desk.statuses(webhook_id=gone) == ["CANCELED", "CANCELED"]
    assert await desk.statuses(webhook_id=other) == ["PENDING"]


async def test_what_a_disabled_webhook_missed_is_erased_with_it(desk: Desk) -> None:
    webhook_id = await desk.webhook()
    await desk.domain.resources.database.execute("UPDATE webhook SET status = 'DISABLED' WHERE id = $1", webhook_id)
    await desk.domain.resources.database.execute("UPDATE workspace SET registry_version = registry_version + 1")
    await desk.publish(2, subject=CANARY)

    assert (await erased(desk, webhook_id=webhook_id)).done == 2
    assert await in_rows(desk.domain.resources.database) == []


async def test_it_goes_on_where_it_was_after_being_cut_off(mixed: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erase, "BATCH", 1)
    monkeypatch.setattr(erase, "LOOKED", 2)
    erasing = await asked_to_erase(mixed, data=OF_CANARY)
    resources = mixed.domain.resources
    await resources.lease.renew()
    await run_batches(resources, resources.lease)
    await resources.database.execute("UPDATE operation SET claimed_by = 'wrk_dead'")

    await run_due_operations(resources, resources.lease)

    assert erasing.operation is not None
    operation = await Operation.get(id=erasing.operation.id, using_db=resources.database.orm)
    [entry] = await mixed.domain.audit_log("data.erased")
    assert (operation.status, operation.done, entry["changes"]["events"]) == (OperationStatus.COMPLETED, 2, [None, 2])
    assert await in_rows(mixed.domain.resources.database) == []


async def test_a_canceled_one_forgets_whose_data_it_was_to_erase(mixed: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erase, "BATCH", 1)
    monkeypatch.setattr(erase, "LOOKED", 2)
    erasing = await asked_to_erase(mixed, data=OF_CANARY)
    resources = mixed.domain.resources
    await resources.lease.renew()
    await run_batches(resources, resources.lease)
    assert erasing.operation is not None

    await cancel_operation(resources, mixed.domain.caller, erasing.operation.id)

    rows = await mixed.domain.rows("SELECT request FROM operation")
    assert CANARY not in str(rows)
    [entry] = await mixed.domain.audit_log("operation.canceled")
    assert entry["changes"]["erased"][1]["events"] == 1


async def test_too_many_events_to_read_are_not_counted_but_erased(mixed: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erase, "LOOKED", 2)
    monkeypatch.setattr(erase, "MAX_READ", 2)

    assert (await asked_to_erase(mixed, dry_run=True, data=OF_CANARY)).matched is None
    operation = await erased(mixed, data=OF_CANARY)

    assert (operation.matched, operation.done) == (2, 2)


async def test_only_what_is_of_the_workspace_and_of_the_token_is_erased(mixed: Desk) -> None:
    ours = mixed.domain.caller
    [webhook_id] = {row["webhook_id"] for row in await mixed.deliveries()}
    of_others = replace(ours, narrowing=Narrowing.of(["wh_other"], None))
    of_webhook = replace(ours, narrowing=Narrowing.of([webhook_id], ["agent.*"]))

    with pytest.raises(Rejected, match="No webhook has the id"):
        await asked_to_erase(mixed, caller=mixed.domain.stranger, webhook_id=webhook_id)
    with pytest.raises(Rejected, match="No webhook has the id"):
        await asked_to_erase(mixed, caller=of_others, webhook_id=webhook_id)
    with pytest.raises(Forbidden, match="narrowed to webhooks"):
        await asked_to_erase(mixed, caller=of_webhook, data=OF_CANARY)
    with pytest.raises(Forbidden, match="ADMIN"):
        await asked_to_erase(mixed, caller=replace(ours, scopes=frozenset({Scope.MANAGE})), data=OF_CANARY)
    assert (await asked_to_erase(mixed, True, mixed.domain.stranger, data=OF_CANARY)).matched == 0
    assert (await asked_to_erase(mixed, True, of_webhook, webhook_id=webhook_id)).matched == 0


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({}, UserErrorCode.REQUIRED),
        ({"data": []}, UserErrorCode.REQUIRED),
        ({"event_ids": ["evt_x"] * 1_001}, UserErrorCode.TOO_MANY),
        ({"data": OF_CANARY * 21}, UserErrorCode.TOO_MANY),
    ],
)
async def test_what_cannot_be_meant_is_refused(desk: Desk, asked: Any, code: UserErrorCode) -> None:
    with pytest.raises(Rejected) as refused:
        await asked_to_erase(desk, **asked)

    assert [problem.code for problem in refused.value.problems] == [code]
