"""The root type of mutations."""

import strawberry

from graph.mutations.access import AccessMutations
from graph.mutations.connections import ConnectionMutations
from graph.mutations.contacts import ContactMutations
from graph.mutations.deliveries import DeliveryMutations
from graph.mutations.event_types import EventTypeMutations
from graph.mutations.events import EventMutations
from graph.mutations.operations import OperationMutations
from graph.mutations.problems import ProblemMutations
from graph.mutations.secrets import SecretMutations
from graph.mutations.webhooks import WebhookMutations
from graph.mutations.workspaces import WorkspaceMutations


@strawberry.type(
    description="Write operations. Each takes one `input` and returns one payload, whose results are null if"
    " `userErrors` is not empty."
)
class Mutation(
    WebhookMutations,
    SecretMutations,
    ConnectionMutations,
    EventMutations,
    DeliveryMutations,
    OperationMutations,
    ProblemMutations,
    EventTypeMutations,
    AccessMutations,
    WorkspaceMutations,
    ContactMutations,
):
    pass
