from ipaddress import ip_network

import httpx
import pytest
import yarl
from hypothesis import example, given
from hypothesis import strategies as st

from app.errors import Problem, UserErrorCode
from app.sender.guard import AddressPolicy
from app.webhooks.validation.target import MAX_URL_CHARACTERS, host_allowed, port_allowed, url


def checked(text: str, *, allow_http: bool = True) -> tuple[str, list[Problem]]:
    problems: list[Problem] = []
    return url(problems, text, allow_http, "url"), problems


@pytest.mark.parametrize(
    ("text", "request_url"),
    [
        ("https://example.com", "https://example.com"),
        (" https://example.com/webhooks?a=b&c=%20\n", "https://example.com/webhooks?a=b&c=%20"),
        ("https://Example.com:8443/a;b/@c", "https://example.com:8443/a;b/@c"),
        ("http://receiver:3000/", "http://receiver:3000/"),
        ("https://my_service.internal./", "https://my_service.internal./"),
        ("https://203.0.113.7/", "https://203.0.113.7/"),
        ("https://[2001:DB8:0::1]:443/", "https://[2001:db8::1]:443/"),
        ("https://bücher.example/ä?q=ü", "https://xn--bcher-kva.example/%C3%A4?q=%C3%BC"),
        ("https://例え.テスト/", "https://xn--r8jz45g.xn--zckzah/"),
        ("https://faß.example/", "https://xn--fa-hia.example/"),
        ("https://127。0。0。1/", "https://127.0.0.1/"),
    ],
)
def test_a_url_comes_out_as_it_will_be_requested(text: str, request_url: str) -> None:
    assert checked(text) == (request_url, [])


