"""The rules together: the results of a draft and of changes."""

from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest

from app.catalogue import BUILT_IN
from app.errors import Problem, UserErrorCode
from app.sender.guard import AddressPolicy
from app.statuses import AuthenticationKind, HttpMethod, SignatureScheme
from app.webhooks.configuration import configure, reconfigure
from app.webhooks.credentials import Authentication, CustomHeader
from app.webhooks.drafts import AuthenticationDraft, BasicAuthDraft, HeaderDraft
from app.webhooks.fields import Configuration, WebhookChanges, WebhookDraft
from app.webhooks.validation.setting import Surroundings

PRODUCTION = Surroundings(BUILT_IN, frozenset({"order.old"}), AddressPolicy(), allow_http=False)
DEVELOPMENT = Surroundings(BUILT_IN, frozenset(), AddressPolicy(allow_loopback=True), allow_http=True)
SMALL = WebhookDraft("Support desk", "https://example.com/hooks", ["ticket.*"])
FULL = WebhookDraft(
    name="Support desk",
    url="https://example.com/hooks",
    event_types=["ticket.*", "agent.error"],
    description="Tells the desk.",
    filter='type == "ticket.created"',
    method=HttpMethod.PUT,
    timeout_seconds=5,
    verify_ssl=False,
    ip_allowlist=["203.0.113.0/24"],
    headers=[HeaderDraft("X-Tenant", "acme")],
    authentication=AuthenticationDraft(basic=BasicAuthDraft("ada", "secret")),
    signature_scheme=SignatureScheme.ED25519,
    rotate_secret_every_days=30,
    retry_delays_seconds=[1, 2],
    rate_limit_per_second=7,
    max_in_flight=3,
    metadata={"team": "desk"},
)


def configured(draft: WebhookDraft, around: Surroundings = PRODUCTION) -> tuple[Configuration, list[Problem]]:
    problems: list[Problem] = []
    return configure(problems, draft, around), problems


def changed(
    changes: WebhookChanges, current: Configuration, around: Surroundings = PRODUCTION
) -> tuple[Configuration, list[Problem]]:
    problems: list[Problem] = []
    return reconfigure(problems, current, changes, around), problems


def test_a_port_that_is_blocked_is_refused_when_a_webhook_is_made_and_when_its_url_changes() -> None:
    around = replace(PRODUCTION, addresses=AddressPolicy(blocked_ports=frozenset({6379})))
    elsewhere = replace(SMALL, url="https://example.com:6379/")
    current, _ = configured(SMALL, around)

    _, made = configured(elsewhere, around)
    _, moved = changed(WebhookChanges(url=elsewhere.url), current, around)

    assert [(problem.path, problem.code) for problem in made] == [(("url",), UserErrorCode.URL_NOT_ALLOWED)]
    assert moved == made


def test_a_webhook_whose_port_was_blocked_later_can_be_changed_in_other_ways() -> None:
    around = replace(PRODUCTION, addresses=AddressPolicy(blocked_ports=frozenset({6379})))
    current, _ = configured(replace(SMALL, url="https://example.com:6379/"))

    _, problems = changed(WebhookChanges(name="Desk", ip_allowlist=["203.0.113.0/24"]), current, around)

    assert problems == []


def test_what_a_draft_leaves_open_has_its_default() -> None:
    configuration, problems = configured(SMALL)

    assert problems == []
    assert configuration == Configuration(
        name="Support desk",
        url="https://example.com/hooks",
        event_types=("ticket.*",),
        description=None,
        filter=None,
        method=HttpMethod.POST,
        timeout_seconds=30,
        verify_ssl=True,
        ip_allowlist=(),
        headers=(),
        authentication=Authentication(),
        rotate_secret_every_days=None,
        retry_delays_seconds=(5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400),
        rate_limit_per_second=None,
        max_in_flight=20,
        metadata={},
        signature_scheme=SignatureScheme.HMAC_SHA256,
    )


