"""Who made a change or started an operation, in parts that can be compared (kind, ID, name), beside the text."""

from typing import Any

from tortoise import fields, migrations
from tortoise.fields.base import Field
from tortoise.migrations import operations as ops

from app.statuses import ActorKind

# The text of earlier entries is "name (key_…)", "system" or "command line". A key's ID has 30 characters.
_OF_KEY = "actor LIKE '% (key\\_%)' ESCAPE '\\'"
_SPLIT = f"""
UPDATE audit_entry SET
  actor_kind = CASE WHEN {_OF_KEY} THEN 'API_KEY' WHEN actor = 'command line' THEN 'COMMAND_LINE' ELSE 'SYSTEM' END,
  actor_id = CASE WHEN {_OF_KEY} THEN substr(actor, length(actor) - 30, 30) END,
  actor_name = CASE WHEN {_OF_KEY} THEN substr(actor, 1, length(actor) - 33) END
"""
_COPY = """
UPDATE operation SET actor_kind = entry.actor_kind, actor_id = entry.actor_id, actor_name = entry.actor_name
FROM audit_entry AS entry WHERE entry.subject_id = operation.id AND entry.action = 'operation.started'
"""


_OF_SUBJECT = "CREATE INDEX audit_entry_subject ON audit_entry (workspace_id, subject_id, id)"
_OF_ACTOR = "CREATE INDEX audit_entry_actor ON audit_entry (workspace_id, actor_id, id) WHERE actor_id IS NOT NULL"


class _AddField(ops.AddField):
    """Drops the column directly when undone: on SQLite Tortoise would copy the table, without its partial indexes."""

    async def database_backward(self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None) -> None:
        table = {"AuditEntry": "audit_entry", "Operation": "operation"}[self.model_name]
        drop = ops.RunSQL(f"ALTER TABLE {table} DROP COLUMN {self.name}", reverse_sql=ops.RunSQL.noop)
        await drop.database_forward(app_label, old_state, new_state, state_editor)


def _columns(model: str) -> list[_AddField]:
    columns: dict[str, Field[Any]] = {
        "actor_kind": fields.CharEnumField(ActorKind, description="", max_length=16, null=True),
        "actor_id": fields.CharField(max_length=120, null=True),
        "actor_name": fields.CharField(max_length=200, null=True),
    }
    return [_AddField(model_name=model, name=name, field=field) for name, field in columns.items()]


class Migration(migrations.Migration):
    dependencies = [("app", "0007_dashboard_sessions")]

    operations = [
        *_columns("AuditEntry"),
        *_columns("Operation"),
        ops.RunSQL(_OF_SUBJECT, reverse_sql="DROP INDEX audit_entry_subject"),
        ops.RunSQL(_OF_ACTOR, reverse_sql="DROP INDEX audit_entry_actor"),
        ops.RunSQL(_SPLIT, reverse_sql=ops.RunSQL.noop),
        ops.RunSQL(_COPY, reverse_sql=ops.RunSQL.noop),
    ]
