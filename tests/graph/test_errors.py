"""How a no reaches the caller: with a code, and without what must not be seen."""

from typing import Any

import pytest
import structlog

from tests.graph.conftest import Api

CREATE = "mutation($input: CreateWebhookInput!) { createWebhook(input: $input) { secret userErrors { code } } }"
DRAFT = {
    "name": "Shop",
    "url": "http://127.0.0.1/",
    "eventTypes": ["*"],
    "secret": "whsec_hush",
    "authentication": {"bearer": "hush"},
}


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
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


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "literal",
    [
        '{ name: "Shop", authentication: { bearer: "hush" } }',
        '{ name: "Shop", url: "http://127.0.0.1/", eventTypes: ["*"], secret: ["hush"] }',
        '{ name: "Shop", url: "http://127.0.0.1/", eventTypes: ["*"], authentication: { token: "hush" } }',
    ],
)
async def test_an_error_about_a_document_does_not_repeat_the_values_in_it(api: Api, literal: str) -> None:
    error = await api.error(f"mutation {{ createWebhook(input: {literal}) {{ secret }} }}")

    assert "hush" not in error["message"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{ webhooks(first: true) { totalCount } }", "Int cannot represent non-integer value: true"),
        ("{ viewer { scope } }", "Cannot query field 'scope' on type 'Viewer'. Did you mean 'scopes'?"),
    ],
)
async def test_an_error_about_anything_else_says_what_was_there(api: Api, document: str, message: str) -> None:
    error = await api.error(document)

    assert error["message"] == message


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_a_bug_is_masked_and_found_in_the_log_by_its_id(api: Api) -> None:
    await api.resources.database.execute("ALTER TABLE audit_entry RENAME TO elsewhere")

    with structlog.testing.capture_logs() as lines:
        error = await api.error("{ auditLog { nodes { id } } }")

    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert "elsewhere" not in error["message"]
    assert "audit_entry" not in error["message"]
    [line] = [line for line in lines if line["event"] == "graph.failed"]
    assert line["error_id"] == error["extensions"]["errorId"]
    assert line["error_id"] in error["message"]