@pytest.mark.parametrize(
    ("text", "message", "code"),
    [
        ("  ", "The URL is empty; give one such as https://example.com/webhooks.", UserErrorCode.REQUIRED),
        ("https://:80/", "The URL has no host; give one such as https://example.com/webhooks.", UserErrorCode.INVALID),
        (
            "https://ada:secret@example.com/",
            "The URL has a username or password before its host; use the field authentication for them.",
            UserErrorCode.INVALID,
        ),
        (
            "https://example.com/#top",
            "The URL has the fragment #top, which is never sent; leave it out.",
            UserErrorCode.INVALID,
        ),
        (
            "https://example.com:0/",
            "The URL has the port 0; give 1 to 65535, or none for the usual one.",
            UserErrorCode.INVALID,
        ),
        (
            "https://example.com:70000/",
            "The URL cannot be read (Port out of range 0-65535); give one such as https://example.com/webhooks.",
            UserErrorCode.INVALID,
        ),
        (
            "https://[::1/",
            "The URL cannot be read (Invalid IPv6 URL); give one such as https://example.com/webhooks.",
            UserErrorCode.INVALID,
        ),
        (
            "https://[fe80::1%25eth0]/",
            "The URL's host [fe80::1%25eth0] is not an IPv6 address without a zone; give one such as [2001:db8::1].",
            UserErrorCode.INVALID,
        ),
        (
            "https://[v1.future]/",
            "The URL's host [v1.future] is not an IPv6 address without a zone; give one such as [2001:db8::1].",
            UserErrorCode.INVALID,
        ),
        (
            "https://a..example/",
            'The URL\'s host "a..example" is not a name; names are letters, digits and hyphens, in parts of 1 to 63'
            " characters joined by dots.",
            UserErrorCode.INVALID,
        ),
        (
            "https://exa%6Dple.com/",
            'The URL\'s host "exa%6Dple.com" is not a name; names are letters, digits and hyphens, in parts of 1 to 63'
            " characters joined by dots.",
            UserErrorCode.INVALID,
        ),
        (
            "https://example.com/a b",
            'The URL has the character " ", which no URL may have; percent-encode it, as %20.',
            UserErrorCode.INVALID,
        ),
        (
            "https://example.com/\r\nX-Injected:1",
            "The URL has the character U+000D, which no URL may have; percent-encode it, as %0D.",
            UserErrorCode.INVALID,
        ),
        (
            "https://good.example\\@evil.example/",
            'The URL has the character "\\\\", which no URL may have; percent-encode it, as %5C.',
            UserErrorCode.INVALID,
        ),
        (
            "https://example.com/\u202egnp.exe",
            "The URL has the character U+202E, which no URL may have; percent-encode it, as %E2%80%AE.",
            UserErrorCode.INVALID,
        ),
        (
            "https://☃.example/",
            'The URL\'s host "☃.example" is not an international domain name: Codepoint U+2603 at position 1 of'
            " '☃' not allowed.",
            UserErrorCode.INVALID,
        ),
        (
            "https://xn--a.example/",
            'The URL\'s host "xn--a.example" is not an international domain name: Codepoint U+0080 at position 1 of'
            " '\\x80' not allowed.",
            UserErrorCode.INVALID,
        ),
        (
            "https://example.com/" + "a" * MAX_URL_CHARACTERS,
            "The URL has 2068 characters; at most 2048 are allowed.",
            UserErrorCode.TOO_LONG,
        ),
        (
            "https://example.com/" + "ä" * 500,
            "The URL has 3020 characters once encoded; at most 2048 are allowed.",
            UserErrorCode.TOO_LONG,
        ),
    ],
)
def test_what_cannot_be_requested_is_explained(text: str, message: str, code: UserErrorCode) -> None:
    _, problems = checked(text)

    assert problems == [Problem(message, ("url",), code)]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("example.com/hook", "https://example.com/hook"),
        ("example.com:8443/hook", "https://example.com:8443/hook"),
        ("//example.com", "https://example.com"),
        ("https:example.com/a", "https://example.com/a"),
        ("http:/example.com", "https://example.com"),
        ("https//example.com", "https://example.com"),
        ("localhost:9000/hook", "http://localhost:9000/hook"),
        ("127.0.0.1:9000", "http://127.0.0.1:9000"),
    ],
)
def test_a_url_without_its_scheme_is_reported_with_the_one_that_was_meant(text: str, meant: str) -> None:
    _, in_development = checked(text)
    _, in_production = checked(text, allow_http=False)

    told = f'The URL "{text}" must begin with https:// or http:// and a host. Did you mean {meant}?'
    assert in_development == [Problem(told, ("url",), UserErrorCode.INVALID)]
    meant = meant.replace("http://", "https://")
    told = f'The URL "{text}" must begin with https:// and a host. Did you mean {meant}?'
    assert in_production == [Problem(told, ("url",), UserErrorCode.INVALID)]


@pytest.mark.parametrize("text", ["ftp://example.com", "javascript:alert()", "https://", "hook", "/hook", "https:///a"])
def test_nothing_is_suggested_for_what_may_be_anything(text: str) -> None:
    _, problems = checked(text)

    told = f'The URL "{text}" must begin with https:// or http:// and a host.'
    assert problems == [Problem(told, ("url",), UserErrorCode.INVALID)]


@pytest.mark.parametrize("text", ["ada:hunter2@example.com", "example.com/?token=hunter2"])
def test_credentials_in_a_url_without_its_scheme_are_not_repeated(text: str) -> None:
    _, problems = checked(text)

    assert [problem.message for problem in problems] == ["The URL must begin with https:// or http:// and a host."]


def test_plain_http_is_for_development_only() -> None:
    _, problems = checked("http://example.com/", allow_http=False)

    message = "The URL begins with http://, which anybody on the way can read; use https://."
    assert problems == [Problem(message, ("url",), UserErrorCode.URL_NOT_ALLOWED)]


