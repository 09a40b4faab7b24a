"""A caller's own ID of a webhook, unique in its workspace among webhooks that are not deleted."""

from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

_UNIQUE = """
CREATE UNIQUE INDEX webhook_external_id ON webhook (workspace_id, external_id)
WHERE external_id IS NOT NULL AND deleted_at IS NULL
"""


class _AddField(ops.AddField):
    """Drops the column directly when undone: on SQLite Tortoise would copy the table, without its partial indexes."""

    async def database_backward(self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None) -> None:
        drop = ops.RunSQL("ALTER TABLE webhook DROP COLUMN external_id", reverse_sql=ops.RunSQL.noop)
        await drop.database_forward(app_label, old_state, new_state, state_editor)


class Migration(migrations.Migration):
    dependencies = [("app", "0011_webhook_registry_version")]

    operations = [
        _AddField(model_name="Webhook", name="external_id", field=fields.CharField(max_length=200, null=True)),
        ops.RunSQL(_UNIQUE, reverse_sql="DROP INDEX webhook_external_id"),
    ]
