"""The query of a webhook's URL, encrypted. Null, which costs nothing on a big table, for URLs without one.

A migration has no key. Queries that existing rows hold in clear are encrypted by the server or, if several processes
share the database, by `eev-webhooks rotate-encryption`.
"""

from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops

from app.column_types import LongTextField


class _AddField(ops.AddField):
    """Drops the column directly when undone: on SQLite Tortoise would copy the table, without its partial indexes."""

    async def database_backward(self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None) -> None:
        drop = ops.RunSQL("ALTER TABLE webhook DROP COLUMN url_query", reverse_sql=ops.RunSQL.noop)
        await drop.database_forward(app_label, old_state, new_state, state_editor)


class Migration(migrations.Migration):
    dependencies = [("app", "0010_health_of_webhooks")]

    operations = [_AddField(model_name="Webhook", name="url_query", field=LongTextField(null=True, unique=False))]
