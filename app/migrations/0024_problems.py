"""Problems: failures of one webhook with one cause. Each delivery that failed names its own."""

from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from app.column_types import EnumField, IdField, LongTextField, TimestampField
from app.statuses import AttemptOutcome, ProblemStatus


class _AddField(ops.AddField):
    """Drops the column directly when undone: on SQLite Tortoise would copy the table, without its partial indexes."""

    async def database_backward(self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None) -> None:
        table = self.model_name.lower()
        drop = ops.RunSQL(f"ALTER TABLE {table} DROP COLUMN {self.name}", reverse_sql=ops.RunSQL.noop)
        await drop.database_forward(app_label, old_state, new_state, state_editor)


class Migration(migrations.Migration):
    dependencies = [("app", "0023_webhook_names")]

    operations = [
        ops.CreateModel(
            name="Problem",
            fields=[
                ("id", IdField(primary_key=True, unique=True, db_index=True)),
                ("workspace_id", IdField()),
                ("webhook_id", IdField()),
                ("key", IdField(unique=True)),
                ("cause", LongTextField()),
                ("outcome", EnumField(AttemptOutcome, max_length=20)),
                ("response_status", fields.IntField(null=True)),
                ("status", EnumField(ProblemStatus, max_length=12)),
                ("failures", fields.BigIntField()),
                ("opened_at", TimestampField()),
                ("last_seen_at", TimestampField()),
                ("resolved_at", TimestampField(null=True)),
                ("example_id", IdField()),
            ],
            options={
                "table": "problem",
                "app": "app",
                "indexes": [],
                "pk_attr": "id",
                "table_description": "Failures of one webhook with one cause, from the first until a success.",
            },
            bases=["Model"],
        ),
        ops.RunSQL(
            "CREATE INDEX problem_workspace ON problem (workspace_id, id)", reverse_sql="DROP INDEX problem_workspace"
        ),
        ops.RunSQL(
            "CREATE INDEX problem_webhook ON problem (webhook_id, id)", reverse_sql="DROP INDEX problem_webhook"
        ),
        _AddField(model_name="Webhook", name="has_problems", field=fields.BooleanField(null=True)),
        _AddField(model_name="Delivery", name="problem_key", field=IdField(null=True)),
        # Few deliveries have failed and not succeeded since.
        ops.RunSQL(
            "CREATE INDEX delivery_problem ON delivery (problem_key, id) WHERE problem_key IS NOT NULL",
            reverse_sql="DROP INDEX delivery_problem",
        ),
    ]
