"""Objects that an operation leaves behind."""

import gc
from collections import Counter
from collections.abc import Iterator

import pytest

from graph.context import Context
from graph.execution import Execution
from graph.loaders import Loaders
from tests.graph.conftest import Api, on_sqlite_only
from tests.graph.test_events import DRAFT, WEBHOOK

# Objects of a request; everything else that it creates is referenced by one of these.
MADE = (Execution, Context, Loaders)

PUBLISH = """
mutation($input: PublishEventInput!) {
  publishEvent(input: $input) { event { id body deliveries { nodes { id } } } }
}
"""
LIST = "{ deliveries { nodes { id event { id data } webhook { secrets { hint } } attempts { nodes { id } } } } }"
NEVER = "query($is: Int!) { delivery(id: $is) { id } }"


@pytest.fixture
def without_collections() -> Iterator[None]:
    """Prevent garbage collections, so that no cycle is freed."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@on_sqlite_only
@pytest.mark.usefixtures("without_collections")
@pytest.mark.parametrize(
    ("document", "variables", "fails"),
    [
        (PUBLISH, {"input": DRAFT}, False),
        (LIST, {}, False),
        ("{ __typename }", {}, False),
        (NEVER, {"is": 1}, True),
    ],
    ids=["a mutation", "a query", "one that waits for nothing", "one that fails"],
)
async def test_what_a_request_made_is_gone_once_it_is_answered(
    api: Api, document: str, variables: dict[str, object], fails: bool
) -> None:
    await api.change("createWebhook", WEBHOOK, "webhook { id }")
    await api.ask(PUBLISH, input=DRAFT)
    gc.collect()

    answer = await api.ask(document, **variables)

    assert ("errors" in answer) == fails, answer
    assert _alive() == Counter()


def _alive() -> Counter[str]:
    return Counter(type(object_).__name__ for object_ in gc.get_objects() if isinstance(object_, MADE))