def test_everything_that_a_draft_asks_for_is_taken() -> None:
    configuration, problems = configured(FULL)

    assert problems == []
    assert configuration == Configuration(
        name="Support desk",
        url="https://example.com/hooks",
        event_types=("ticket.*", "agent.error"),
        description="Tells the desk.",
        filter='type == "ticket.created"',
        method=HttpMethod.PUT,
        timeout_seconds=5,
        verify_ssl=False,
        ip_allowlist=(ip_network("203.0.113.0/24"),),
        headers=(CustomHeader("X-Tenant", "acme"),),
        authentication=Authentication(AuthenticationKind.BASIC, "ada", "secret"),
        rotate_secret_every_days=30,
        retry_delays_seconds=(1, 2),
        rate_limit_per_second=7,
        max_in_flight=3,
        metadata={"team": "desk"},
        signature_scheme=SignatureScheme.ED25519,
    )


def test_all_problems_are_reported_at_once_each_with_its_path() -> None:
    _, problems = configured(
        WebhookDraft(
            name="",
            url="",
            event_types=[],
            description="\0",
            filter="(",
            timeout_seconds=0,
            ip_allowlist=["x"],
            headers=[HeaderDraft("", "")],
            authentication=AuthenticationDraft(),
            rotate_secret_every_days=366,
            retry_delays_seconds=[5, 5, 0],
            rate_limit_per_second=0,
            max_in_flight=101,
            metadata=[],
        )
    )

    assert {(problem.path, problem.code) for problem in problems} == {
        (("name",), UserErrorCode.REQUIRED),
        (("url",), UserErrorCode.REQUIRED),
        (("eventTypes",), UserErrorCode.REQUIRED),
        (("description",), UserErrorCode.INVALID),
        (("filter",), UserErrorCode.INVALID_FILTER),
        (("timeoutSeconds",), UserErrorCode.INVALID),
        (("ipAllowlist", "0"), UserErrorCode.INVALID),
        (("headers", "0", "name"), UserErrorCode.REQUIRED),
        (("headers", "0", "value"), UserErrorCode.REQUIRED),
        (("authentication",), UserErrorCode.INVALID),
        (("rotateSecretEveryDays",), UserErrorCode.INVALID),
        (("retryPolicy", "delaysSeconds", "2"), UserErrorCode.INVALID),
        (("rateLimitPerSecond",), UserErrorCode.INVALID),
        (("maxInFlight",), UserErrorCode.INVALID),
        (("metadata",), UserErrorCode.INVALID),
    }
    assert all(problem.message.endswith(".") or "CEL" in problem.message for problem in problems)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("timeout_seconds", 61, "The timeout is 61; it must be 1 to 60 seconds."),
        ("timeout_seconds", 30_000, "The timeout is 30000; it must be 1 to 60 seconds."),
        ("rotate_secret_every_days", 0, "The time between rotations is 0; it must be 1 to 365 days."),
        ("rate_limit_per_second", 10_001, "The rate limit is 10001; it must be 1 to 10000 requests per second."),
        ("max_in_flight", 0, "The limit of requests in flight is 0; it must be 1 to 100 requests."),
    ],
)
def test_a_number_out_of_bounds_says_what_it_counts(field: str, value: int, message: str) -> None:
    _, problems = configured(replace(SMALL, **{field: value}))  # type: ignore[arg-type]

    assert [problem.message for problem in problems] == [message]


def test_loopback_and_http_are_for_development() -> None:
    draft = replace(SMALL, url="http://127.0.0.1:3000/")

    assert configured(draft, DEVELOPMENT)[1] == []
    assert [problem.code for problem in configured(draft)[1]] == [UserErrorCode.URL_NOT_ALLOWED]


