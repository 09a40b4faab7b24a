"""Who acts."""

import strawberry

from app.access.actor import Actor as DomainActor
from graph.enums import ActorKind


@strawberry.type(description="Who acts: a person, an API key, an access token, the server or the command line.")
class Actor:
    kind: ActorKind = strawberry.field(description="Kind of actor.")
    id: str | None = strawberry.field(
        description="ID of the API key, or the ID that the platform gave to a person; null for the server and the"
        " command line."
    )
    name: str | None = strawberry.field(description="Name of the actor; null if it has none.")

    @classmethod
    def of(cls, actor: DomainActor) -> "Actor":
        return cls(kind=actor.kind, id=actor.id, name=actor.name)
