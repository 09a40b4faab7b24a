import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import Problem, UserErrorCode
from app.statuses import AuthenticationKind
from app.webhooks.credentials import MASK, Authentication, CustomHeader
from app.webhooks.drafts import AuthenticationDraft, BasicAuthDraft, HeaderDraft
from app.webhooks.validation.headers import MAX_HEADERS, authentication, headers, one_authorization


def checked(
    *drafts: HeaderDraft, stored: tuple[CustomHeader, ...] = ()
) -> tuple[tuple[CustomHeader, ...], list[Problem]]:
    problems: list[Problem] = []
    return headers(problems, drafts, stored, "headers"), problems


def logged_in(draft: AuthenticationDraft) -> tuple[Authentication, list[Problem]]:
    problems: list[Problem] = []
    return authentication(problems, draft, "authentication"), problems


def test_headers_keep_their_order_and_lose_blanks_around_their_values() -> None:
    accepted, problems = checked(HeaderDraft("X-Tenant", " acme "), HeaderDraft("X-Key", "a b c", sensitive=True))

    assert problems == []
    assert accepted == (CustomHeader("X-Tenant", "acme"), CustomHeader("X-Key", "a b c", sensitive=True))


@pytest.mark.parametrize(
    ("name", "message", "code"),
    [
        ("", "The header's name is empty; give one such as X-Tenant.", UserErrorCode.REQUIRED),
        ("X" * 101, "The header's name has 101 characters; at most 100 are allowed.", UserErrorCode.TOO_LONG),
        *(
            (
                name,
                f'The header name "{name}" is not valid; use letters, digits and hyphens, such as X-Tenant.',
                UserErrorCode.INVALID,
            )
            for name in ("X Tenant", "X-Tenant:", "Ünï", "(x)", "X-\u03a4enant")
        ),
        *(
            (
                name,
                f"The header {name} is set by the server itself and cannot be replaced; choose another name.",
                UserErrorCode.INVALID,
            )
            for name in (
                "Host",
                "content-length",
                "Content-Type",
                "Transfer-Encoding",
                "CONNECTION",
                "Keep-Alive",
                "TE",
                "Upgrade",
                "User-Agent",
                "webhook-id",
                "Webhook-Signature",
                "webhook-anything",
            )
        ),
    ],
)
def test_a_name_that_cannot_be_a_custom_header_is_explained(name: str, message: str, code: UserErrorCode) -> None:
    _, problems = checked(HeaderDraft("X-Fine", "1"), HeaderDraft(name, "1"))

    assert problems == [Problem(message, ("headers", "1", "name"), code)]


@pytest.mark.parametrize(
    ("value", "message", "code"),
    [
        ("  ", "The header's value is empty; give one, or leave the header out.", UserErrorCode.REQUIRED),
        ("v" * 2001, "The header's value has 2001 characters; at most 2000 are allowed.", UserErrorCode.TOO_LONG),
        *(
            (
                value,
                "The header's value has a character that is not visible ASCII; encode it, for example as Base64.",
                UserErrorCode.INVALID,
            )
            for value in ("a\r\nX-Injected: 1", "a\nb", "a\0b", "a\tb", "naïve", "\ud800")
        ),
        (
            MASK,
            "•••• stands for a stored sensitive value, and this header has none; give the value itself.",
            UserErrorCode.INVALID,
        ),
    ],
)
def test_a_value_that_cannot_be_sent_is_explained(value: str, message: str, code: UserErrorCode) -> None:
    _, problems = checked(HeaderDraft("X-Tenant", value))

    assert problems == [Problem(message, ("headers", "0", "value"), code)]


def test_a_header_given_twice_is_taken_whatever_its_case() -> None:
    _, problems = checked(HeaderDraft("X-Tenant", "1"), HeaderDraft("Y", "2"), HeaderDraft("x-tenant", "3"))

    message = "The header x-tenant is given twice, first at position 0; names differ by more than case."
    assert problems == [Problem(message, ("headers", "2", "name"), UserErrorCode.TAKEN)]


def test_too_many_headers_are_counted() -> None:
    _, problems = checked(*(HeaderDraft(f"X-{number}", "1") for number in range(MAX_HEADERS + 1)))

    assert problems == [Problem("There are 21 headers; at most 20 are allowed.", ("headers",), UserErrorCode.TOO_MANY)]


def test_every_header_that_is_wrong_is_reported_at_once() -> None:
    _, problems = checked(HeaderDraft("Host", ""), HeaderDraft("", "ü"))

    assert [problem.path for problem in problems] == [
        ("headers", "0", "name"),
        ("headers", "0", "value"),
        ("headers", "1", "name"),
        ("headers", "1", "value"),
    ]


def test_headers_that_carry_credentials_are_sensitive_even_if_nobody_said_so() -> None:
    accepted, _ = checked(HeaderDraft("Authorization", "Token abc"), HeaderDraft("X-API-Key", "def"))

    assert [header.shown for header in accepted] == [MASK, MASK]


def test_a_masked_value_keeps_the_stored_one_and_stays_sensitive() -> None:
    stored = (CustomHeader("X-Key", "the secret", sensitive=True), CustomHeader("X-Tenant", "acme"))

    accepted, problems = checked(HeaderDraft("x-key", MASK, sensitive=False), stored=stored)

    assert problems == []
    assert accepted == (CustomHeader("x-key", "the secret", sensitive=True),)