def test_an_error_about_a_url_does_not_repeat_the_password_in_it() -> None:
    for text in ("https://ada:hunter2@example.com/", "ada:hunter2@example.com", "https://ada:hunter2@example.com:x/"):
        _, problems = checked(text)

        assert len(problems) == 1
        assert "hunter2" not in problems[0].message


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("localhost", "loopback (127.0.0.0/8)"),
        ("api.localhost.", "loopback (127.0.0.0/8)"),
        ("127.0.0.1", "loopback (127.0.0.0/8)"),
        ("127。0。0。1", "loopback (127.0.0.0/8)"),
        ("10.1.2.3", "private (10.0.0.0/8)"),
        ("[::1]", "loopback (::1/128)"),
        ("[fd12::1]", "private (fc00::/7)"),
        ("169.254.169.254", "a cloud's metadata service"),
        ("0x7f000001", "an unusual spelling of 127.0.0.1; write it like that"),
        ("2130706433", "an unusual spelling of 127.0.0.1; write it like that"),
    ],
)
def test_a_host_that_can_be_judged_by_its_text_is_judged_at_once(host: str, reason: str) -> None:
    request_url, _ = checked(f"https://{host}/")
    problems: list[Problem] = []

    host_allowed(problems, request_url, AddressPolicy(), "url")

    assert [(problem.path, problem.code) for problem in problems] == [(("url",), UserErrorCode.URL_NOT_ALLOWED)]
    assert problems[0].message.endswith(f" is blocked: it is {reason}. Choose one with a public address.")


def test_loopback_and_allowed_networks_may_be_reached_where_the_operator_says_so() -> None:
    problems: list[Problem] = []

    host_allowed(problems, "http://localhost:3000/", AddressPolicy(allow_loopback=True), "url")
    host_allowed(problems, "http://10.1.2.3/", AddressPolicy(allowed_networks=(ip_network("10.0.0.0/8"),)), "url")

    assert problems == []


@pytest.mark.parametrize(
    ("request_url", "port"),
    [("https://example.com:25/", 25), ("http://example.com:6379/", 6379), ("https://example.com:443/", None)],
)
def test_a_port_that_deliveries_may_not_use_is_refused_with_the_setting_that_opens_it(
    request_url: str, port: int | None
) -> None:
    problems: list[Problem] = []

    port_allowed(problems, request_url, AddressPolicy(blocked_ports=frozenset({25, 6379})), "url")

    assert problems == (
        []
        if port is None
        else [
            Problem(
                f"The URL's port {port} is blocked: deliveries may not use it (setting BLOCKED_PORTS)."
                " Choose another, such as 443.",
                ("url",),
                UserErrorCode.URL_NOT_ALLOWED,
            )
        ]
    )


def test_the_usual_port_of_a_scheme_is_judged_where_a_url_names_none() -> None:
    problems: list[Problem] = []
    policy = AddressPolicy(blocked_ports=frozenset({80, 443}))

    port_allowed(problems, "https://example.com/", policy, "url")
    port_allowed(problems, "http://example.com/", policy, "url")

    assert ["port 443" in problems[0].message, "port 80" in problems[1].message] == [True, True]


_STRUCTURE = [
    "https://",
    "http://",
    "HTTPS:",
    "//",
    "/",
    "\\",
    "@",
    ":",
    ":80",
    ":99999",
    "#",
    "?",
    "[",
    "]",
    "%",
    "%00",
    ".",
]
_HOSTS = ["::1", "127.1", "localhost", "example.com", "xn--", "xn--a", "ß", "☃", "。", "\uff11", "\u00ad"]
_ODD = [" ", "\0", "\u202e", "\ud800"]


@given(
    st.one_of(
        st.text(), st.lists(st.sampled_from(_STRUCTURE + _HOSTS + _ODD) | st.text(max_size=3), max_size=8).map("".join)
    )
)
@example("https://\ud800.example/")
@example("https://a\u00adb.example/")
def test_any_text_is_a_url_that_the_transport_can_request_or_a_problem(text: str) -> None:
    request_url, problems = checked(text)

    assert len(problems) <= 1
    if not problems:
        sent, connected = httpx.URL(request_url), yarl.URL(request_url, encoded=True)
        host_allowed([], request_url, AddressPolicy(), "url")
        assert request_url.isascii()
        assert sent.host
        assert sent.raw_host.decode() == connected.raw_host
        assert (sent.userinfo, sent.fragment) == (b"", "")
        assert checked(request_url) == (request_url, [])
