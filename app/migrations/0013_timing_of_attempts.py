"""How long the parts of an attempt took, in about 15 bytes. Null, which costs nothing on a big table, means unknown."""

from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class _AddField(ops.AddField):
    """Drops the column directly when undone: on SQLite Tortoise would copy the table, without its partial indexes."""

    async def database_backward(self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None) -> None:
        drop = ops.RunSQL("ALTER TABLE attempt DROP COLUMN timing", reverse_sql=ops.RunSQL.noop)
        await drop.database_forward(app_label, old_state, new_state, state_editor)


class Migration(migrations.Migration):
    dependencies = [("app", "0012_external_ids")]

    operations = [_AddField(model_name="Attempt", name="timing", field=fields.CharField(max_length=80, null=True))]
