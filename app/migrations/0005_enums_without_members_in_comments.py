"""Removes the members of enums from the comments of columns, so that a new member needs no migration.

Only comments change, which is as quick on a table of a hundred million rows as on an empty one.
"""

from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from app.statuses import (
    AttemptOutcome,
    AttemptTrigger,
    AuthenticationKind,
    DeliveryStatus,
    HttpMethod,
    OperationStatus,
    SignatureScheme,
    WebhookStatus,
)


class _AlterComment(ops.AlterField):
    """Alters the comment on PostgreSQL. SQLite has no comments, and Tortoise would copy the whole table there."""

    async def database_forward(self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None) -> None:
        if state_editor is not None and state_editor.DIALECT == "postgres":
            await super().database_forward(app_label, old_state, new_state, state_editor)

    async def database_backward(self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None) -> None:
        if state_editor is not None and state_editor.DIALECT == "postgres":
            await super().database_backward(app_label, old_state, new_state, state_editor)


def _without_comment(model: str, column: str, enum_type: Any, max_length: int, *, null: bool = False) -> ops.AlterField:
    field = fields.CharEnumField(enum_type, description="", max_length=max_length, null=null)
    return _AlterComment(model_name=model, name=column, field=field)


class Migration(migrations.Migration):
    dependencies = [("app", "0004_ordering_by_what_is_open")]

    operations = [
        _without_comment("Webhook", "method", HttpMethod, 8),
        _without_comment("Webhook", "authentication_kind", AuthenticationKind, 8),
        _without_comment("Webhook", "signature_scheme", SignatureScheme, 16),
        _without_comment("Webhook", "status", WebhookStatus, 8),
        _without_comment("Delivery", "status", DeliveryStatus, 10),
        _without_comment("Delivery", "trigger", AttemptTrigger, 8),
        _without_comment("Delivery", "last_outcome", AttemptOutcome, 20, null=True),
        _without_comment("Attempt", "trigger", AttemptTrigger, 8),
        _without_comment("Attempt", "outcome", AttemptOutcome, 20),
        _without_comment("Attempt", "request_method", HttpMethod, 8),
        _without_comment("Operation", "status", OperationStatus, 10),
    ]
