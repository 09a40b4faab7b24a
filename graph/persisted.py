"""Documents that requests refer to by ID: automatic persisted queries and trusted documents.

Sources: GraphQL over HTTP, appendix A (`documentId`); Apollo's protocol of automatic persisted queries
(`extensions.persistedQuery`), whose clients depend on the messages below.
"""

from collections import OrderedDict
from collections.abc import Mapping
from hashlib import sha256
from typing import Protocol

from graphql import GraphQLError

from graph.documents import bytes_of
from graph.errors import BAD_USER_INPUT
from graph.http import Asked

# Memory of a text besides its characters: its ID and its place in the order.
_ENTRY_BYTES = 450


class Persisted(Protocol):
    """A store of documents by ID."""

    def resolve(self, asked: Asked) -> Asked:
        """The same request with the text of its document.

        Raises:
            GraphQLError: there is no such document, or it may not run.
        """
        ...


class Remembered:
    """Automatic persisted queries: a text once sent with its SHA-256 may later be requested by that alone.

    The cache is per process: a client sends a text again that this process has not seen or has evicted.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._texts: OrderedDict[str, str] = OrderedDict()

    def resolve(self, asked: Asked) -> Asked:
        """The same request with its text; a text sent with its ID is cached."""
        if asked.document_id is None:
            return asked
        if asked.query:
            self._remember(asked.document_id, asked.query)
            return asked
        return asked.with_text(self._recall(asked.document_id))

    def _recall(self, document_id: str) -> str:
        if not self._max_bytes:
            raise GraphQLError("PersistedQueryNotSupported", extensions={"code": "PERSISTED_QUERY_NOT_SUPPORTED"})
        text = self._texts.get(document_id)
        if text is None:
            raise GraphQLError("PersistedQueryNotFound", extensions={"code": "PERSISTED_QUERY_NOT_FOUND"})
        self._texts.move_to_end(document_id)
        return text

    def _remember(self, document_id: str, text: str) -> None:
        digest = sha256(text.encode()).hexdigest()
        if document_id != digest:
            message = f'The id of the document is "{document_id[:100]}", but the SHA-256 of its text is "{digest}".'
            raise GraphQLError(message, extensions={"code": BAD_USER_INPUT})
        if document_id in self._texts or _taken_by(text) > self._max_bytes:
            return
        self._texts[document_id] = text
        self._bytes += _taken_by(text)
        while self._bytes > self._max_bytes:
            _, oldest = self._texts.popitem(last=False)
            self._bytes -= _taken_by(oldest)


class Trusted:
    """The documents of a manifest only, by ID, by SHA-256 or by exact text."""

    def __init__(self, texts_by_id: Mapping[str, str]) -> None:
        self._texts = frozenset(texts_by_id.values())
        self._by_id = {sha256(text.encode()).hexdigest(): text for text in self._texts} | dict(texts_by_id)

    def resolve(self, asked: Asked) -> Asked:
        """The same request with its text, if it is one of the manifest."""
        if asked.query:
            if asked.query not in self._texts:
                raise _forbidden("This document is not")
            return asked
        text = self._by_id.get(asked.document_id or "")
        if text is None:
            raise _forbidden(f'No document with the id "{(asked.document_id or "")[:100]}" is')
        return asked.with_text(text)


def _taken_by(text: str) -> int:
    return bytes_of(text) + _ENTRY_BYTES


def _forbidden(what: str) -> GraphQLError:
    message = f"{what} among the trusted documents of this server, and it runs no others (setting TRUSTED_DOCUMENTS)."
    return GraphQLError(message, extensions={"code": "FORBIDDEN"})
