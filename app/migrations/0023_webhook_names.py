"""An index of webhooks by name: creating one looks for others with the same name and URL."""

from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("app", "0023_erased_data")]

    operations = [
        ops.RunSQL(
            "CREATE INDEX webhook_name ON webhook (workspace_id, name)",
            reverse_sql="DROP INDEX webhook_name",
        ),
    ]
