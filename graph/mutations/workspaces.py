"""Mutations that create and delete workspaces."""

import strawberry

from app.access import workspaces
from graph.context import Info
from graph.inputs.workspaces import CreateWorkspaceInput, WorkspaceIdInput
from graph.mutations.payload import Input, Payload, mutation
from graph.types.workspace import Workspace


@strawberry.type(description="Payload of `createWorkspace`.")
class CreateWorkspacePayload(Payload):
    workspace: Workspace | None = strawberry.field(
        default=None, description="The workspace, either new or found by its external ID and left as it is."
    )
    created: bool | None = strawberry.field(default=None, description="Whether the workspace is new.")


@strawberry.type(description="Payload of `deleteWorkspace`.")
class DeleteWorkspacePayload(Payload):
    deleted_id: strawberry.ID | None = strawberry.field(default=None, description="ID of the deleted workspace.")


@strawberry.type
class WorkspaceMutations:
    @mutation(
        "Creates a workspace, or returns the one with this external ID; safe to repeat. `createAccessToken` gives"
        " access to it. Needs INSTALLATION."
    )
    async def create_workspace(self, info: Info, input: Input[CreateWorkspaceInput]) -> CreateWorkspacePayload:
        added = await workspaces.add_workspace(
            info.context.resources, info.context.caller, input.name, input.external_id
        )
        return CreateWorkspacePayload(workspace=Workspace.from_model(added.workspace), created=added.created)

    @mutation(
        "Deletes a workspace with everything in it. Its keys and tokens end and its deliveries stop within a second;"
        " its data is removed in the background. Needs INSTALLATION."
    )
    async def delete_workspace(self, info: Info, input: Input[WorkspaceIdInput]) -> DeleteWorkspacePayload:
        resources = info.context.resources
        deleted_id = await workspaces.delete_workspace(
            resources, resources.authenticator, info.context.caller, input.id
        )
        return DeleteWorkspacePayload(deleted_id=strawberry.ID(deleted_id))
