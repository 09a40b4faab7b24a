"""Lets the index of ordering keys recognise open deliveries by `completed_at`, which no other index does.

Its statement used to ask for the statuses, which matched every index of deliveries that have not succeeded as well. If
such an index was empty when statistics were taken, PostgreSQL chose it, and scanned the whole backlog.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops

_INDEX = "CREATE INDEX delivery_ordering ON delivery (webhook_id, ordering_key, id) WHERE ordering_key IS NOT NULL AND "


class Migration(migrations.Migration):
    dependencies = [("app", "0003_statistics_and_operations")]

    operations = [
        ops.RunSQL("DROP INDEX delivery_ordering", reverse_sql=_INDEX + "status IN ('PENDING', 'RETRYING')"),
        ops.RunSQL(_INDEX + "completed_at IS NULL", reverse_sql="DROP INDEX delivery_ordering"),
    ]
