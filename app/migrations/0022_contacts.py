"""Contacts, the alerts that each is to receive, and their messages."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from app.column_types import EnumField, IdField, JsonField, LongTextField, TimestampField
from app.statuses import ContactKind


class Migration(migrations.Migration):
    dependencies = [("app", "0021_audit_chain")]

    operations = [
        ops.CreateModel(
            name="Contact",
            fields=[
                ("id", IdField(primary_key=True, unique=True, db_index=True)),
                ("workspace_id", IdField(db_index=True)),
                ("kind", EnumField(ContactKind, max_length=8)),
                ("target", LongTextField()),
                ("sealed_target", LongTextField()),
                ("events", JsonField()),
                ("secret", LongTextField(null=True)),
                ("created_at", TimestampField()),
                ("last_told_at", TimestampField(null=True)),
                ("last_error", LongTextField(null=True)),
                ("unsubscribed_at", TimestampField(null=True)),
            ],
            options={
                "table": "contact",
                "app": "app",
                "pk_attr": "id",
                "table_description": "Where people receive alerts.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ContactMessage",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("workspace_id", IdField(db_index=True)),
                ("contact_id", IdField()),
                ("webhook_id", IdField()),
                ("next_attempt_at", TimestampField(null=True)),
                ("attempt_count", fields.IntField(default=0)),
                ("claimed_by", IdField(null=True)),
                ("last_ended_at", TimestampField(null=True)),
            ],
            options={
                "table": "contact_message",
                "app": "app",
                "pk_attr": "id",
                "table_description": (
                    "A contact's messages about one webhook: the one that is due or being sent, and when the last one"
                    " ended."
                ),
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Notice",
            fields=[
                ("id", IdField(primary_key=True, unique=True, db_index=True)),
                ("workspace_id", IdField(db_index=True)),
                ("message_id", fields.CharField(max_length=64)),
                ("event_id", IdField()),
                ("event_type", fields.CharField(max_length=100)),
                ("taken", fields.BooleanField(default=False)),
            ],
            options={
                "table": "notice",
                "app": "app",
                "pk_attr": "id",
                "table_description": ("An alert for a contact. It is deleted once its message has ended."),
            },
            bases=["Model"],
        ),
        # Only what is due or being sent, which mostly is nothing: processes look every second.
        ops.RunSQL(
            "CREATE INDEX contact_message_due ON contact_message (next_attempt_at) WHERE next_attempt_at IS NOT NULL",
            reverse_sql="DROP INDEX contact_message_due",
        ),
        ops.RunSQL("CREATE INDEX notice_message ON notice (message_id, id)", reverse_sql="DROP INDEX notice_message"),
    ]
