"""Records for each webhook below which sequence number deliveries were deleted, so that its feed can say so."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from app.column_types import IdField

# Above the highest number without a row. Migration 0009 left no gaps, so missing rows were deleted since.
_FORGOTTEN = """
INSERT INTO webhook_feed (webhook_id, expired_before)
SELECT placed.webhook_id, max(placed.sequence) FROM (
  SELECT webhook_id, sequence, lag(sequence, 1, CAST(0 AS BIGINT)) OVER (PARTITION BY webhook_id ORDER BY sequence)
    AS before
  FROM delivery WHERE sequence IS NOT NULL
) AS placed WHERE placed.sequence <> placed.before + 1 GROUP BY placed.webhook_id
"""
_WITHOUT_ANY = """
INSERT INTO webhook_feed (webhook_id, expired_before)
SELECT webhook_id, last_sequence + 1 FROM webhook_sequence WHERE last_sequence > 0 AND NOT EXISTS (
  SELECT 1 FROM delivery d WHERE d.webhook_id = webhook_sequence.webhook_id AND d.sequence = last_sequence
) ON CONFLICT (webhook_id) DO UPDATE SET expired_before = excluded.expired_before
"""


class Migration(migrations.Migration):
    dependencies = [("app", "0014_deleted_workspaces")]

    operations = [
        ops.CreateModel(
            name="WebhookFeed",
            fields=[
                ("webhook_id", IdField(primary_key=True, unique=True, db_index=True)),
                ("expired_before", fields.BigIntField()),
            ],
            options={
                "table": "webhook_feed",
                "app": "app",
                "pk_attr": "webhook_id",
                "table_description": (
                    "Where the feed of a webhook is complete from. Only retention writes it, and so nobody who"
                    " publishes waits."
                ),
            },
            bases=["Model"],
        ),
        ops.RunSQL(_FORGOTTEN, reverse_sql=""),
        ops.RunSQL(_WITHOUT_ANY, reverse_sql=""),
    ]
