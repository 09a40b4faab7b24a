"""Why a webhook is paused or disabled, as a code, and its last failure and success as IDs of attempts.

Fills in existing webhooks from the newest 10,000 attempts of each, so that a big table does not hold up the migration.
"""

from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from app.column_types import IdField
from app.statuses import WebhookStatusReason

_LAST = (
    "UPDATE webhook SET {column} = (SELECT max(recent.id) FROM (SELECT id, outcome, trigger FROM attempt"
    " WHERE attempt.webhook_id = webhook.id ORDER BY id DESC LIMIT 10000) AS recent WHERE {condition}) {where}"
)
# The row keeps the last success only while attempts fail.
_FAILING = "WHERE failing_since IS NOT NULL"
_REASON = (
    "UPDATE webhook SET status_reason_code = CASE WHEN status = 'PAUSED' THEN 'PERSON'"
    " WHEN status_reason LIKE '%410%' THEN 'GONE' ELSE 'FAILING' END WHERE status <> 'ACTIVE'"
)


class _AddField(ops.AddField):
    """Drops the column directly when undone, without a copy of the table."""

    async def database_backward(self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None) -> None:
        drop = ops.RunSQL(f"ALTER TABLE webhook DROP COLUMN {self.name}", reverse_sql=ops.RunSQL.noop)
        await drop.database_forward(app_label, old_state, new_state, state_editor)


def _run(statement: str) -> ops.RunSQL:
    return ops.RunSQL(statement, reverse_sql=ops.RunSQL.noop)


class Migration(migrations.Migration):
    dependencies = [("app", "0009_sequence")]

    operations = [
        _AddField(
            model_name="Webhook",
            name="status_reason_code",
            field=fields.CharEnumField(WebhookStatusReason, description="", max_length=20, null=True),
        ),
        _AddField(model_name="Webhook", name="last_failure_id", field=IdField(null=True)),
        _AddField(model_name="Webhook", name="last_success_id", field=IdField(null=True)),
        _run(_REASON),
        _run(
            _LAST.format(column="last_failure_id", condition="outcome <> 'SUCCEEDED' AND trigger <> 'TEST'", where="")
        ),
        _run(_LAST.format(column="last_success_id", condition="outcome = 'SUCCEEDED'", where=_FAILING)),
    ]
