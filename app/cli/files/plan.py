"""The plan of all changes: contents of files and the server's state in, steps or faults out."""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from app.cli.files.contact_steps import contact_steps
from app.cli.files.event_type_steps import event_type_steps, known_after
from app.cli.files.server_state import ServerState, ServerWebhook
from app.cli.files.shape import Entries, Fault, Place, WebhookEntry
from app.cli.files.step import Action, Step
from app.cli.files.webhook_steps import WebhookSteps
from app.cli.values import Label
from app.sender.guard import AddressPolicy
from app.statuses import Scope
from app.webhooks.validation.setting import Surroundings

_DELETE = "mutation ($input: WebhookIdInput!) { deleteWebhook(input: $input) { userErrors { message path } } }"


class Options(NamedTuple):
    """Options of `apply`.

    Attributes:
        prune: delete webhooks with this label that no file names; None deletes nothing.
    """

    environment: Mapping[str, str]
    renew: bool = False
    prune: Label | None = None


def plan(entries: Entries, state: ServerState, options: Options) -> tuple[list[Step], list[Fault]]:
    """The steps in an order in which they can be made, and all faults; the steps count only if there are none."""
    faults = _repeated(entries)
    pairs = [(entry, place, _match(entry, place, state, faults)) for entry, place in entries.webhooks]
    if options.prune is not None:
        faults += _unlabelled(entries, options.prune)
    event_types: list[Step] = []
    for entry, place in entries.event_types:
        event_types += event_type_steps(entry, place, state.event_types.get(entry.name), faults)
    finder = WebhookSteps(_around(entries, state), options.environment, options.renew)
    webhooks = [
        finder.step(entry, place, current, faults)
        for entry, place, current in pairs
        if current is not None or entry.external_id is not None
    ]
    steps = [
        *(step for step in event_types if step.action is not Action.ARCHIVE),
        *(step for step in webhooks if step is not None),
        *(step for step in event_types if step.action is Action.ARCHIVE),
        *contact_steps(entries.contacts, state.contacts, options.environment, faults),
    ]
    if options.prune is not None:
        named = {current.id for _, _, current in pairs if current is not None}
        steps += _deletions(state, named, options.prune)
    return steps, faults


def missing_scopes(steps: list[Step], state: ServerState) -> list[Scope]:
    """The scopes that the key lacks for the steps."""
    return sorted({step.scope for step in steps} - state.scopes)


def _match(entry: WebhookEntry, place: Place, state: ServerState, faults: list[Fault]) -> ServerWebhook | None:
    """The server's webhook of an entry: by its ID if it has one, otherwise by its external ID."""
    of_external_id = next(
        (w for w in state.webhooks if entry.external_id and w.configuration.external_id == entry.external_id.strip()),
        None,
    )
    if entry.id is None:
        if entry.external_id is None:
            message = "The webhook has no externalId, by which it is found again; give it one of your own."
            faults.append(place.fault(message))
        return of_external_id
    found = next((webhook for webhook in state.webhooks if webhook.id == entry.id), None)
    if found is None:
        message = f"No webhook has the id {entry.id}. To make one, give it an externalId instead of the id."
        faults.append(place.fault(message, "id"))
    elif of_external_id is not None and of_external_id is not found:
        message = f"The webhook {of_external_id.id} has this externalId."
        faults.append(place.fault(message, "externalId"))
    return found


def _repeated(entries: Entries) -> list[Fault]:
    """Entries about the same object, of which only one could take effect."""
    named = [
        *((("id", entry.id), place) for entry, place in entries.webhooks if entry.id is not None),
        *((("externalId", e.external_id), place) for e, place in entries.webhooks if e.external_id is not None),
        *((("name", entry.name), place) for entry, place in entries.event_types),
    ]
    counts = Counter(name for name, _ in named)
    first: dict[tuple[str, str], Place] = {}
    faults = []
    for name, place in named:
        if counts[name] > 1 and first.setdefault(name, place) is not place:
            before = first[name]
            where = f"{before.file}:{before.document.line(before.path)}"
            faults.append(place.fault(f'There is another entry with the {name[0]} "{name[1]}", in {where}.', name[0]))
    return faults


def _unlabelled(entries: Entries, label: Label) -> list[Fault]:
    """Entries that a later run could not prune."""
    message = f"The metadata lacks {label.name}: {label.value}, by which --prune finds webhooks that no file names."
    return [
        place.fault(message, "metadata")
        for entry, place in entries.webhooks
        if (entry.metadata or {}).get(label.name) != label.value
    ]


def _around(entries: Entries, state: ServerState) -> Surroundings:
    known = dict(state.event_types)
    for entry, _ in entries.event_types:
        known[entry.name] = known_after(entry, known.get(entry.name))
    return Surroundings(
        event_types={name: found.event_type for name, found in known.items() if not found.archived},
        archived={name for name, found in known.items() if found.archived},
        addresses=AddressPolicy(allow_loopback=True),
        allow_http=True,
    )


def _deletions(state: ServerState, named: set[str], label: Label) -> list[Step]:
    return [
        Step(
            Action.DELETE,
            "webhook",
            webhook.configuration.external_id or webhook.configuration.name,
            {},
            _DELETE,
            {"id": webhook.id},
            webhook.id,
        )
        for webhook in state.webhooks
        if webhook.id not in named and webhook.configuration.metadata.get(label.name) == label.value
    ]
