"""Gives each delivery its number among those of its webhook (`sequence`), and ordering keys an index that follows it.

Existing deliveries are numbered in the order of their IDs. That writes every row of the table once, and blocks other
writes to it meanwhile.

On PostgreSQL, processes of the previous version continue beside those of this one for a while and do not know
sequences: a trigger numbers their rows one by one. Rows that already have a number do not run it.
"""

from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from app.column_types import IdField

_NUMBER = """
UPDATE delivery SET sequence = numbered.place
FROM (SELECT id, row_number() OVER (PARTITION BY webhook_id ORDER BY id) AS place FROM delivery WHERE NOT test) numbered
WHERE delivery.id = numbered.id
"""
# PostgreSQL enters an updated row in every index again. Without indexes meanwhile, this is twice as fast.
_NUMBER_WITHOUT_INDEXES = f"""
DO $$
DECLARE
  names text[]; definitions text[]; one text;
BEGIN
  SELECT array_agg(i.indexrelid::regclass::text), array_agg(pg_get_indexdef(i.indexrelid)) INTO names, definitions
  FROM pg_index i WHERE i.indrelid = 'delivery'::regclass AND NOT i.indisprimary;
  FOREACH one IN ARRAY names LOOP EXECUTE 'DROP INDEX ' || one; END LOOP;
  {_NUMBER};
  FOREACH one IN ARRAY definitions LOOP EXECUTE one; END LOOP;
END $$
"""
_COUNT = """
INSERT INTO webhook_sequence (webhook_id, last_sequence)
SELECT webhook_id, max(sequence) FROM delivery WHERE sequence IS NOT NULL GROUP BY webhook_id
"""
_ORDERING = "CREATE INDEX delivery_ordering ON delivery (webhook_id, ordering_key, {})" + (
    " WHERE ordering_key IS NOT NULL AND completed_at IS NULL"
)


_FUNCTION = """
CREATE FUNCTION number_delivery() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO webhook_sequence AS counter (webhook_id, last_sequence) VALUES (NEW.webhook_id, 1)
  ON CONFLICT (webhook_id) DO UPDATE SET last_sequence = counter.last_sequence + 1
  RETURNING last_sequence INTO NEW.sequence;
  RETURN NEW;
END $$
"""
_TRIGGER = """
CREATE TRIGGER number_delivery BEFORE INSERT ON delivery FOR EACH ROW
WHEN (NEW.sequence IS NULL AND NOT NEW.test) EXECUTE FUNCTION number_delivery()
"""


class _On(ops.RunSQL):
    """Runs on one of the two databases only."""

    def __init__(self, dialect: str, sql: str, reverse_sql: str) -> None:
        super().__init__(sql, reverse_sql)
        self._dialect = dialect

    async def database_forward(self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None) -> None:
        if state_editor is not None and self._dialect == state_editor.DIALECT:
            await super().database_forward(app_label, old_state, new_state, state_editor)

    async def database_backward(self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None) -> None:
        if state_editor is not None and self._dialect == state_editor.DIALECT:
            await super().database_backward(app_label, old_state, new_state, state_editor)


class _AddColumn(ops.AddField):
    """Adds a column, and drops it directly when undone: Tortoise copies the table on SQLite and loses its indexes."""

    async def database_backward(self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None) -> None:
        drop = ops.RunSQL("ALTER TABLE delivery DROP COLUMN sequence")
        await drop.database_forward(app_label, old_state, new_state, state_editor)


class Migration(migrations.Migration):
    dependencies = [("app", "0008_actors")]

    operations = [
        ops.CreateModel(
            name="WebhookSequence",
            fields=[
                ("webhook_id", IdField(primary_key=True, unique=True, db_index=True)),
                ("last_sequence", fields.BigIntField()),
            ],
            options={
                "table": "webhook_sequence",
                "app": "app",
                "pk_attr": "webhook_id",
                "table_description": (
                    "The last `sequence` given to a delivery of a webhook. A table of its own, so that no claim waits"
                    " for it."
                ),
            },
            bases=["Model"],
        ),
        _AddColumn(model_name="Delivery", name="sequence", field=fields.BigIntField(null=True)),
        ops.RunSQL("DROP INDEX delivery_ordering", reverse_sql=_ORDERING.format("id")),
        _On("sqlite", _NUMBER, reverse_sql=""),
        _On("postgres", _NUMBER_WITHOUT_INDEXES, reverse_sql=""),
        ops.RunSQL(_COUNT, reverse_sql=""),
        ops.RunSQL(_ORDERING.format("sequence"), reverse_sql="DROP INDEX delivery_ordering"),
        ops.RunSQL(
            "CREATE UNIQUE INDEX delivery_sequence ON delivery (webhook_id, sequence) WHERE sequence IS NOT NULL",
            reverse_sql="DROP INDEX delivery_sequence",
        ),
        _On("postgres", _FUNCTION, reverse_sql="DROP FUNCTION number_delivery()"),
        _On("postgres", _TRIGGER, reverse_sql="DROP TRIGGER number_delivery ON delivery"),
    ]
