"""Mutations that create, delete and try contacts."""

import strawberry

from app.contacts import lifecycle
from app.contacts.courier import Courier
from app.contacts.try_contact import try_contact
from graph.context import Info
from graph.inputs.contacts import ContactIdInput, CreateContactInput
from graph.mutations.payload import Input, Payload, mutation
from graph.types.contact import Contact


@strawberry.type(description="Payload of `createContact`.")
class CreateContactPayload(Payload):
    contact: Contact | None = strawberry.field(default=None, description="The new contact.")
    secret: str | None = strawberry.field(
        default=None,
        description="The secret that signs the messages of a contact of the kind WEBHOOK, shown only this once.",
    )


@strawberry.type(description="Payload of `deleteContact`.")
class DeleteContactPayload(Payload):
    deleted_id: strawberry.ID | None = strawberry.field(default=None, description="ID of the deleted contact.")


@strawberry.type(description="Payload of `testContact`.")
class TestContactPayload(Payload):
    contact: Contact | None = strawberry.field(
        default=None,
        description="The contact after the test. `lastError` is null if the message went out; otherwise it says why it"
        " did not.",
    )


@strawberry.type
class ContactMutations:
    @mutation("Creates a contact that receives alerts from now on. Needs MANAGE.")
    async def create_contact(self, info: Info, input: Input[CreateContactInput]) -> CreateContactPayload:
        created = await lifecycle.create_contact(info.context.resources, info.context.caller, input.draft())
        return CreateContactPayload(contact=Contact.from_model(created.contact), secret=created.secret)

    @mutation("Deletes a contact. Alerts that it did not receive yet are dropped. Needs MANAGE.")
    async def delete_contact(self, info: Info, input: Input[ContactIdInput]) -> DeleteContactPayload:
        deleted_id = await lifecycle.delete_contact(info.context.resources, info.context.caller, input.id)
        return DeleteContactPayload(deleted_id=strawberry.ID(deleted_id))

    @mutation("Sends a real message to a contact now, marked as a test, and waits for its outcome. Needs MANAGE.")
    async def test_contact(self, info: Info, input: Input[ContactIdInput]) -> TestContactPayload:
        resources = info.context.resources
        courier = Courier.of(resources.settings, resources.clock, resources.cipher, resources.sender)
        tried = await try_contact(resources, courier, info.context.caller, input.id)
        return TestContactPayload(contact=Contact.from_model(tried))
