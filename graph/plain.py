"""Completes results whose fields are plain: attributes of an object that need no resolver, argument or directive.

graphql-core visits each field with a path, a resolver's information and a check for awaitables. A plain selection is
worked out once for each document instead, and then read like a template. Whatever is not plain, and every value that
does not fit its type, goes the ordinary way, which gives the result or the error.

Source: "Value Completion" of the GraphQL specification (spec.graphql.org).
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLLeafType,
    GraphQLObjectType,
    GraphQLOutputType,
    InlineFragmentNode,
    SelectionSetNode,
    Undefined,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from strawberry.types.field import StrawberryField

# Returns the completed value; raises if the ordinary way must decide.
Completed: TypeAlias = Callable[[Any], Any]
# By the name of an object type and the identity of one of its fields in a document; None if the field is not plain.
PlainFields: TypeAlias = dict[tuple[str, int], Completed | None]
Fragments: TypeAlias = Mapping[str, FragmentDefinitionNode]


class NotPlain(Exception):
    """A selection, or a value, is for the ordinary way."""


def plain_object(type_: GraphQLObjectType, selections: SelectionSetNode, fragments: Fragments) -> Completed:
    """What completes an object of this type with these selections.

    Raises:
        NotPlain: a field has a resolver, an argument or a directive, or is selected twice.
    """
    fields: dict[str, tuple[str, Completed]] = {}
    _collect(type_, selections, fragments, fields)
    template = [(key, name, complete) for key, (name, complete) in fields.items()]

    def completed(value: Any) -> dict[str, Any]:
        return {key: complete(getattr(value, name)) for key, name, complete in template}

    return completed


def plain_field(type_: GraphQLObjectType, node: FieldNode, fragments: Fragments) -> Completed:
    """What completes one field of an object of this type.

    Raises:
        NotPlain: it, or a field selected of it, has a resolver, an argument or a directive, or is selected twice.
    """
    if node.directives:
        raise NotPlain
    name, complete = _field(type_, node, fragments)
    return lambda value: complete(getattr(value, name))


def _collect(
    type_: GraphQLObjectType,
    selections: SelectionSetNode,
    fragments: Fragments,
    fields: dict[str, tuple[str, Completed]],
) -> None:
    for node in selections.selections:
        if node.directives:
            raise NotPlain
        if isinstance(node, FieldNode):
            key = (node.alias or node.name).value
            if key in fields:
                raise NotPlain
            fields[key] = _field(type_, node, fragments)
        else:
            _collect(type_, _of_fragment(type_, node, fragments), fragments, fields)


def _of_fragment(type_: GraphQLObjectType, node: Any, fragments: Fragments) -> SelectionSetNode:
    fragment = fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
    assert isinstance(fragment, FragmentDefinitionNode | InlineFragmentNode)
    condition = fragment.type_condition
    if fragment.directives or (condition is not None and condition.name.value != type_.name):
        raise NotPlain
    return fragment.selection_set


def _field(type_: GraphQLObjectType, node: FieldNode, fragments: Fragments) -> tuple[str, Completed]:
    if node.name.value == "__typename":
        return "__class__", lambda _: type_.name
    field: GraphQLField | None = type_.fields.get(node.name.value)
    defined = field.extensions.get("strawberry-definition") if field is not None else None
    if field is None or not isinstance(defined, StrawberryField) or not defined.is_basic_field or field.args:
        raise NotPlain
    return defined.python_name, _value(field.type, node, fragments)


def _value(type_: GraphQLOutputType, node: FieldNode, fragments: Fragments) -> Completed:
    if is_non_null_type(type_):
        return _required(_nullable(type_.of_type, node, fragments))
    return _nullable(type_, node, fragments)


def _nullable(type_: GraphQLOutputType, node: FieldNode, fragments: Fragments) -> Completed:
    if is_leaf_type(type_):
        complete = _leaf(type_)
    elif is_list_type(type_):
        complete = _list(_value(type_.of_type, node, fragments))
    elif is_object_type(type_) and node.selection_set:
        complete = _of_its_type(type_, plain_object(type_, node.selection_set, fragments))
    else:
        raise NotPlain
    return lambda value: None if value is None else complete(value)


def _of_its_type(type_: GraphQLObjectType, complete: Completed) -> Completed:
    is_type_of: Callable[[Any, Any], Any] | None = type_.is_type_of
    if is_type_of is None:
        return complete

    def completed(value: Any) -> Any:
        if is_type_of(value, None) is not True:
            raise NotPlain
        return complete(value)

    return completed


def _required(complete: Completed) -> Completed:
    def completed(value: Any) -> Any:
        result = complete(value)
        if result is None:
            raise NotPlain
        return result

    return completed


def _leaf(type_: GraphQLLeafType) -> Completed:
    def completed(value: Any) -> Any:
        result = type_.coerce_output_value(value)
        if result is None or result is Undefined:
            raise NotPlain
        return result

    return completed


def _list(complete: Completed) -> Completed:
    def completed(values: Any) -> list[Any]:
        if not isinstance(values, list | tuple):
            raise NotPlain
        return [complete(value) for value in values]

    return completed
