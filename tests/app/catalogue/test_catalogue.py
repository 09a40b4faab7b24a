"""The event types of the platform, as their subscribers rely on them."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema_rs
import pytest

from app.catalogue import PLATFORM
from app.catalogue.event_type import EventCategory, EventType
from app.catalogue.patterns import is_name
from app.catalogue.validation import PayloadValidator, check_schema
from tests.app.catalogue.specification import CHOICES, FIELDS

# The smallest payload worth publishing: the subject of the event.
SMALLEST: Mapping[str, Mapping[str, Any]] = {
    "conversation": {"conversation": {"id": "conv_1"}},
    "ticket": {"ticket": {"id": "tkt_1"}},
    "agent": {"agent": {"id": "agt_1"}},
    "system.maintenance": {"maintenance": {"id": "mnt_1"}},
    "system.error": {"incident": {"id": "inc_1"}},
    "system.backup": {"backup": {"id": "bkp_1"}},
    "system.update": {"release": {"id": "rel_1"}},
}

each_event_type = pytest.mark.parametrize("event_type", PLATFORM.values(), ids=PLATFORM.keys())


def _smallest(event_type: EventType) -> Mapping[str, Any]:
    return SMALLEST.get(event_type.name) or SMALLEST[event_type.name.partition(".")[0]]


def _alternatives(schema: Mapping[str, Any], root: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The schema without its references, once for each of its forms."""
    if "$ref" in schema:
        return [root["$defs"][schema["$ref"].removeprefix("#/$defs/")]]
    return [form for part in schema.get("anyOf", ()) for form in _alternatives(part, root)] or [schema]


