"""What an operation's cost depends on besides its fields: the sizes of lists, and whether they are searched.

Both are known from the values of arguments, which may be variables of a request.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import IntValueNode, ListValueNode, NullValueNode, ObjectValueNode, ValueNode, VariableNode

from graph.cursors import DEFAULT_SIZE, MAX_SIZE

# Conditions of filters that are looked for in the bodies of events.
SEARCHES = frozenset({"data", "search"})


@dataclass(frozen=True, slots=True)
class Size:
    """Number of items a list may return, from the values of its arguments and the defaults of variables.

    Attributes:
        given: `first` and `last` of a connection, or `ids`, whose length counts.
        default: if none is given.
    """

    place: str
    given: tuple[ValueNode, ...]
    defaults: Mapping[str, ValueNode | None]
    default: int = DEFAULT_SIZE

    def most(self, variables: Mapping[str, Any]) -> int:
        """Maximum size in a request with these variables; an invalid size is refused later."""
        sizes = [size for node in self.given if (size := self._value(node, variables)) is not None]
        return max(sizes, default=self.default)

    def _value(self, node: ValueNode | None, variables: Mapping[str, Any]) -> int | None:
        value: Any = None
        if isinstance(node, VariableNode):
            name = node.name.value
            if name not in variables:
                return self._value(self.defaults.get(name), {})
            value = variables[name]
        elif isinstance(node, IntValueNode):
            value = int(node.value)
        elif isinstance(node, ListValueNode):
            value = node.values
        if isinstance(value, (list, tuple)):
            value = len(value)
        return max(0, min(int(value), MAX_SIZE)) if isinstance(value, (int, float)) else None


@dataclass(frozen=True, slots=True)
class Search:
    """Whether a list is searched, from the value of its argument `filter` and the defaults of variables: as often as
    that is asked of it, once or not at all."""

    given: ValueNode
    defaults: Mapping[str, ValueNode | None]
    place: str = ""

    def most(self, variables: Mapping[str, Any]) -> int:
        """1 in a request with these variables if they ask for a search."""
        return int(self._searches(self.given, variables))

    def _searches(self, node: ValueNode | None, variables: Mapping[str, Any]) -> bool:
        if isinstance(node, ObjectValueNode):
            return any(self._is_given(one.value, variables) for one in node.fields if one.name.value in SEARCHES)
        if not isinstance(node, VariableNode):
            return False
        if node.name.value not in variables:
            return self._searches(self.defaults.get(node.name.value), {})
        value = variables[node.name.value]
        return isinstance(value, Mapping) and any(value.get(name) is not None for name in SEARCHES)

    def _is_given(self, node: ValueNode | None, variables: Mapping[str, Any]) -> bool:
        if isinstance(node, VariableNode):
            if node.name.value in variables:
                return variables[node.name.value] is not None
            return self._is_given(self.defaults.get(node.name.value), {})
        return node is not None and not isinstance(node, NullValueNode)
