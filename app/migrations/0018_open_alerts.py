"""A table of the alerts that are open, so that each is published once."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from app.column_types import IdField, TimestampField


class Migration(migrations.Migration):
    dependencies = [("app", "0017_missed_deliveries")]

    operations = [
        ops.CreateModel(
            name="OpenAlert",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("kind", fields.CharField(max_length=20)),
                ("subject_id", IdField()),
                ("webhook_id", IdField(db_index=True)),
                ("since", TimestampField()),
                ("level", fields.IntField()),
            ],
            options={
                "table": "open_alert",
                "app": "app",
                "pk_attr": "id",
                "table_description": (
                    "An alert that was published and is still true, so that it is published once (`app.alerts.open_alerts`)."
                ),
            },
            bases=["Model"],
        ),
    ]
