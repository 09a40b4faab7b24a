"""Limits on the shape of an operation, checked before execution: nesting and aliases.

Pure: a document in, errors out. Introspection is not counted, because graphql-core limits it itself
(MaxIntrospectionDepthRule). Each fragment is measured once however often it is spread, so measuring a short text is
fast.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSyntaxError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

from graph.errors import QUERY_TOO_COMPLEX

# About 50 ms. An operation of 2,000 tokens without repetition stays below 2,000.
MAX_COMPARED = 20_000
# Deeper than any operation within the limits; a fragment that spreads itself, which is not valid, has no bottom.
_DEEPEST = 200
_TOO_MANY_TOKENS = re.compile(r"Document contains more than (\d+) tokens")
_TOO_DEEP_TO_PARSE = "Document is nested too deeply"


def too_complex(what: str, value: int | str, limit: int) -> GraphQLError:
    """The error for an operation beyond a limit."""
    message = f"The operation has {what} {value}, but at most {limit} is allowed."
    return GraphQLError(message, extensions={"code": QUERY_TOO_COMPLEX})


def say_limits(error: GraphQLError, max_depth: int) -> None:
    """Rephrase an error of graphql-core's parser about a limit like those above; other errors stay unchanged.

    The parser signals it only by its message, and stops at the limit, so the actual size is unknown.
    """
    if not isinstance(error, GraphQLSyntaxError):
        return
    if found := _TOO_MANY_TOKENS.search(error.message):
        limit = int(found[1])
        said = too_complex("more than", f"{limit} tokens", limit)
    elif _TOO_DEEP_TO_PARSE in error.message:
        said = too_complex("a depth of", "more than can be read", max_depth)
    else:
        return
    error.message, error.extensions = said.message, said.extensions


def too_long(characters: int, limit: int) -> GraphQLError:
    """The error for a text that is too long to parse, although comments and strings are one token or none."""
    beyond = f"The operation has a text of {characters} characters, but at most {limit} are allowed."
    message = f"{beyond} Put values into variables."
    return GraphQLError(message, extensions={"code": QUERY_TOO_COMPLEX})


def shape_errors(document: DocumentNode, *, max_depth: int, max_aliases: int) -> list[GraphQLError]:
    """The limits that the shape of a document exceeds; the document need not be valid."""
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


def repetition_errors(document: DocumentNode, limit: int = MAX_COMPARED) -> list[GraphQLError]:
    """An error if a document repeats fields so often that validation, which is quadratic in them, takes long.

    See CVE-2023-26144. Fields are merged as execution merges them; each operation and fragment is looked at by itself.
    """
    roots = [
        node for node in document.definitions if isinstance(node, (OperationDefinitionNode, FragmentDefinitionNode))
    ]
    fragments = {root.name.value: root.selection_set for root in roots if isinstance(root, FragmentDefinitionNode)}
    waiting = [([root.selection_set], 0) for root in roots]
    compared = 0
    while waiting:
        sets, depth = waiting.pop()
        for nodes in _merged(sets, fragments):
            compared += len(nodes) ** 2
            inner = [node.selection_set for node in nodes if node.selection_set]
            if inner and depth < _DEEPEST:
                waiting.append((inner, depth + 1))
        if compared > limit:
            return [too_complex("repeated fields to be compared", f"more than {limit} times", limit)]
    return []


def _merged(sets: list[SelectionSetNode], fragments: Mapping[str, SelectionSetNode]) -> Iterable[list[FieldNode]]:
    """The fields of selection sets at the same level, grouped by response name."""
    merged: dict[str, list[FieldNode]] = {}
    spread: set[str] = set()
    waiting = [*sets]
    while waiting:
        for selection in waiting.pop().selections:
            if isinstance(selection, FieldNode):
                merged.setdefault((selection.alias or selection.name).value, []).append(selection)
            elif isinstance(selection, InlineFragmentNode):
                waiting.append(selection.selection_set)
            elif isinstance(selection, FragmentSpreadNode) and (name := selection.name.value) not in spread:
                spread.add(name)
                waiting += [fragments[name]] if name in fragments else []
    return merged.values()


@dataclass(slots=True)
class _Shape:
    """Depth and aliases of one selection set, and the fragments that it spreads at each depth."""

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
        """Count one selection, and return the selections nested in it."""
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
    """The depth and the number of aliases of a shape including its fragments."""
    deepest, aliases = shape.depth, shape.aliases
    for depth, name in shape.spreads:
        if name in fragments and name not in measured:
            measured[name] = 0, 0  # one that spreads itself is not valid; here it only must not loop forever
            measured[name] = _measure(fragments[name], fragments, measured)
        inner_depth, inner_aliases = measured.get(name, (0, 0))
        deepest, aliases = max(deepest, depth + inner_depth), aliases + inner_aliases
    return deepest, aliases
