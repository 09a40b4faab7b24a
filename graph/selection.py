"""What an operation selects below the field that is being resolved, fragments included."""

from collections.abc import Collection

from strawberry.types.nodes import Selection

from graph.context import Info


def selects(info: Info, names: Collection[str]) -> bool:
    """Whether a field with one of these names is selected, at any depth."""
    return any(_selects(field, names) for field in info.selected_fields)


def _selects(selection: Selection, names: Collection[str]) -> bool:
    return getattr(selection, "name", "") in names or any(_selects(one, names) for one in selection.selections)
