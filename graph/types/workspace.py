"""Workspaces."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import strawberry

from app.clock import from_micros
from graph.types.node import Node


@strawberry.type(description="One customer of the platform. Everything else belongs to exactly one workspace.")
class Workspace(Node):
    name: str = strawberry.field(description="Name of the workspace.")
    created_at: datetime = strawberry.field(description="Time of creation.")

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Workspace":
        return cls(id=row["id"], name=row["name"], created_at=from_micros(row["created_at"]))
