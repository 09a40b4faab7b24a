"""The platform's own ID of a workspace, unique among those that are not deleted, and the time of its deletion."""

from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from app.column_types import TimestampField

_UNIQUE = """
CREATE UNIQUE INDEX workspace_external_id ON workspace (external_id)
WHERE external_id IS NOT NULL AND deleted_at IS NULL
"""


class _AddField(ops.AddField):
    """Drops the column directly when undone: on SQLite Tortoise would copy the table, without its partial indexes."""

    async def database_backward(self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None) -> None:
        drop = ops.RunSQL(f"ALTER TABLE workspace DROP COLUMN {self.name}", reverse_sql=ops.RunSQL.noop)
        await drop.database_forward(app_label, old_state, new_state, state_editor)


class Migration(migrations.Migration):
    dependencies = [("app", "0013_timing_of_attempts")]

    operations = [
        _AddField(model_name="Workspace", name="external_id", field=fields.CharField(max_length=200, null=True)),
        _AddField(model_name="Workspace", name="deleted_at", field=TimestampField(null=True)),
        ops.RunSQL(_UNIQUE, reverse_sql="DROP INDEX workspace_external_id"),
    ]