def test_a_masked_value_of_a_header_that_was_not_sensitive_is_no_value() -> None:
    _, problems = checked(HeaderDraft("X-Tenant", MASK), stored=(CustomHeader("X-Tenant", "acme"),))

    assert [problem.path for problem in problems] == [("headers", "0", "value")]


def test_a_bearer_token_a_password_and_nothing_are_logins() -> None:
    assert logged_in(AuthenticationDraft(bearer=" abc.def-_~+/== ")) == (
        Authentication(AuthenticationKind.BEARER, None, "abc.def-_~+/=="),
        [],
    )
    assert logged_in(AuthenticationDraft(basic=BasicAuthDraft("ada", "pa:ss wörd"))) == (
        Authentication(AuthenticationKind.BASIC, "ada", "pa:ss wörd"),
        [],
    )
    assert logged_in(AuthenticationDraft(basic=BasicAuthDraft("key", ""))) == (
        Authentication(AuthenticationKind.BASIC, "key", ""),
        [],
    )
    assert logged_in(AuthenticationDraft(none=True)) == (Authentication(), [])


@pytest.mark.parametrize(
    ("draft", "path", "message", "code"),
    [
        (
            AuthenticationDraft(),
            (),
            "The authentication must be exactly one of bearer, basic and none: true.",
            UserErrorCode.INVALID,
        ),
        (
            AuthenticationDraft(none=False),
            (),
            "The authentication must be exactly one of bearer, basic and none: true.",
            UserErrorCode.INVALID,
        ),
        (
            AuthenticationDraft(bearer="a", none=True),
            (),
            "The authentication must be exactly one of bearer, basic and none: true.",
            UserErrorCode.INVALID,
        ),
        (
            AuthenticationDraft(bearer=" "),
            ("bearer",),
            "The bearer token is empty; give it, or none: true.",
            UserErrorCode.REQUIRED,
        ),
        (
            AuthenticationDraft(bearer="Bearer abc"),
            ("bearer",),
            "The bearer token has a space or a character that is not visible ASCII; give the token alone.",
            UserErrorCode.INVALID,
        ),
        (
            AuthenticationDraft(bearer="a" * 4001),
            ("bearer",),
            "The bearer token has 4001 characters; at most 4000 are allowed.",
            UserErrorCode.TOO_LONG,
        ),
        (
            AuthenticationDraft(basic=BasicAuthDraft("", "x")),
            ("basic", "username"),
            "The username is empty; give 1 to 250 characters.",
            UserErrorCode.REQUIRED,
        ),
        (
            AuthenticationDraft(basic=BasicAuthDraft("a:b", "x")),
            ("basic", "username"),
            'The username has a ":", which separates it from the password; choose one without.',
            UserErrorCode.INVALID,
        ),
        (
            AuthenticationDraft(basic=BasicAuthDraft("u" * 251, "x")),
            ("basic", "username"),
            "The username has 251 characters; at most 250 are allowed.",
            UserErrorCode.TOO_LONG,
        ),
        (
            AuthenticationDraft(basic=BasicAuthDraft("ada", "a\nb")),
            ("basic", "password"),
            "The password has a control character; leave it out.",
            UserErrorCode.INVALID,
        ),
        (
            AuthenticationDraft(basic=BasicAuthDraft("ada", MASK)),
            ("basic", "password"),
            "•••• is no password; leave authentication out to keep the stored one.",
            UserErrorCode.INVALID,
        ),
    ],
)
def test_a_login_that_cannot_be_sent_is_explained(
    draft: AuthenticationDraft, path: tuple[str, ...], message: str, code: UserErrorCode
) -> None:
    _, problems = logged_in(draft)

    assert problems == [Problem(message, ("authentication", *path), code)]


def test_two_logins_in_one_request_contradict_each_other() -> None:
    problems: list[Problem] = []
    custom = (CustomHeader("authorization", "Token abc", sensitive=True),)

    one_authorization(problems, custom, Authentication(AuthenticationKind.BEARER, None, "def"), "headers")
    one_authorization(problems, custom, Authentication(), "headers")
    one_authorization(problems, (), Authentication(AuthenticationKind.BEARER, None, "def"), "headers")

    message = "Both authentication and the header Authorization are set; leave one of them out."
    assert problems == [Problem(message, ("headers",), UserErrorCode.INVALID)]


@given(st.lists(st.tuples(st.text(), st.text(), st.booleans()), max_size=25))
def test_any_headers_can_be_sent_as_they_are_or_are_problems(given_headers: list[tuple[str, str, bool]]) -> None:
    accepted, problems = checked(*(HeaderDraft(*header) for header in given_headers))

    if not problems:
        for header in accepted:
            line = f"{header.name}: {header.value}".encode("ascii")
            assert line.isascii()
            assert b"\r" not in line
            assert b"\n" not in line
        assert len({header.name.lower() for header in accepted}) == len(accepted) == len(given_headers)


@given(st.text(), st.text(), st.text())
def test_any_login_is_a_login_or_a_problem(bearer: str, username: str, password: str) -> None:
    for draft in (AuthenticationDraft(bearer=bearer), AuthenticationDraft(basic=BasicAuthDraft(username, password))):
        login, problems = logged_in(draft)

        if not problems:
            assert f"{login.username}:{login.credential}".encode()
