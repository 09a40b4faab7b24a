"""Inputs of the mutations on workspaces."""

import strawberry


@strawberry.input(description="Input of `createWorkspace`.")
class CreateWorkspaceInput:
    name: str = strawberry.field(description="Name of the workspace.")
    external_id: str | None = strawberry.field(
        default=None,
        description="The platform's own ID of the workspace, unique in the installation. Creating it again returns the"
        " first one.",
    )


@strawberry.input(description="Identifies a workspace.")
class WorkspaceIdInput:
    id: strawberry.ID = strawberry.field(description="ID of the workspace.")
