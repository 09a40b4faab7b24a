"""Everything is logged in one form, and nothing that looks like a secret is logged."""

import io
import json
import logging
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog

from app.logs import configure_logging, log_many, mask_secrets
from app.settings import load_settings
from tests.logging_state import logging_put_back

SIGNING_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PASSWORD = "hunter2"
API_KEY = "eev_" + "k3yk3yk3" * 5
ACCESS_TOKEN = "eevt_eyJhIjoxfQ.c2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJl"
Logged = Callable[..., io.StringIO]


@pytest.fixture
def logged() -> Iterator[Logged]:
    """Configure logging with some settings, and return its output; restores logging afterwards."""

    def configure(**settings: Any) -> io.StringIO:
        stream = io.StringIO()
        configure_logging(load_settings(**settings), stream)
        return stream

    with logging_put_back():
        yield configure


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def masked(**fields: Any) -> dict[str, Any]:
    return dict(mask_secrets(None, "info", fields))


def test_a_line_is_one_json_object_that_begins_with_when_how_bad_and_what(logged: Logged) -> None:
    stream = logged(log_format="json")

    structlog.get_logger().info("delivery.attempted", delivery_id="dlv_1", duration_ms=1.5)

    (line,) = lines(stream)
    assert list(line)[:3] == ["timestamp", "level", "event"]
    assert line["timestamp"].endswith("Z")
    assert (line["level"], line["event"]) == ("info", "delivery.attempted")
    assert (line["delivery_id"], line["duration_ms"]) == ("dlv_1", 1.5)


def test_development_logs_for_people_and_production_for_machines(logged: Logged) -> None:
    for_people = logged(environment="development")
    structlog.get_logger().info("server.started", url="http://127.0.0.1:8000")
    for_machines = logged(environment="production", encryption_keys="A" * 43 + "=")
    structlog.get_logger().info("server.started", url="http://127.0.0.1:8000")

    assert "server.started" in for_people.getvalue()
    assert not for_people.getvalue().startswith("{")
    assert lines(for_machines)[0]["event"] == "server.started"


def test_what_happens_often_is_logged_like_anything_else(logged: Logged) -> None:
    fields = {
        "status": "SUCCEEDED",
        "headers": {"cookie": "anything"},
        "url": f"https://x/?{SIGNING_SECRET}",
        "number": 1,
    }
    stream = logged(log_format="json")
    with structlog.contextvars.bound_contextvars(request_id="r1"):
        structlog.get_logger().info("delivery.attempted", **fields)
        log_many("delivery.attempted", [{**fields}])

    one, other = lines(stream)
    assert one.pop("timestamp") <= other.pop("timestamp")
    assert list(one.items()) == list(other.items())
    assert (other["headers"], other["url"]) == ({"cookie": "***"}, "https://x/?whsec_***")


@pytest.mark.parametrize(
    ("settings", "said"), [({"log_level": "warning", "log_format": "json"}, False), ({"log_format": "console"}, True)]
)
def test_what_happens_often_is_logged_as_the_settings_say(logged: Logged, settings: dict[str, str], said: bool) -> None:
    stream = logged(**settings)

    log_many("delivery.attempted", [{"number": 1}])

    assert ("delivery.attempted" in stream.getvalue()) is said
    assert not stream.getvalue().startswith("{")


def test_libraries_log_the_same_way(logged: Logged) -> None:
    stream = logged(log_format="json")

    logging.getLogger("uvicorn.error").warning("Bound to %s", "a port")

    (line,) = lines(stream)
    assert (line["event"], line["logger"], line["level"]) == ("Bound to a port", "uvicorn.error", "warning")


def test_a_librarys_own_level_is_rounded_down(logged: Logged) -> None:
    stream = logged(log_format="json")

    logging.getLogger("library").log(25, "between info and warning")
    logging.getLogger("library").log(99, "above all")

    assert [line["level"] for line in lines(stream)] == ["info", "critical"]


def test_warnings_are_logged(logged: Logged) -> None:
    stream = logged(log_format="json")

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("This is old.", DeprecationWarning, stacklevel=1)

    assert "This is old." in lines(stream)[0]["event"]


def test_what_is_below_the_level_is_left_out(logged: Logged) -> None:
    stream = logged(log_level="warning", log_format="json")

    structlog.get_logger().info("delivery.attempted")
    logging.getLogger("dramatiq").info("hello")
    structlog.get_logger().warning("delivery.cut_off")

    assert [line["event"] for line in lines(stream)] == ["delivery.cut_off"]


