"""What a key with FEED and without READ may select of a webhook: its feed, and its identity."""

from strawberry.types.nodes import SelectedField, Selection

from app.errors import Forbidden
from app.statuses import Scope
from graph.context import Context, Info

_OF_WEBHOOKS = frozenset({"__typename", "id", "feed"})


def reading_webhook(info: Info) -> Context:
    """The context of a caller that may read the selected fields of a webhook.

    Raises:
        Forbidden: the caller has neither READ, nor FEED with only the feed selected.
    """
    caller = info.context.caller
    if Scope.READ in caller.scopes:
        return info.context
    caller.require(Scope.READ, Scope.FEED)
    selected = {name for field in info.selected_fields for name in _names(field.selections)}
    if more := sorted(selected - _OF_WEBHOOKS):
        raise Forbidden(
            f"With the scope FEED, only the id and the feed of a webhook can be read; {more[0]} needs READ."
        )
    return info.context


def _names(selections: list[Selection]) -> set[str]:
    """The names of selected fields, including those of fragments."""
    names = set[str]()
    for selection in selections:
        if isinstance(selection, SelectedField):
            names.add(selection.name)
        else:
            names |= _names(selection.selections)
    return names
