"""The version of the workspace that last changed a webhook, so that publishers read only the webhooks that changed."""

from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class _AddField(ops.AddField):
    """Drops the column directly when undone: on SQLite Tortoise would copy the table, without its partial indexes."""

    async def database_backward(self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None) -> None:
        drop = ops.RunSQL("ALTER TABLE webhook DROP COLUMN registry_version", reverse_sql=ops.RunSQL.noop)
        await drop.database_forward(app_label, old_state, new_state, state_editor)


class Migration(migrations.Migration):
    dependencies = [("app", "0010_health_of_webhooks"), ("app", "0010_url_queries")]

    operations = [
        _AddField(model_name="Webhook", name="registry_version", field=fields.BigIntField(null=True)),
        ops.RunSQL(
            "CREATE INDEX webhook_changes ON webhook (workspace_id, registry_version)",
            reverse_sql="DROP INDEX webhook_changes",
        ),
    ]
