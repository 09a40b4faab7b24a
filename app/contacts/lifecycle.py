"""Creates, lists and deletes contacts. In every function, a contact of another workspace is one that never existed."""

from dataclasses import dataclass, field
from datetime import datetime

from app.access import audit
from app.access.caller import Caller
from app.contacts.sealed import open_target, seal_secret, seal_target, shown_target
from app.contacts.validation import ContactDraft, checked
from app.database.database import Database, Statements
from app.encryption import Cipher, NotDecrypted
from app.errors import Problem, Rejected, UserErrorCode, not_found, rejected
from app.ids import CONTACT, is_id, new_id
from app.models import Contact
from app.services import Services
from app.signing import new_secret
from app.statuses import ContactKind, Scope, SignatureScheme

# Each alert is noted for all of them in the transaction of the alert, and nobody watches this many places.
MAX_CONTACTS = 20
_WHAT = "A contact"


@dataclass(frozen=True, slots=True)
class CreatedContact:
    """A new contact, and the secret that signs its messages if it is a WEBHOOK, which is shown only now."""

    contact: Contact
    secret: str | None = field(repr=False)


async def create_contact(services: Services, caller: Caller, draft: ContactDraft) -> CreatedContact:
    """Create a contact that receives alerts from now on.

    Raises:
        Forbidden: the caller lacks MANAGE, or has a narrowed token.
        Rejected: all problems of the draft at once, TAKEN by an equal contact, or TOO_MANY contacts.
    """
    caller.require(Scope.MANAGE)
    caller.require_whole_workspace(_WHAT)
    problems: list[Problem] = []
    right = checked(problems, draft, services.settings)
    if problems:
        raise Rejected(problems)
    at = services.clock.now()
    secret = new_secret(SignatureScheme.HMAC_SHA256) if right.kind is ContactKind.WEBHOOK else None
    contact = _contact(services.cipher, caller.workspace_id, right, secret, at)
    async with services.database.transaction() as statements:
        # Its lock makes counting safe.
        lock = "UPDATE workspace SET registry_version = registry_version WHERE id = $1"
        await statements.execute(lock, caller.workspace_id)
        await _require_room(statements, services.cipher, caller.workspace_id, right)
        await contact.save(using_db=statements.orm, force_create=True)
        changes = {name: [None, getattr(contact, name)] for name in ("kind", "target", "events")}
        await audit.record(statements, caller, "contact.created", contact.id, changes, at)
    return CreatedContact(contact, secret)


async def list_contacts(database: Database, caller: Caller) -> list[Contact]:
    """The contacts of the workspace, newest first.

    Raises:
        Forbidden: the caller has a narrowed token.
    """
    caller.require_whole_workspace(_WHAT)
    return await Contact.filter(workspace_id=caller.workspace_id).using_db(database.orm).order_by("-id")


async def delete_contact(services: Services, caller: Caller, contact_id: str) -> str:
    """Delete a contact; return its ID. Alerts that wait for it are dropped.

    Raises:
        Forbidden: the caller lacks MANAGE, or has a narrowed token.
        Rejected: NOT_FOUND.
    """
    caller.require(Scope.MANAGE)
    at = services.clock.now()
    async with services.database.transaction() as statements:
        contact = await find_contact(statements, caller, contact_id)
        await contact.delete(using_db=statements.orm)
        changes = {name: [getattr(contact, name), None] for name in ("kind", "target", "events")}
        await audit.record(statements, caller, "contact.deleted", contact.id, changes, at)
    return contact.id


async def find_contact(statements: Statements, caller: Caller, contact_id: str) -> Contact:
    """A contact of the caller's workspace.

    Raises:
        Forbidden: the caller has a narrowed token.
        Rejected: NOT_FOUND.
    """
    caller.require_whole_workspace(_WHAT)
    if is_id(CONTACT, contact_id):
        query = Contact.filter(id=contact_id, workspace_id=caller.workspace_id).using_db(statements.orm)
        for contact in await query:
            return contact
    raise not_found("contact", contact_id)


def _contact(cipher: Cipher, workspace_id: str, draft: ContactDraft, secret: str | None, at: datetime) -> Contact:
    contact_id = new_id(CONTACT, at)
    return Contact(
        id=contact_id,
        workspace_id=workspace_id,
        kind=draft.kind,
        target=shown_target(draft.kind, draft.target),
        sealed_target=seal_target(cipher, contact_id, draft.target),
        events=list(draft.events),
        secret=None if secret is None else seal_secret(cipher, contact_id, secret),
        created_at=at,
    )


async def _require_room(statements: Statements, cipher: Cipher, workspace_id: str, draft: ContactDraft) -> None:
    present = await Contact.filter(workspace_id=workspace_id).using_db(statements.orm)
    if len(present) >= MAX_CONTACTS:
        message = f"The workspace has {len(present)} contacts; at most {MAX_CONTACTS} are allowed. Delete one first."
        raise rejected(UserErrorCode.TOO_MANY, message)
    equal = next((contact for contact in present if _is_equal(cipher, contact, draft)), None)
    if equal is not None:
        message = f"The contact {equal.id} has this target and these events already; delete it first to replace it."
        raise rejected(UserErrorCode.TAKEN, message, "target")


def _is_equal(cipher: Cipher, contact: Contact, draft: ContactDraft) -> bool:
    if contact.kind is not draft.kind or set(contact.events) != set(draft.events):
        return False
    try:
        return open_target(cipher, contact.id, contact.sealed_target) == draft.target
    except NotDecrypted:
        return False
