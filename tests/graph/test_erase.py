"""Erasing over the API: the payload, what an erased event shows, and what is refused."""

from app.operations.run import run_due_operations
from tests.app.operations.desk import Desk
from tests.domain import Domain
from tests.graph.conftest import Api

SELECTION = "matched operation { kindCode status matched done } userErrors { path code message }"
EVENT = "query($id: ID!) { event(id: $id) { data erasedAt } }"


async def test_an_erased_event_shows_when_and_no_data(api: Api, domain: Domain) -> None:
    desk = Desk(domain)
    webhook_id = await desk.webhook()
    [event_id] = await desk.publish(subject="Ada")
    before = (await api.data(EVENT, id=event_id))["event"]
    condition = {"path": "ticket.subject", "equals": "Ada"}

    counted = await api.change("eraseData", {"data": [condition], "dryRun": True}, SELECTION)
    payload = await api.change("eraseData", {"data": [condition], "webhookId": webhook_id}, SELECTION)
    await domain.resources.lease.renew()
    await run_due_operations(domain.resources, domain.resources.lease)
    [delivery] = await desk.deliveries()
    refused = await api.change("retryDelivery", {"id": delivery["id"]}, "userErrors { code message }")
    tried = await api.change("testWebhook", {"id": webhook_id, "eventId": event_id}, "userErrors { code message }")

    assert counted == {"matched": 1, "operation": None, "userErrors": []}
    started = {"kindCode": "ERASE_DATA", "status": "RUNNING", "matched": 1, "done": 0}
    assert payload == {"matched": 1, "operation": started, "userErrors": []}
    assert (before["data"]["ticket"]["subject"], before["erasedAt"]) == ("Ada", None)
    after = (await api.data(EVENT, id=event_id))["event"]
    assert (after["data"], after["erasedAt"] is None) == ({}, False)
    for errors in (refused["userErrors"], tried["userErrors"]):
        assert [error["code"] for error in errors] == ["CONFLICT"]
        assert "was erased" in errors[0]["message"]


async def test_what_cannot_be_meant_is_an_error_at_its_place(api: Api) -> None:
    nothing = await api.change("eraseData", {}, SELECTION)
    wrong = await api.change("eraseData", {"data": [{"path": "a[0]", "equals": 1}]}, SELECTION)
    unknown = await api.change("eraseData", {"webhookId": "wh_x"}, SELECTION)

    found = [(error["path"], error["code"]) for each in (nothing, wrong, unknown) for error in each["userErrors"]]
    assert found == [([], "REQUIRED"), (["data", "0", "path"], "INVALID"), (["webhookId"], "NOT_FOUND")]
