"""What a caller learns when something goes wrong, and what only the log contains."""

from typing import Any

import pytest
from graphql import GraphQLError
from structlog.testing import capture_logs

from app.database.errors import DatabaseUnavailable
from app.encryption import NotDecrypted, UnknownKey
from app.errors import Forbidden, RateLimited, Unauthenticated, Unavailable, UserErrorCode, rejected
from graph.errors import BadUserInput, explain, formatted
from tests.graph.conftest import Api, on_sqlite_only

CREATE = "mutation($input: CreateWebhookInput!) { createWebhook(input: $input) { secret userErrors { code } } }"
DRAFT = {
    "name": "Shop",
    "url": "http://127.0.0.1/",
    "eventTypes": ["*"],
    "secret": "whsec_hush",
    "authentication": {"bearer": "hush"},
}


def located(cause: Exception) -> GraphQLError:
    """An error as it comes out of a resolver."""
    return GraphQLError(str(cause), path=["webhooks", 0], original_error=cause)


@pytest.mark.parametrize(
    ("cause", "message", "extensions"),
    [
        (Unauthenticated("No key."), "No key.", {"code": "UNAUTHENTICATED"}),
        (Forbidden("No."), "No.", {"code": "FORBIDDEN"}),
        (RateLimited("Slow.", 1.2), "Slow.", {"code": "RATE_LIMITED", "retryAfterSeconds": 2}),
        (Unavailable("Later."), "Later.", {"code": "UNAVAILABLE", "retryable": True}),
        (NotDecrypted("Changed."), "Changed.", {"code": "NOT_DECRYPTED"}),
        (UnknownKey("Lost."), "Lost.", {"code": "NOT_DECRYPTED"}),
        (BadUserInput("first is -1."), "first is -1.", {"code": "BAD_USER_INPUT"}),
        (rejected(UserErrorCode.INVALID, "So not."), "So not.", {"code": "BAD_USER_INPUT"}),
        (
            DatabaseUnavailable("10.0.0.7 refused"),
            "The database cannot be reached right now. Try again shortly.",
            {"code": "UNAVAILABLE", "retryable": True},
        ),
    ],
)
def test_each_kind_of_no_has_its_code(cause: Exception, message: str, extensions: dict[str, Any]) -> None:
    error = located(cause)

    explain([error])

    assert (error.message, error.extensions) == (message, extensions)
    assert formatted(cause) == {"message": message, "extensions": extensions}


def test_what_graphql_finds_wrong_with_a_request_keeps_its_words() -> None:
    error = GraphQLError("Cannot query field 'x' on type 'Query'.")

    explain([error])

    assert (error.message, error.extensions) == (
        "Cannot query field 'x' on type 'Query'.",
        {"code": "BAD_USER_INPUT"},
    )


@pytest.mark.parametrize(
    "error",
    [
        located(ZeroDivisionError("the secret is hunter2")),
        GraphQLError("Cannot return null for non-nullable field Webhook.name: hunter2", path=["webhook"]),
        GraphQLError("hunter2", original_error=KeyError("hunter2")),
    ],
)
def test_a_bug_is_masked_and_the_log_has_it_under_the_reported_id(error: GraphQLError) -> None:
    with capture_logs() as log:
        explain([error])

    assert error.extensions is not None
    assert "hunter2" not in error.message
    assert error.extensions["code"] == "INTERNAL_SERVER_ERROR"
    assert error.extensions["errorId"] in error.message
    [entry] = log
    assert (entry["error_id"], entry["log_level"]) == (error.extensions["errorId"], "error")
    assert entry["exc_info"] in (error, error.original_error)


@on_sqlite_only
async def test_a_null_that_only_shows_when_it_runs_is_the_callers(api: Api) -> None:
    answer = await api.ask('query($id: ID = "wh_1") { node(id: $id) { id } viewer { scopes } }', id=None)

    [error] = answer["errors"]
    assert "Argument 'id'" in error["message"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}
    assert answer["data"]["viewer"] is not None


def test_an_error_is_explained_once() -> None:
    error = located(ZeroDivisionError())

    explain([error])
    first = error.formatted
    explain([error])

    assert error.formatted == first


@on_sqlite_only
@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"unknown": 1}, "not to include unknown field 'unknown'."),
        ({"urls": "http://127.0.0.1/"}, "not to include unknown field 'urls'. Did you mean 'url'?"),
        ({"secret": {"value": "hush"}}, "at .secret: String cannot represent a non string value."),
        (
            {"authentication": "hush"},
            "at .authentication: Expected value of type 'AuthenticationInput' to be an object.",
        ),
        ({"authentication": {"basic": {"password": "hush"}}}, "to include required field 'username'."),
        ({"headers": [{"value": "hush"}]}, "at .headers[0]: Expected value of type 'HeaderInput' to include required"),
    ],
)
async def test_an_error_about_variables_does_not_repeat_what_was_in_them(
    api: Api, changed: dict[str, Any], told: str
) -> None:
    error = await api.error(CREATE, input=DRAFT | changed)

    assert told in error["message"]
    assert "hush" not in error["message"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}


@on_sqlite_only
@pytest.mark.parametrize(
    "literal",
    [
        '{ name: "Shop", url: "http://127.0.0.1/", authentication: { bearer: "hush" } }',
        '{ name: "Shop", url: "http://127.0.0.1/", eventTypes: ["*"], secret: ["hush"] }',
        '{ name: "Shop", url: "http://127.0.0.1/", eventTypes: ["*"], authentication: { token: "hush" } }',
    ],
)
async def test_an_error_about_a_document_does_not_repeat_the_values_in_it(api: Api, literal: str) -> None:
    error = await api.error(f"mutation {{ createWebhook(input: {literal}) {{ secret }} }}")

    assert "hush" not in error["message"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}


@on_sqlite_only
@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{ webhooks(first: true) { totalCount } }", "Int cannot represent non-integer value: true"),
        ("{ viewer { scope } }", "Cannot query field 'scope' on type 'Viewer'. Did you mean 'scopes'?"),
        (
            "{ deliveries(filter: { statuses: [DONE] }) { nodes { id } } }",
            "Value 'DONE' does not exist in 'DeliveryStatus' enum."
            " Its values are PENDING, RETRYING, SUCCEEDED, FAILED, CANCELED.",
        ),
        (
            "{ deliveries(filter: { statuses: [failed] }) { nodes { id } } }",
            "Value 'failed' does not exist in 'DeliveryStatus' enum. Did you mean the enum value 'FAILED'?",
        ),
    ],
)
async def test_an_error_about_anything_else_says_what_was_there(api: Api, document: str, message: str) -> None:
    error = await api.error(document)

    assert error["message"] == message
