"""Changes of contacts: entries of files and the server's state in, steps or faults out. Pure.

A contact cannot be changed, so one with other events is created, and the old one is deleted after that.
"""

from collections.abc import Mapping, Sequence

from app.cli.files.server_state import ServerContact
from app.cli.files.shape import NO_CREDENTIAL, ContactEntry, Fault, Place
from app.cli.files.step import Action, Step
from app.contacts import validation
from app.contacts.sealed import shown_target
from app.email_addresses import email_address
from app.errors import Problem
from app.statuses import ContactKind
from app.webhooks.credentials import MASK
from app.webhooks.validation import target as urls

_CREATE = "mutation ($input: CreateContactInput!) { createContact(input: $input) { userErrors { message path } } }"
_DELETE = "mutation ($input: ContactIdInput!) { deleteContact(input: $input) { userErrors { message path } } }"
_NOT_BY_FILE = (
    "A WEBHOOK contact gets a secret that is shown only once; create it with `eev-webhooks contacts create`, after"
    " which a file may name it."
)


def contact_steps(
    entries: Sequence[tuple[ContactEntry, Place]],
    contacts: Sequence[ServerContact],
    environment: Mapping[str, str],
    faults: list[Fault],
) -> list[Step]:
    """The steps after which the server has the contacts of all entries."""
    left, missing = list(contacts), list[tuple[ContactEntry, Place, str]]()
    for entry, place in entries:
        to = _target(entry, place, environment, faults)
        same = next((contact for contact in left if _is(contact, entry, to) and _selects(contact, entry)), None)
        if same is None:
            missing.append((entry, place, to))
        else:
            left.remove(same)
    steps = []
    for entry, place, to in missing:
        replaced = next((contact for contact in left if _is(contact, entry, to)), None)
        if replaced is not None:
            left.remove(replaced)
        if to and _is_valid(entry, place, to, faults):
            steps += _steps(entry, to, replaced)
    return steps


def _target(entry: ContactEntry, place: Place, environment: Mapping[str, str], faults: list[Fault]) -> str:
    """Where messages go, with MASK if only the server knows; empty if there is a fault."""
    if not isinstance(entry.target, str):
        if entry.target.env in environment:
            return environment[entry.target.env].strip()
        message = f"The environment variable {entry.target.env} is not set."
        faults.append(place.fault(message, "target", "env"))
        return ""
    text = entry.target.strip()
    if MASK not in text and _shown(entry.kind, text) != text:
        faults.append(place.fault(NO_CREDENTIAL, "target"))
        return ""
    return text


def _shown(kind: ContactKind, text: str) -> str:
    return text if MASK in text else shown_target(kind, text)


def _is(contact: ServerContact, entry: ContactEntry, to: str) -> bool:
    return contact.kind is entry.kind and contact.target == _shown(entry.kind, to)


def _selects(contact: ServerContact, entry: ContactEntry) -> bool:
    return set(contact.events) == set(entry.events)


def _is_valid(entry: ContactEntry, place: Place, to: str, faults: list[Fault]) -> bool:
    problems: list[Problem] = []
    validation.events(problems, entry.events, "events")
    if entry.kind is not ContactKind.EMAIL and MASK not in to:
        urls.url(problems, to, True, "target")
    found = [place.fault(problem.message, *problem.path) for problem in problems]
    if entry.kind is ContactKind.WEBHOOK:
        found.append(place.fault(_NOT_BY_FILE, "kind"))
    elif MASK in to:
        message = "No contact has this target and these events; to create one, write {env: NAME} with the whole URL."
        found.append(place.fault(message, "target"))
    elif entry.kind is ContactKind.EMAIL:
        try:
            email_address(to)
        except ValueError as error:
            found.append(place.fault(str(error), "target"))
    faults += found
    return not found


def _steps(entry: ContactEntry, to: str, replaced: ServerContact | None) -> list[Step]:
    name = f"{entry.kind} {_shown(entry.kind, to)}"
    draft = {"kind": str(entry.kind), "target": to, "events": entry.events}
    before = None if replaced is None else list(replaced.events)
    created = Step(Action.CREATE, "contact", name, {"events": [before, entry.events]}, _CREATE, draft)
    if replaced is None:
        return [created]
    return [created, Step(Action.DELETE, "contact", name, {}, _DELETE, {"id": replaced.id}, replaced.id)]
