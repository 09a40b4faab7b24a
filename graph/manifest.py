"""Reads the manifest of trusted documents at the start, and validates each document against the schema."""

from pathlib import Path
from typing import Any

import orjson
from graphql import GraphQLError

from app.settings import SettingsError
from graph.documents import Documents

_MAX_PROBLEMS = 10
_SHAPE = 'a JSON object that gives the text of each document by its id, such as {"1f2e…": "query …"}'


def read_manifest(path: Path, documents: Documents) -> dict[str, str]:
    """The texts of trusted documents by their ids.

    Two forms are read: an object of texts by id, as GraphQL Code Generator and the Relay compiler write it, and
    Apollo's `apollo-persisted-query-manifest`.

    Raises:
        SettingsError: it cannot be read, or one of its documents could never run.
    """
    try:
        texts = _texts(orjson.loads(path.read_bytes()))
    except OSError as error:
        raise _wrong(path, f"it cannot be read, for {error.strerror or error}.") from None
    except orjson.JSONDecodeError as error:
        raise _wrong(path, f"it is not JSON: {error}.") from None
    if texts is None:
        raise _wrong(path, f"it must hold {_SHAPE}.")
    problems = [
        f'its document "{document_id[:100]}" cannot run: {problem}'
        for document_id, text in texts.items()
        if (problem := _problem(text, documents))
    ]
    if problems:
        raise _wrong(path, *problems)
    return texts


def _texts(content: Any) -> dict[str, str] | None:
    match content:
        case {"format": "apollo-persisted-query-manifest", "operations": [*operations]}:
            content = {}
            for operation in operations:
                if not isinstance(operation, dict) or not isinstance(operation.get("id"), str):
                    return None
                content[operation["id"]] = operation.get("body")
    if not isinstance(content, dict) or not content or not all(isinstance(text, str) for text in content.values()):
        return None
    return content


def _problem(text: str, documents: Documents) -> str | None:
    try:
        errors = documents.prepare(text).errors
    except GraphQLError as error:
        return error.message
    return errors[0].message if errors else None


def _wrong(path: Path, *problems: str) -> SettingsError:
    left_out = len(problems) - _MAX_PROBLEMS
    sentences = [f'TRUSTED_DOCUMENTS is "{path}": {problem}' for problem in problems[:_MAX_PROBLEMS]]
    return SettingsError([*sentences, *([f"So it is with {left_out} more."] if left_out > 0 else [])])