def test_an_address_in_the_url_has_to_be_in_the_webhooks_own_allowlist() -> None:
    current, _ = configured(replace(SMALL, url="https://8.8.8.8/"))

    _, on_creation = configured(replace(SMALL, url="https://8.8.8.8/", ip_allowlist=["1.1.1.0/24"]))
    _, on_change = changed(WebhookChanges(ip_allowlist=["1.1.1.0/24"]), current)

    message = "The URL's host 8.8.8.8 is blocked: it is outside the webhook's allowlist. Choose one within it."
    assert on_creation == [Problem(message, ("url",), UserErrorCode.URL_NOT_ALLOWED)]
    assert on_change == [Problem(message, ("ipAllowlist",), UserErrorCode.URL_NOT_ALLOWED)]


def test_a_login_and_an_authorization_header_contradict_each_other_whichever_comes_second() -> None:
    with_header, _ = configured(replace(SMALL, headers=[HeaderDraft("Authorization", "Token abc")]))
    with_login, _ = configured(replace(SMALL, authentication=AuthenticationDraft(bearer="abc")))

    _, login_second = changed(WebhookChanges(authentication=AuthenticationDraft(bearer="abc")), with_header)
    _, header_second = changed(WebhookChanges(headers=[HeaderDraft("authorization", "Token abc")]), with_login)

    assert [problem.path for problem in login_second] == [("authentication",)]
    assert [problem.path for problem in header_second] == [("headers",)]


def test_a_filter_is_tried_on_the_events_that_are_asked_for_now() -> None:
    current, problems = configured(replace(SMALL, filter="has(data.agent) ? data.agent.name : true"))

    _, after = changed(WebhookChanges(event_types=["agent.error"]), current)

    assert problems == []
    assert [problem.path for problem in after] == [("filter",)]
    assert "for the example of agent.error" in after[0].message


def test_changes_leave_the_rest_as_it_is() -> None:
    current, _ = configured(FULL)

    assert changed(WebhookChanges(), current) == (current, [])
    assert changed(WebhookChanges(name="Desk"), current) == (replace(current, name="Desk"), [])


def test_what_stays_is_not_judged_again() -> None:
    current, _ = configured(replace(SMALL, url="http://localhost:3000/", event_types=["ticket.created"]), DEVELOPMENT)
    stricter = replace(PRODUCTION, event_types={})

    renamed, problems = changed(WebhookChanges(name="Desk"), current, stricter)

    assert (renamed.name, problems) == ("Desk", [])


@pytest.mark.parametrize(
    ("field", "default"),
    [
        ("description", None),
        ("filter", None),
        ("ip_allowlist", ()),
        ("headers", ()),
        ("authentication", Authentication()),
        ("rotate_secret_every_days", None),
        ("retry_delays_seconds", (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)),
        ("rate_limit_per_second", None),
        ("max_in_flight", 20),
        ("metadata", {}),
    ],
)
def test_null_clears_what_can_be_empty(field: str, default: Any) -> None:
    current, _ = configured(FULL)

    configuration, problems = changed(WebhookChanges(**{field: None}), current)

    assert problems == []
    assert getattr(configuration, field) == default
    assert replace(configuration, **{field: getattr(current, field)}) == current


@pytest.mark.parametrize(
    ("field", "path"),
    [
        ("name", "name"),
        ("url", "url"),
        ("event_types", "eventTypes"),
        ("method", "method"),
        ("timeout_seconds", "timeoutSeconds"),
        ("verify_ssl", "verifySsl"),
    ],
)
def test_null_is_refused_for_what_cannot_be_empty(field: str, path: str) -> None:
    current, _ = configured(FULL)

    _, problems = changed(WebhookChanges(**{field: None}), current)

    message = f"{path} cannot be null; leave it out to keep what it is."
    assert problems == [Problem(message, (path,), UserErrorCode.REQUIRED)]


def test_credentials_show_in_no_repr() -> None:
    draft = replace(
        FULL,
        secret="hunter2",
        headers=[HeaderDraft("X-Key", "hunter2")],
        authentication=AuthenticationDraft(bearer="hunter2"),
    )
    changes = WebhookChanges(headers=draft.headers, authentication=draft.authentication)

    shown = repr((draft, changes, configured(draft)[0], BasicAuthDraft("ada", "hunter2")))

    assert "hunter2" not in shown
