"""What is kept of the events of a type. Null, as in all rows that are there, means everything that retention allows."""

from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops

from app.column_types import LongTextField


class _AddField(ops.AddField):
    """Drops the column directly when undone, so that SQLite does not copy the table."""

    async def database_backward(self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None) -> None:
        table = {"CustomEventType": "event_type", "Workspace": "workspace"}[self.model_name]
        drop = ops.RunSQL(f"ALTER TABLE {table} DROP COLUMN {self.name}", reverse_sql=ops.RunSQL.noop)
        await drop.database_forward(app_label, old_state, new_state, state_editor)


class Migration(migrations.Migration):
    dependencies = [("app", "0024_problems")]

    operations = [
        _AddField(model_name="CustomEventType", name="keeping", field=LongTextField(null=True)),
        _AddField(model_name="Workspace", name="keeping", field=LongTextField(null=True)),
    ]