def _fields(
    schema: Mapping[str, Any], root: Mapping[str, Any], way: str = ""
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every field of a payload with its schema, named as in `FIELDS`."""
    for form in _alternatives(schema, root):
        for name, field in form.get("properties", {}).items():
            yield f"{way}{name}", field
            yield from _fields(field, root, f"{way}{name}.")
        if "items" in form:
            yield way.removesuffix(".") + "[]", form["items"]
            yield from _fields(form["items"], root, way.removesuffix(".") + "[].")


def _fields_of(event_type: EventType) -> list[tuple[str, Mapping[str, Any]]]:
    return list(_fields(event_type.json_schema, event_type.json_schema))


def _values(data: Any, key: str) -> Iterator[Any]:
    if isinstance(data, Mapping):
        if key in data:
            yield data[key]
        for value in data.values():
            yield from _values(value, key)
    elif isinstance(data, list):
        for value in data:
            yield from _values(value, key)


def _with(data: Mapping[str, Any], way: list[str], value: object) -> dict[str, Any]:
    first, *rest = way
    return {**data, first: _with(data.get(first) or {}, rest, value) if rest else value}


def test_there_are_eighteen_event_types_in_the_order_of_the_documentation() -> None:
    assert list(PLATFORM) == list(FIELDS)


@each_event_type
def test_an_event_type_is_named_and_filed_by_its_name(event_type: EventType) -> None:
    assert PLATFORM[event_type.name] is event_type
    assert is_name(event_type.name)
    assert event_type.category == EventCategory(event_type.name.partition(".")[0].upper())
    assert event_type.description.endswith(".")


@each_event_type
def test_an_example_is_valid(event_type: EventType) -> None:
    assert PayloadValidator(event_type.json_schema).errors(event_type.example) == []


@each_event_type
def test_an_example_shows_every_top_level_field(event_type: EventType) -> None:
    assert list(event_type.example) == list(event_type.json_schema["properties"])


@each_event_type
def test_an_example_shows_every_field_of_what_it_is_about(event_type: EventType) -> None:
    subject = event_type.json_schema["required"][0]
    (form,) = _alternatives(event_type.json_schema["properties"][subject], event_type.json_schema)

    assert set(event_type.example[subject]) == set(form["properties"])


@each_event_type
def test_a_schema_is_valid_and_keeps_the_rules_foreverybody(event_type: EventType) -> None:
    jsonschema_rs.Draft202012Validator({"$ref": "https://json-schema.org/draft/2020-12/schema"}).validate(
        event_type.json_schema
    )

    assert check_schema(event_type.json_schema) == []


@each_event_type
def test_a_schema_defines_all_that_it_refers_to_and_nothing_else(event_type: EventType) -> None:
    references = set(_values(event_type.json_schema, "$ref"))

    assert event_type.json_schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert references == {f"#/$defs/{name}" for name in event_type.json_schema.get("$defs", {})}


@each_event_type
def test_every_field_is_described(event_type: EventType) -> None:
    fields = _fields_of(event_type)
    definitions = event_type.json_schema.get("$defs", {}).items()

    undescribed = [name for name, field in [*fields, *definitions] if not field.get("description", "").endswith(".")]

    assert len(fields) > 5
    assert undescribed == []


@each_event_type
def test_every_field_of_the_specification_exists(event_type: EventType) -> None:
    known = {name for name, _ in _fields_of(event_type)}

    assert set(FIELDS[event_type.name].split()) - known == set()


@pytest.mark.parametrize(("name", "field"), CHOICES)
def test_a_closed_set_of_words_takes_those_and_no_others(name: str, field: str) -> None:
    event_type, words, way = PLATFORM[name], CHOICES[name, field].split(), field.split(".")
    validator = PayloadValidator(event_type.json_schema)

    accepted = [validator.errors(_with(event_type.example, way, word)) for word in words]
    (refused,) = validator.errors(_with(event_type.example, way, "opne"))

    assert accepted == [[]] * len(words)
    assert refused.path == tuple(way)
    assert refused.message.startswith(f'"{way[-1]}" must be one of "{words[0]}"')
    assert refused.message.endswith('but is "opne".')


@each_event_type
def test_the_subject_and_its_id_are_enough(event_type: EventType) -> None:
    assert PayloadValidator(event_type.json_schema).errors(_smallest(event_type)) == []


@each_event_type
def test_the_subject_is_required(event_type: EventType) -> None:
    (subject,) = _smallest(event_type)

    (error,) = PayloadValidator(event_type.json_schema).errors({})

    assert error.path == (subject,)
    assert error.message == f'"{subject}" is required in the data but is missing.'


@each_event_type
def test_the_id_of_the_subject_is_required(event_type: EventType) -> None:
    (subject,) = _smallest(event_type)

    (error,) = PayloadValidator(event_type.json_schema).errors({subject: {}})

    assert error.path == (subject, "id")
    assert error.message == f'"id" is required in "{subject}" but is missing.'


@each_event_type
def test_fields_beyond_the_known_ones_are_welcome(event_type: EventType) -> None:
    (subject,) = _smallest(event_type)
    data = {**event_type.example, "extra": 1, subject: {**event_type.example[subject], "extra": {"deep": [None]}}}

    assert PayloadValidator(event_type.json_schema).errors(data) == []


def test_a_small_ticket_as_a_script_would_publish_it_is_accepted() -> None:
    data = {"ticket": {"id": "tkt_1", "subject": "Printer on fire", "status": "open", "priority": "high"}}

    assert PayloadValidator(PLATFORM["ticket.created"].json_schema).errors(data) == []


def test_no_more_than_five_last_messages_go_with_an_escalation() -> None:
    validator = PayloadValidator(PLATFORM["conversation.escalated"].json_schema)
    data = {"conversation": {"id": "conv_1"}, "lastMessages": [{"id": "msg_1"}] * 6}

    (error,) = validator.errors(data)

    assert error.path == ("lastMessages",)
    assert error.message == '"lastMessages" must have 5 or fewer items but is a list of 6.'


def test_both_events_of_an_escalation_can_be_joined() -> None:
    asked, moved = PLATFORM["agent.escalation"].example, PLATFORM["conversation.escalated"].example

    assert asked["escalation"]["id"] == moved["escalation"]["id"]
    assert asked["conversationId"] == moved["conversation"]["id"]


def test_the_examples_tell_one_story() -> None:
    examples = [event_type.example for event_type in PLATFORM.values()]

    assert len({conversation["id"] for conversation in _values(examples, "conversation")}) == 1
    assert len({ticket["id"] for ticket in _values(examples, "ticket")}) == 1
    assert set(_values(examples, "ticketId")) == {None, PLATFORM["ticket.created"].example["ticket"]["id"]}
    assert set(_values(examples, "conversationId")) == {PLATFORM["ticket.created"].example["ticket"]["conversationId"]}


def test_the_examples_name_no_real_host() -> None:
    examples = json.dumps([event_type.example for event_type in PLATFORM.values()])
    hosts = [url.split("/")[0] for url in examples.replace("@", "https://").split("https://")[1:]]

    assert len(hosts) > 10
    assert [host for host in hosts if not host.split('"')[0].endswith("example.com")] == []
