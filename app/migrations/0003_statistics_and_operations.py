"""Statistics over long windows (docs/adr/0006), and an index that finds running operations."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from app.column_types import IdField, JsonField, TimestampField

# The indexes say which deliveries are tests, so that counting those that have not succeeded reads no rows.
_NOT_SUCCEEDED = (
    ("delivery_workspace_not_succeeded", "workspace_id"),
    ("delivery_webhook_not_succeeded", "webhook_id"),
)
_WITH_TEST = "CREATE INDEX {} ON delivery ({}, status, id, test) WHERE status <> 'SUCCEEDED'"
_WITHOUT_TEST = "CREATE INDEX {} ON delivery ({}, status, id) WHERE status <> 'SUCCEEDED'"


class Migration(migrations.Migration):
    dependencies = [("app", "0002_hot_indexes")]

    operations = [
        ops.CreateModel(
            name="StatsPeriod",
            fields=[
                ("id", IdField(primary_key=True, unique=True, db_index=True)),
                ("deliveries", fields.BigIntField()),
                ("latencies", JsonField(unique=False)),
            ],
            options={
                "table": "stats_period",
                "app": "app",
                "pk_attr": "id",
                "table_description": (
                    "What became of five minutes of one webhook, or of a whole workspace, that will not change any more."
                ),
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="StatsProgress",
            fields=[
                ("id", IdField(primary_key=True, unique=True, db_index=True)),
                ("closed_until", TimestampField()),
            ],
            options={
                "table": "stats_progress",
                "app": "app",
                "pk_attr": "id",
                "table_description": "Up to when periods of statistics are closed. One row.",
            },
            bases=["Model"],
        ),
        *(ops.RunSQL(f"DROP INDEX {name}", reverse_sql=_WITHOUT_TEST.format(name, of)) for name, of in _NOT_SUCCEEDED),
        *(
            ops.RunSQL(_WITH_TEST.format(name, of), reverse_sql=f"DROP INDEX {name}")
            for name, of in reversed(_NOT_SUCCEEDED)
        ),
        ops.RunSQL(
            "CREATE INDEX operation_running ON operation (id) WHERE status = 'RUNNING'",
            reverse_sql="DROP INDEX operation_running",
        ),
    ]
