"""Changes of one delivery that a person makes: retry it now, or cancel it."""

from app.access import audit
from app.access.caller import Caller
from app.clock import to_micros
from app.database.database import Row, Statements
from app.delivery.pipeline import Pipeline
from app.errors import UserErrorCode, not_found, rejected
from app.ids import DELIVERY, is_id
from app.models import Delivery
from app.operations.single_try import try_once
from app.services import Services
from app.statuses import DeliveryStatus, Scope, WebhookStatus
from app.updates.update import DeliveryRef, Topic, delivery_changed

_FIND = """
SELECT d.*, w.status AS webhook_status, w.deleted_at AS webhook_deleted_at
FROM delivery d JOIN webhook w ON w.id = d.webhook_id WHERE d.id = $1 AND d.workspace_id = $2
"""
_RETRY = """
UPDATE delivery SET status = 'PENDING', trigger = 'MANUAL', retries_used = 0, next_attempt_at = $2, completed_at = NULL
WHERE id = $1 AND claimed_by IS NULL AND erased_at IS NULL
"""
# A process that is sending it now records the attempt but no longer changes the delivery.
_CANCEL = """
UPDATE delivery SET status = 'CANCELED', next_attempt_at = NULL, claimed_by = NULL, completed_at = $2
WHERE id = $1 AND status IN ('PENDING', 'RETRYING') RETURNING id
"""


async def retry_delivery(services: Services, pipeline: Pipeline, caller: Caller, delivery_id: str) -> Delivery:
    """Make a delivery due now, whatever its status, and restart its retry schedule. If its webhook is DISABLED, make a
    single attempt instead, and return after it.

    A delivery that is being sent right now is left to that attempt.

    Raises:
        Rejected: NOT_FOUND; CONFLICT for a test, if the webhook is deleted, or if its data was erased.
    """
    caller.require(Scope.MANAGE)
    now = services.clock.now()
    async with services.database.transaction() as statements:
        row = await _find(statements, caller, delivery_id)
        _require_retryable(row)
        if row["webhook_status"] != WebhookStatus.DISABLED:
            await statements.execute(_RETRY, delivery_id, to_micros(now))
            changes = {"status": [row["status"], "PENDING"]}
            await audit.record(statements, caller, "delivery.retried", delivery_id, changes, now)
    if row["webhook_status"] == WebhookStatus.DISABLED:
        await try_once(services, pipeline, caller, row)
        return await Delivery.get(id=delivery_id, using_db=services.database.orm)
    delivery = await _announced(services, delivery_id)
    if row["webhook_status"] == WebhookStatus.ACTIVE:
        services.waker.wake([delivery.webhook_id])
    return delivery


async def cancel_delivery(services: Services, caller: Caller, delivery_id: str) -> Delivery:
    """Cancel an open delivery. Canceling it twice is no error.

    Raises:
        Rejected: NOT_FOUND; CONFLICT if it has succeeded or failed already.
    """
    caller.require(Scope.MANAGE)
    now = services.clock.now()
    async with services.database.transaction() as statements:
        row = await _find(statements, caller, delivery_id)
        if row["status"] in {DeliveryStatus.SUCCEEDED, DeliveryStatus.FAILED}:
            message = f"The delivery {delivery_id} is {row['status']} already; only open deliveries can be canceled."
            raise rejected(UserErrorCode.CONFLICT, message, "id")
        if await statements.fetch(_CANCEL, delivery_id, to_micros(now)):
            changes = {"status": [row["status"], DeliveryStatus.CANCELED]}
            await audit.record(statements, caller, "delivery.canceled", delivery_id, changes, now)
    return await _announced(services, delivery_id)


async def _announced(services: Services, delivery_id: str) -> Delivery:
    """The delivery as it is now, after announcing it to its followers."""
    delivery = await Delivery.get(id=delivery_id, using_db=services.database.orm)
    ref = DeliveryRef(delivery.id, delivery.workspace_id, delivery.event_id, delivery.webhook_id, delivery.event_type)
    update = delivery_changed(ref, to_micros(services.clock.now()), delivery.status)
    services.updates.announce(Topic.DELIVERIES, [update])
    return delivery


async def _find(statements: Statements, caller: Caller, delivery_id: str) -> Row:
    if not is_id(DELIVERY, delivery_id):
        raise not_found("delivery", delivery_id)
    seen, values = caller.narrowing.and_sql("delivery", "d", after=2)
    row = await statements.fetch_one(f"{_FIND}{seen}", delivery_id, caller.workspace_id, *values)
    if row is None:
        raise not_found("delivery", delivery_id)
    return row


def _require_retryable(row: Row) -> None:
    if row["test"]:
        raise rejected(
            UserErrorCode.CONFLICT, "A test ping is sent once and not retried; ping the webhook again.", "id"
        )
    if row["erased_at"] is not None:
        message = f"The data of the delivery {row['id']} was erased, so it cannot be sent again."
        raise rejected(UserErrorCode.CONFLICT, message, "id")
    if row["webhook_deleted_at"] is not None:
        raise rejected(UserErrorCode.CONFLICT, f"The webhook {row['webhook_id']} of this delivery is deleted.", "id")
