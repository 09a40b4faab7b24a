"""What the token that began an operation was narrowed to."""

from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops

from app.column_types import LongTextField


class _AddField(ops.AddField):
    """Takes the column away again by itself: on SQLite Tortoise would copy the table, without its partial indexes."""

    async def database_backward(self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None) -> None:
        drop = ops.RunSQL("ALTER TABLE operation DROP COLUMN narrowing", reverse_sql=ops.RunSQL.noop)
        await drop.database_forward(app_label, old_state, new_state, state_editor)


class Migration(migrations.Migration):
    dependencies = [("app", "0018_open_alerts")]

    operations = [_AddField(model_name="Operation", name="narrowing", field=LongTextField(null=True))]
