"""When what an event and its attempts hold was erased. Null, which costs nothing on big tables, means never."""

from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops

from app.column_types import TimestampField


class _AddField(ops.AddField):
    """Drops the column directly when undone: on SQLite Tortoise would copy the table, without its partial indexes."""

    async def database_backward(self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None) -> None:
        drop = ops.RunSQL(f"ALTER TABLE {self.model_name.lower()} DROP COLUMN erased_at", reverse_sql=ops.RunSQL.noop)
        await drop.database_forward(app_label, old_state, new_state, state_editor)


class Migration(migrations.Migration):
    dependencies = [("app", "0022_contacts")]

    operations = [
        _AddField(model_name="Event", name="erased_at", field=TimestampField(null=True)),
        _AddField(model_name="Delivery", name="erased_at", field=TimestampField(null=True)),
    ]
