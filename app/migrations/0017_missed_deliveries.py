"""Keeps which events a webhook selects while it is DISABLED, each with its place among the webhook's deliveries."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from app.column_types import IdField, TimestampField


class Migration(migrations.Migration):
    dependencies = [("app", "0016_storage_parameters")]

    operations = [
        ops.CreateModel(
            name="MissedDelivery",
            fields=[
                ("id", IdField(primary_key=True, unique=True, db_index=True)),
                ("workspace_id", IdField()),
                ("webhook_id", IdField()),
                ("event_id", IdField(db_index=True)),
                ("created_at", TimestampField()),
                ("sequence", fields.BigIntField()),
            ],
            options={
                "table": "missed_delivery",
                "app": "app",
                "unique_together": (("webhook_id", "sequence"),),
                "indexes": [],
                "pk_attr": "id",
                "table_description": (
                    "An event that a webhook selected while it was DISABLED. A replay makes it a delivery, with the same"
                    " place."
                ),
            },
            bases=["Model"],
        ),
        ops.RunSQL(
            "CREATE INDEX missed_delivery_webhook ON missed_delivery (webhook_id, id)",
            reverse_sql="DROP INDEX missed_delivery_webhook",
        ),
        ops.RunSQL(
            "CREATE INDEX missed_delivery_workspace ON missed_delivery (workspace_id, id)",
            reverse_sql="DROP INDEX missed_delivery_workspace",
        ),
    ]