def test_debugging_does_not_show_the_parameters_of_statements(logged: Logged) -> None:
    stream = logged(log_level="debug", log_format="json")

    logging.getLogger("tortoise.db_client").debug("INSERT INTO secret VALUES (?): ['hunter2']")
    structlog.get_logger().debug("claim.looked")

    assert [line["event"] for line in lines(stream)] == ["claim.looked"]


def test_an_exception_is_logged_with_its_traceback_but_without_values(logged: Logged) -> None:
    stream = logged(log_format="json")

    def fail(password: str) -> None:
        raise ValueError(f"{len(password)} characters of {SIGNING_SECRET}")

    try:
        fail(PASSWORD)
    except ValueError:
        structlog.get_logger().exception("delivery.broken")

    (line,) = lines(stream)
    assert "ValueError: 7 characters of whsec_***" in line["exception"]
    assert PASSWORD not in stream.getvalue()


def test_what_is_bound_for_a_request_is_on_its_lines(logged: Logged) -> None:
    stream = logged(log_format="json")

    with structlog.contextvars.bound_contextvars(request_id="r1"):
        structlog.get_logger().info("event.published")
        logging.getLogger("library").info("hello")

    assert [line["request_id"] for line in lines(stream)] == ["r1", "r1"]


def test_what_json_does_not_know_is_written_as_text(logged: Logged) -> None:
    stream = logged(log_format="json")

    log = structlog.get_logger()
    log.info("test.logged", values={1}, error=ValueError("no"))
    log.info("test.logged", number=1 << 70)
    log.info("test.logged", text="half \ud83d a pair")

    first, second, third = lines(stream)
    assert (first["values"], first["error"]) == ([1], "no")
    assert second["number"] == 1 << 70
    assert third["text"] == "half \ud83d a pair"
    for line in (first, second, third):
        assert datetime.fromisoformat(line["timestamp"]).tzinfo is UTC
        assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "Authorization",
        "proxy-authorization",
        "cookie",
        "set-cookie",
        "secret",
        "new_secret",
        "api_key",
        "encryption_keys",
        "access_token",
        "metrics_token",
    ],
)
def test_a_field_named_like_a_secret_is_masked_however_deep(name: str) -> None:
    assert masked(**{name: "anything"}) == {name: "***"}
    assert masked(headers={"a": [{name: b"anything"}]}) == {"headers": {"a": [{name: "***"}]}}


@pytest.mark.parametrize(
    "name", ["secret_id", "api_key_id", "idempotency_key", "ordering_key", "max_query_tokens", "key_count"]
)
def test_a_field_that_only_sounds_like_one_is_not(name: str) -> None:
    assert masked(**{name: "sec_01jd"}) == {name: "sec_01jd"}


def test_a_missing_secret_is_told_apart_from_a_masked_one() -> None:
    assert masked(secret=None) == {"secret": None}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"with {SIGNING_SECRET}.", "with whsec_***."),
        ("with whsk_" + "x" * 40, "with whsk_***"),
        (f"key={API_KEY}", "key=eev_***"),
        (f"'{ACCESS_TOKEN}'", "'eevt_***'"),
        ("Authorization: Bearer abc.def-123", "Authorization: Bearer ***"),
        ("Authorization: Basic dXNlcjpwYXNzd29yZA==", "Authorization: Basic ***"),
        ("at postgres://user:hunter2@db/x", "at postgres://user:***@db/x"),
        ("at redis://:hunter2@cache:6379", "at redis://:***@cache:6379"),
    ],
)
def test_what_looks_like_a_secret_is_masked_within_a_text(text: str, shown: str) -> None:
    assert masked(event=text, notes=[text]) == {"event": shown, "notes": [shown]}


@pytest.mark.parametrize(
    "text",
    [
        "http://127.0.0.1:8000/graphql",
        "https://hooks.example.com/a@b",
        "eev_webhooks_attempts_total",
        "Basic setup is done; the bearer of this has a whsec",
        "wh_01jd0000000000000000000000",
    ],
)
def test_other_texts_are_left_as_they_are(text: str) -> None:
    assert masked(event=text) == {"event": text}


class Unreadable:
    """Raises in every attempt to display it."""

    def __repr__(self) -> str:
        raise OSError("cannot be shown")


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_what_cannot_be_rendered_is_a_line_all_the_same(logged: Logged, log_format: str) -> None:
    stream = logged(log_format=log_format)

    structlog.get_logger().error("delivery.broken", value=Unreadable())
    log_many("delivery.attempted", [{"value": Unreadable()}, {"number": 2}])
    logging.getLogger("library").warning("%s", Unreadable())

    assert "delivery.broken" in stream.getvalue()
    assert stream.getvalue().count("delivery.attempted") == 2
    assert "log.unreadable" in stream.getvalue()
