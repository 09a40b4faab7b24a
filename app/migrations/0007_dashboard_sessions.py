"""Sessions of the dashboard (`app.access.sessions`)."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from app.column_types import IdField, TimestampField


class Migration(migrations.Migration):
    dependencies = [("app", "0006_attempt_sent_again")]

    operations = [
        ops.CreateModel(
            name="Session",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("api_key_id", IdField()),
                ("created_at", TimestampField()),
                ("used_at", TimestampField()),
            ],
            options={
                "table": "session",
                "app": "app",
                "pk_attr": "id",
                "table_description": "A browser that signed in to the dashboard. Its id is the hash of the token in its cookie.",
            },
            bases=["Model"],
        ),
    ]
