"""Workspaces."""

from datetime import datetime

import strawberry

from app.clock import from_micros
from app.models import Workspace as WorkspaceModel
from graph.context import Info
from graph.pagination import Page
from graph.rows import StoredWorkspace
from graph.types.connection import Connection
from graph.types.node import Node


@strawberry.type(description="One customer of the platform. Everything else belongs to exactly one workspace.")
class Workspace(Node):
    name: str = strawberry.field(description="Name of the workspace.")
    external_id: str | None = strawberry.field(
        description="The platform's own ID of the workspace, unique in the installation; null if it has none."
    )
    created_at: datetime = strawberry.field(description="Time of creation.")

    @classmethod
    def from_row(cls, row: StoredWorkspace) -> "Workspace":
        return cls(
            id=strawberry.ID(row.id),
            name=row.name,
            external_id=row.external_id,
            created_at=from_micros(row.created_at),
        )

    @classmethod
    def from_model(cls, model: WorkspaceModel) -> "Workspace":
        return cls(
            id=strawberry.ID(model.id), name=model.name, external_id=model.external_id, created_at=model.created_at
        )

    @strawberry.field(description="Number of webhooks in the workspace.")
    async def webhook_count(self, info: Info) -> int:
        return await info.context.loaders.webhook_counts.load(self.id)


@strawberry.type(description="A page of workspaces, newest first.")
class WorkspaceConnection(Connection[Workspace]):
    @classmethod
    def from_page(cls, page: Page[StoredWorkspace]) -> "WorkspaceConnection":
        return cls(nodes=[Workspace.from_row(row) for row in page.rows], page=page)
