"""What a client accepts, by its Accept header. The rest of HTTP is tested through the view."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.http import EVENT_STREAM, GRAPHQL_JSON, JSON, SUPPORTED, media_type, preferences


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", (JSON,)),
        ("*/*", (JSON,)),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", (JSON,)),
        ("text/html", (JSON,)),
        ("application/graphql-response+json", (GRAPHQL_JSON,)),
        ("Application/GraphQL-Response+JSON; charset=utf-8", (GRAPHQL_JSON,)),
        ("application/json;q=0.5, application/graphql-response+json", (GRAPHQL_JSON, JSON)),
        ("application/json;q=0, text/event-stream", (EVENT_STREAM,)),
        ("text/event-stream;q=nonsense", (JSON,)),
        ("application/graphql-response+json, application/json, text/event-stream", (GRAPHQL_JSON, JSON, EVENT_STREAM)),
    ],
)
def test_the_media_types_that_a_client_likes_best_come_first(accept: str, expected: tuple[str, ...]) -> None:
    assert preferences(accept) == expected


@given(st.text() | st.lists(st.sampled_from([*SUPPORTED, "*/*", "q=0.1", ";", ",", "x/y"])).map(",".join))
def test_there_is_always_a_type_to_answer_with(accept: str) -> None:
    assert set(preferences(accept)) <= set(SUPPORTED)
    assert media_type(accept) in {JSON, GRAPHQL_JSON}
