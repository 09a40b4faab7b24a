"""Numbers the entries of the audit log in each workspace, each with the hash of the one before."""

import hashlib
from typing import Any

import orjson
from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from app.column_types import IdField

_BATCH = 1_000
_OF_NUMBER = "CREATE UNIQUE INDEX audit_entry_number ON audit_entry (workspace_id, number)"
# The text that is hashed of an entry, as `app.access.audit_chain` has it: names in it, and their columns.
_TEXT = {
    "id": "id",
    "workspaceId": "workspace_id",
    "atMicroseconds": "at",
    "actor": "actor",
    "actorKind": "actor_kind",
    "actorId": "actor_id",
    "actorName": "actor_name",
    "action": "action",
    "subjectId": "subject_id",
    "changes": "changes",
    "sourceAddress": "source_address",
}
_WORKSPACES = "SELECT DISTINCT workspace_id FROM audit_entry ORDER BY workspace_id"
_NEXT = (
    f"SELECT {', '.join(_TEXT.values())} FROM audit_entry WHERE workspace_id = {{1}} AND id > {{2}}"
    f" ORDER BY id LIMIT {_BATCH}"
)
_LINK = "UPDATE audit_entry SET number = {1}, previous_hash = {2}, hash = {3} WHERE id = {4}"
_END = "INSERT INTO audit_chain (workspace_id, number, hash, expired, expired_hash) VALUES ({1}, {2}, {3}, 0, '')"


async def _chain(_: Any, state_editor: Any) -> None:
    """Number entries in the order of their IDs, which is that of their times."""
    client = state_editor.client
    places = ["", "$1", "$2", "$3", "$4"] if state_editor.DIALECT == "postgres" else ["", "?", "?", "?", "?"]
    for workspace in await client.execute_query_dict(_WORKSPACES):
        number, last_hash, last_id = 0, "", ""
        while rows := await client.execute_query_dict(_NEXT.format(*places), [workspace["workspace_id"], last_id]):
            links = []
            for row in rows:
                number, previous_hash = number + 1, last_hash
                text = {"number": number, "previousHash": previous_hash}
                text |= {name: row[column] for name, column in _TEXT.items()}
                last_hash, last_id = hashlib.sha256(orjson.dumps(text)).hexdigest(), row["id"]
                links.append([number, previous_hash, last_hash, last_id])
            await client.execute_many(_LINK.format(*places), links)
        await client.execute_query(_END.format(*places), [workspace["workspace_id"], number, last_hash])


class _AddField(ops.AddField):
    """Takes a column away again by itself: on SQLite Tortoise would copy the table, without its partial indexes."""

    async def database_backward(self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None) -> None:
        drop = ops.RunSQL(f"ALTER TABLE audit_entry DROP COLUMN {self.name}", reverse_sql=ops.RunSQL.noop)
        await drop.database_forward(app_label, old_state, new_state, state_editor)


class Migration(migrations.Migration):
    dependencies = [("app", "0020_traces")]

    operations = [
        ops.CreateModel(
            name="AuditChain",
            fields=[
                ("workspace_id", IdField(primary_key=True, unique=True, db_index=True)),
                ("number", fields.BigIntField()),
                ("hash", fields.CharField(max_length=64)),
                ("expired", fields.BigIntField()),
                ("expired_hash", fields.CharField(max_length=64)),
            ],
            options={
                "table": "audit_chain",
                "app": "app",
                "pk_attr": "workspace_id",
                "table_description": (
                    "The ends of a workspace's audit log: its newest entry, and the newest one that retention deleted."
                ),
            },
            bases=["Model"],
        ),
        _AddField(model_name="AuditEntry", name="number", field=fields.BigIntField(null=True)),
        _AddField(model_name="AuditEntry", name="previous_hash", field=fields.CharField(max_length=64, null=True)),
        _AddField(model_name="AuditEntry", name="hash", field=fields.CharField(max_length=64, null=True)),
        ops.RunPython(_chain, reverse_code=ops.RunPython.noop),
        ops.RunSQL(_OF_NUMBER, reverse_sql="DROP INDEX audit_entry_number"),
    ]
