"""The operations of the dashboard, read from the `.graphql` files beside the components that use them.

Each operation becomes one document with the fragments that it uses. The page imports them as `operations.js`, and they
make a manifest for TRUSTED_DOCUMENTS.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import orjson
from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    Node,
    OperationDefinitionNode,
    Visitor,
    parse,
    print_ast,
    visit,
)

HERE = Path(__file__).parent

Definition = TypeVar("Definition", FragmentDefinitionNode, OperationDefinitionNode)


@dataclass(frozen=True, slots=True)
class Operation:
    """One named operation; `document` is its text with all its fragments."""

    name: str
    document: str

    @property
    def id(self) -> str:
        """SHA-256 of the document in hex, its id in a manifest."""
        return sha256(self.document.encode()).hexdigest()


def read_operations(directory: Path = HERE) -> list[Operation]:
    """Return the operations of all `.graphql` files under a directory, by name.

    Raises:
        ValueError: two operations or two fragments have one name, or an operation has none.
        graphql.GraphQLError: a file is not GraphQL.
    """
    nodes = [node for path in sorted(directory.rglob("*.graphql")) for node in parse(path.read_text()).definitions]
    fragments = _by_name(node for node in nodes if isinstance(node, FragmentDefinitionNode))
    operations = _by_name(node for node in nodes if isinstance(node, OperationDefinitionNode))
    return [
        Operation(name, print_ast(DocumentNode(definitions=(node, *_used(node, fragments)))))
        for name, node in sorted(operations.items())
    ]


def module(operations: Iterable[Operation]) -> str:
    """Return the ES module that exports each operation by its name."""
    lines = [
        f"export const {each.name} = {{ name: {_quoted(each.name)}, document: {_quoted(each.document)} }};"
        for each in operations
    ]
    head = ['// @ts-self-types="./operations.d.ts"', "// Written by `python -m app.web.dashboard.declarations`."]
    return "\n".join([*head, *lines, ""])


def manifest(operations: Iterable[Operation]) -> dict[str, str]:
    """Return the texts of the operations by their ids, as TRUSTED_DOCUMENTS reads them."""
    return {operation.id: operation.document for operation in operations}


def _quoted(text: str) -> str:
    return orjson.dumps(text).decode()


def _by_name(nodes: Iterable[Definition]) -> dict[str, Definition]:
    found: dict[str, Definition] = {}
    for node in nodes:
        if node.name is None:
            raise ValueError("Each operation of the dashboard needs a name.")
        if node.name.value in found:
            raise ValueError(f"{node.name.value} is defined twice.")
        found[node.name.value] = node
    return found


def _used(node: Node, fragments: Mapping[str, FragmentDefinitionNode]) -> Iterator[FragmentDefinitionNode]:
    """The fragments that a node uses, directly or through others, in the order of their names."""
    names: set[str] = set()
    waiting: list[Node] = [node]
    while waiting:
        spreads = _Spreads()
        visit(waiting.pop(), spreads)
        new = spreads.names - names
        names |= new
        waiting += [fragments[name] for name in new]
    return (fragments[name] for name in sorted(names))


class _Spreads(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_fragment_spread(self, node: FragmentSpreadNode, *_: object) -> None:
        self.names.add(node.name.value)
