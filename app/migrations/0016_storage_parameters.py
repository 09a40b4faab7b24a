"""Storage parameters of the tables that PostgreSQL updates or deletes from most.

`webhook_sequence` is updated with each publish, in a column without index. Half-empty pages leave room for the new
version of a row beside the old one (HOT), so that no index changes: of 50,000 updates of 10,000 rows, 49,652 instead of
375 were HOT, in half the time. `webhook` and `worker` are updated while they fail and by heartbeats.

Updates of `delivery` are never HOT, whatever room there is: each changes `claimed_by`, `status` or `next_attempt_at`,
which are in the indexes that claims use. So it gets no fillfactor, but is vacuumed early: a claim steps over the dead
entries of these indexes. By default, that would be after a fifth of the table was updated, at ten million deliveries
after a million of them. Retention deletes from the others in batches.
"""

from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops

_PARAMETERS: dict[str, dict[str, float]] = {
    "webhook_sequence": {"fillfactor": 50},
    "worker": {"fillfactor": 50},
    "webhook": {"fillfactor": 70},
    "delivery": {
        "autovacuum_vacuum_scale_factor": 0.01,
        "autovacuum_vacuum_threshold": 5_000,
        "autovacuum_analyze_scale_factor": 0.02,
    },
    "event": {"autovacuum_vacuum_scale_factor": 0.05},
    "attempt": {"autovacuum_vacuum_scale_factor": 0.05},
}


class _OnPostgres(ops.RunSQL):
    """SQL that SQLite has nothing like."""

    async def database_forward(self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None) -> None:
        if state_editor is not None and state_editor.DIALECT == "postgres":
            await super().database_forward(app_label, old_state, new_state, state_editor)

    async def database_backward(self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None) -> None:
        if state_editor is not None and state_editor.DIALECT == "postgres":
            await super().database_backward(app_label, old_state, new_state, state_editor)


def _alteration(table: str, parameters: dict[str, float]) -> ops.RunSQL:
    values = ", ".join(f"{name} = {value}" for name, value in parameters.items())
    return _OnPostgres(
        f"ALTER TABLE {table} SET ({values})", reverse_sql=f"ALTER TABLE {table} RESET ({', '.join(parameters)})"
    )


class Migration(migrations.Migration):
    dependencies = [("app", "0015_webhook_feeds")]

    operations = [_alteration(table, parameters) for table, parameters in _PARAMETERS.items()]
