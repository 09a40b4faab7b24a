"""Writes the dashboard's operations as an ES module, and their TypeScript declarations, so that its plain JavaScript is
checked against schema.graphql.

`python -m app.web.dashboard.declarations` writes `operations.js` and `operations.d.ts` beside this file. A fragment is
expanded where it is used. Made for development; the server never runs it.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    build_schema,
    get_named_type,
    parse,
    type_from_ast,
)
from graphql.type import is_required_input_field

from app.web.dashboard.operations import HERE, Operation, module, read_operations

SCHEMA = HERE.parents[2] / "schema.graphql"
_SCALARS = {"Int": "number", "Float": "number", "Boolean": "boolean", "String": "string", "ID": "string"}
_OTHER_SCALARS = {"DateTime": "string", "JSON": "unknown"}
_HEAD = """// Written by `python -m app.web.dashboard.declarations` from schema.graphql and the .graphql files.

export interface Operation<Data, Variables> {
  readonly name: string;
  readonly document: string;
  readonly __types?: (variables: Variables) => Data;
}
"""


def declarations(schema: GraphQLSchema, operations: list[Operation]) -> str:
    """Return the declarations of the operations, and of all enums and inputs of their variables."""
    writer = _Writer(schema)
    consts = [line for operation in operations for line in writer.operation(operation)]
    return "\n".join([_HEAD, *consts, *writer.fragments(operations), *writer.named_types()])


class _Writer:
    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._named: dict[str, GraphQLEnumType | GraphQLInputObjectType] = {}

    def operation(self, operation: Operation) -> Iterator[str]:
        document = parse(operation.document)
        fragments = {n.name.value: n for n in document.definitions if isinstance(n, FragmentDefinitionNode)}
        [node] = [n for n in document.definitions if isinstance(n, OperationDefinitionNode)]
        root = self._schema.get_root_type(node.operation)
        assert root is not None
        data = self._selection(root, node.selection_set, fragments, "  ")
        yield f"export type {operation.name}Data = {data};"
        variables = [
            f"{v.variable.name.value}{'' if v.type.kind == 'non_null_type' and v.default_value is None else '?'}: "
            + self._input(self._input_type(v.type))
            for v in node.variable_definitions or ()
        ]
        shape = f"{{ {'; '.join(variables)} }}" if variables else "Record<PropertyKey, never>"
        yield f"export type {operation.name}Variables = {shape};"
        yield f"export const {operation.name}: Operation<{operation.name}Data, {operation.name}Variables>;"
        yield ""

    def fragments(self, operations: list[Operation]) -> Iterator[str]:
        """The fragments, each as a separate type, so that components can name their arguments."""
        documents = [parse(operation.document) for operation in operations]
        nodes = [node for document in documents for node in document.definitions]
        fragments = {node.name.value: node for node in nodes if isinstance(node, FragmentDefinitionNode)}
        for name, node in sorted(fragments.items()):
            on = self._schema.get_type(node.type_condition.name.value)
            assert isinstance(on, GraphQLObjectType | GraphQLInterfaceType)
            yield f"export type {name} = {self._selection(on, node.selection_set, fragments, '  ')};"
        yield ""

    def named_types(self) -> Iterator[str]:
        """The enums and inputs named so far; an input may name more of them."""
        written: set[str] = set()
        while left := sorted(self._named.keys() - written):
            for name in left:
                written.add(name)
                yield f"export type {name} = {self._definition(self._named[name])};"
        yield ""

    def _definition(self, type_: GraphQLEnumType | GraphQLInputObjectType) -> str:
        if isinstance(type_, GraphQLEnumType):
            return " | ".join(f'"{value}"' for value in type_.values)
        fields = [
            f"{name}{'' if is_required_input_field(field) else '?'}: {self._input(field.type)}"
            for name, field in type_.fields.items()
        ]
        return f"{{ {'; '.join(fields)} }}"

    def _input_type(self, node: object) -> GraphQLInputType:
        type_ = type_from_ast(self._schema, node)  # type: ignore[call-overload]
        assert type_ is not None
        return type_  # type: ignore[no-any-return]

    def _input(self, type_: GraphQLInputType) -> str:
        if isinstance(type_, GraphQLNonNull):
            return self._bare(type_.of_type)
        return f"{self._bare(type_)} | null"

    def _bare(self, type_: GraphQLInputType | GraphQLOutputType) -> str:
        if isinstance(type_, GraphQLList):
            return f"({self._input(type_.of_type)})[]"
        named = get_named_type(type_)
        if isinstance(named, GraphQLEnumType | GraphQLInputObjectType):
            self._named[named.name] = named
            return named.name
        return _SCALARS.get(named.name) or _OTHER_SCALARS[named.name]

    def _output(
        self,
        type_: GraphQLOutputType,
        node: FieldNode,
        fragments: dict[str, FragmentDefinitionNode],
        indent: str,
    ) -> str:
        if isinstance(type_, GraphQLNonNull):
            return self._present(type_.of_type, node, fragments, indent)
        return f"{self._present(type_, node, fragments, indent)} | null"

    def _present(
        self,
        type_: GraphQLOutputType,
        node: FieldNode,
        fragments: dict[str, FragmentDefinitionNode],
        indent: str,
    ) -> str:
        if isinstance(type_, GraphQLList):
            return f"({self._output(type_.of_type, node, fragments, indent)})[]"
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            assert node.selection_set is not None
            return self._selection(type_, node.selection_set, fragments, indent + "  ")
        return self._bare(type_)

    def _selection(
        self,
        type_: GraphQLObjectType | GraphQLInterfaceType,
        selection: SelectionSetNode,
        fragments: dict[str, FragmentDefinitionNode],
        indent: str,
    ) -> str:
        fields: dict[str, str] = {}
        for field, parent, optional in self._fields(type_, selection, fragments):
            name = field.name.value
            key = field.alias.value if field.alias else name
            if name == "__typename":
                fields[key] = "string"
                continue
            text = self._output(parent.fields[name].type, field, fragments, indent)
            fields[f"{key}?" if optional else key] = text
        lines = [f"{indent}{name}: {text};" for name, text in fields.items()]
        return "{\n" + "\n".join(lines) + f"\n{indent[2:]}}}"

    def _fields(
        self,
        type_: GraphQLObjectType | GraphQLInterfaceType,
        selection: SelectionSetNode,
        fragments: dict[str, FragmentDefinitionNode],
    ) -> Iterator[tuple[FieldNode, GraphQLObjectType | GraphQLInterfaceType, bool]]:
        """Each selected field with the type that has it, and whether only some of the possible types have it."""
        for node in selection.selections:
            if isinstance(node, FieldNode):
                yield node, type_, False
                continue
            assert isinstance(node, FragmentSpreadNode | InlineFragmentNode)
            inner = fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
            on = self._schema.get_type(inner.type_condition.name.value) if inner.type_condition else type_
            assert isinstance(on, GraphQLObjectType | GraphQLInterfaceType)
            for field, parent, optional in self._fields(on, inner.selection_set, fragments):
                yield field, parent, optional or on is not type_


def current(schema_path: Path = SCHEMA) -> dict[Path, str]:
    """Return the two files as they should be now."""
    operations = read_operations()
    return {
        HERE / "operations.js": module(operations),
        HERE / "operations.d.ts": declarations(build_schema(schema_path.read_text()), operations),
    }


if __name__ == "__main__":
    for path, text in current().items():
        path.write_text(text)
        sys.stdout.write(f"Wrote {path.name}.\n")
