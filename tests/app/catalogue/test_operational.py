"""The server's own alerts, as their subscribers rely on them."""

import pytest

from app.catalogue import BUILT_IN, PLATFORM
from app.catalogue.event_type import EventCategory, EventType
from app.catalogue.operational import OPERATIONAL_EVENT_TYPES
from app.catalogue.patterns import OPERATIONAL, is_name, matches
from app.catalogue.validation import PayloadValidator, check_schema

each_alert = pytest.mark.parametrize("event_type", OPERATIONAL_EVENT_TYPES, ids=lambda event_type: event_type.name)


def test_the_built_in_event_types_are_those_of_the_platform_and_the_alerts() -> None:
    assert list(BUILT_IN) == [*PLATFORM, *(event_type.name for event_type in OPERATIONAL_EVENT_TYPES)]
    assert BUILT_IN.keys() - PLATFORM.keys() == OPERATIONAL


@each_alert
def test_an_alert_is_operational_and_its_example_is_valid_and_whole(event_type: EventType) -> None:
    assert event_type.category is EventCategory.OPERATIONAL
    assert is_name(event_type.name)
    assert check_schema(event_type.json_schema) == []
    assert PayloadValidator(event_type.json_schema).errors(event_type.example) == []
    assert event_type.example.keys() == event_type.json_schema["properties"].keys()
    assert "webhook" in event_type.example


@each_alert
def test_an_alert_is_selected_by_its_name_or_family_and_not_by_everything(event_type: EventType) -> None:
    family = event_type.name.partition(".")[0]

    assert matches(event_type.name, event_type.name)
    assert matches(f"{family}.*", event_type.name)
    assert not matches("*", event_type.name)
