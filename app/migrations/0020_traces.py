"""The trace that the publisher of an event worked in. Null, which costs nothing on a big table, means none."""

from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops

from app.column_types import LongTextField


class _AddField(ops.AddField):
    """Drops the column directly when undone: on SQLite Tortoise would copy the table, without its partial indexes."""

    async def database_backward(self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None) -> None:
        drop = ops.RunSQL("ALTER TABLE event DROP COLUMN trace", reverse_sql=ops.RunSQL.noop)
        await drop.database_forward(app_label, old_state, new_state, state_editor)


class Migration(migrations.Migration):
    dependencies = [("app", "0019_narrowed_operations")]

    operations = [_AddField(model_name="Event", name="trace", field=LongTextField(null=True))]
