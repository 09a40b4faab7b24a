"""Has graphql-core run everything, as if no document were plain."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from graph.documents import Documents
from graph.execution import Execution
from tests.graph.conftest import Api


@contextmanager
def the_ordinary_way() -> Iterator[None]:
    """Meanwhile, no operation and no selection is plain."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Documents, "single", lambda *_: None)
        patch.setattr(Execution, "_plain", lambda *_: None)
        yield


async def both_ways(api: Api, document: str, **variables: Any) -> tuple[bytes, bytes]:
    """The answers to an operation that may run twice: as the server makes it, and as graphql-core does."""
    quick = await api.post(document, **variables)
    with the_ordinary_way():
        ordinary = await api.post(document, **variables)
    return quick.content, ordinary.content
