"""Whether a request was sent a second time, on a new connection. Null, which costs nothing on a big table, means no."""

from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class _AddField(ops.AddField):
    """Drops the column directly when undone: on SQLite Tortoise would copy the table, without its partial indexes."""

    async def database_backward(self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None) -> None:
        drop = ops.RunSQL("ALTER TABLE attempt DROP COLUMN sent_again", reverse_sql=ops.RunSQL.noop)
        await drop.database_forward(app_label, old_state, new_state, state_editor)


class Migration(migrations.Migration):
    dependencies = [("app", "0005_enums_without_members_in_comments")]

    operations = [_AddField(model_name="Attempt", name="sent_again", field=fields.BooleanField(null=True))]
