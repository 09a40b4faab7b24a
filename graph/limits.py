"""The shape of an operation against its limits, before any of it runs: nesting and aliases.

Pure: a document in, errors out. Introspection counts for nothing here, because graphql-core bounds it on its own
(MaxIntrospectionDepthRule). Fragments are measured once each however often they are spread, so that a short text cannot
make measuring it long.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

from graph.errors import QUERY_TOO_COMPLEX


def too_complex(what: str, value: int | str, limit: int) -> GraphQLError:
    """The error for an operation beyond a limit."""
    message = f"The operation has {what} {value}, but at most {limit} is allowed."
    return GraphQLError(message, extensions={"code": QUERY_TOO_COMPLEX})


def shape_errors(document: DocumentNode, *, max_depth: int, max_aliases: int) -> list[GraphQLError]:
    """What is beyond the limits in the mere shape of a document, which need not be valid."""
    fragments = {
        definition.name.value: _Shape.of(definition.selection_set)
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }
    measured: dict[str, tuple[int, int]] = {}
    errors = []
    for operation in document.definitions:
        if isinstance(operation, OperationDefinitionNode):
            depth, aliases = _measure(_Shape.of(operation.selection_set), fragments, measured)
            if depth > max_depth:
                errors.append(too_complex("a depth of", depth, max_depth))
            if aliases > max_aliases:
                errors.append(too_complex("aliases to the number of", aliases, max_aliases))
    return errors


@dataclass(slots=True)
class _Shape:
    """What one selection set holds itself, and which fragments it spreads at which depth."""

    depth: int = 0
    aliases: int = 0
    spreads: list[tuple[int, str]] = field(default_factory=list)

    @classmethod
    def of(cls, selection_set: SelectionSetNode) -> "_Shape":
        shape = cls()
        waiting = [(selection, 0) for selection in selection_set.selections]
        while waiting:
            selection, depth = waiting.pop()
            waiting += [(inner, depth + isinstance(selection, FieldNode)) for inner in shape._add(selection, depth)]
        return shape

    def _add(self, selection: SelectionNode, depth: int) -> tuple[SelectionNode, ...]:
        """Count one selection, and return what is nested in it."""
        if isinstance(selection, FragmentSpreadNode):
            self.spreads.append((depth, selection.name.value))
        elif isinstance(selection, InlineFragmentNode):
            return selection.selection_set.selections
        elif isinstance(selection, FieldNode) and not selection.name.value.startswith("__"):
            self.depth = max(self.depth, depth + 1)
            self.aliases += selection.alias is not None
            return selection.selection_set.selections if selection.selection_set else ()
        return ()


def _measure(shape: _Shape, fragments: Mapping[str, _Shape], measured: dict[str, tuple[int, int]]) -> tuple[int, int]:
    """The depth and the number of aliases of a shape with all that it spreads."""
    deepest, aliases = shape.depth, shape.aliases
    for depth, name in shape.spreads:
        if name in fragments and name not in measured:
            measured[name] = 0, 0  # one that spreads itself is not valid; here it only must not go on for ever
            measured[name] = _measure(fragments[name], fragments, measured)
        inner_depth, inner_aliases = measured.get(name, (0, 0))
        deepest, aliases = max(deepest, depth + inner_depth), aliases + inner_aliases
    return deepest, aliases
