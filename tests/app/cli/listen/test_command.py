"""`eev-webhooks listen` as a process."""

import json
import re
import signal
from pathlib import Path

import httpx
import pytest

from app.cli.listen.output import create_webhook
from app.signing import new_secret, public_key
from app.statuses import SignatureScheme
from tests.app.cli.conftest import Invoke
from tests.app.cli.installed import KEY, Running, run, serving, url_of
from tests.app.cli.listen.signed import BODY, OTHER_SECRET, SECRET, headers
from tests.patience import PATIENCE_SECONDS


def post(url: str, body: bytes = BODY, secret: str = SECRET) -> int:
    """Send a request that was signed with BODY, and return the status of the answer."""
    return httpx.post(
        url, content=body, headers=headers(secret=secret), timeout=PATIENCE_SECONDS, trust_env=False
    ).status_code


def test_people_see_what_comes_and_its_verdict(tmp_path: Path) -> None:
    with Running("listen", "--port", "0", "--secret", SECRET, "--quiet", directory=tmp_path) as listener:
        url = re.findall(r"http://\S+(?=;)", listener.line())[0]
        statuses = [post(url), post(url), post(url, BODY + b" ")]
        code = listener.stop(signal.SIGINT)

    lines = [line for line in listener.rest() if "POST" in line]
    assert (statuses, code) == ([200, 200, 401], 0)
    assert ["✓ verified" in line for line in lines] == [True, True, False]
    assert "seen once before" in lines[1]
    assert "✗ No signature matches" in lines[2]


def test_scripts_see_its_start_each_delivery_and_its_end(tmp_path: Path) -> None:
    options = ["--secret", OTHER_SECRET, "--secret", SECRET, "--fail-first", "1", "--retry-after", "3"]
    with Running("listen", "--port", "0", "--json", *options, directory=tmp_path) as listener:
        started = listener.object()
        statuses = [post(started["url"]), post(started["url"])]
        code = listener.stop()

    *deliveries, end = map(json.loads, listener.rest())
    assert (statuses, code) == ([503, 200], 0)
    assert (started["kind"], started["secret"]) == ("listening", OTHER_SECRET)
    assert [delivery["answer"] for delivery in deliveries] == ["503, retry after 3 s", "200"]
    assert [delivery["payload"]["type"] for delivery in deliveries] == ["ticket.created"] * 2
    assert end == {"kind": "end", "requests": 2, "verified": 2}


@pytest.mark.parametrize("scheme", list(SignatureScheme))
def test_the_mutation_that_it_prints_makes_a_webhook_that_it_verifies(scheme: SignatureScheme, tmp_path: Path) -> None:
    secret = ["--secret", new_secret(scheme)]
    with (
        serving(tmp_path) as server,
        Running("listen", "--port", "0", "--json", *secret, directory=tmp_path) as listener,
    ):
        url, mutation = url_of(server), listener.object()["createWebhook"]
        made = httpx.post(
            f"{url}/graphql", json={"query": mutation}, headers={"authorization": f"Bearer {KEY}"}, trust_env=False
        )
        run("publish", "agent.error", "--url", url, "--key", KEY, directory=tmp_path)
        delivery = listener.object()

    assert made.json()["data"]["createWebhook"]["userErrors"] == []
    assert (delivery["verified"], delivery["eventType"], delivery["attempt"]) == (True, "agent.error", "1")


def test_without_a_secret_it_makes_one(tmp_path: Path) -> None:
    with Running("listen", "--port", "0", "--json", directory=tmp_path) as listener:
        started = listener.object()
        status = post(started["url"], secret=started["secret"])

    assert status == 200
    assert started["secret"] in started["createWebhook"]


def test_the_secret_can_come_from_the_environment(tmp_path: Path) -> None:
    with Running("listen", "--port", "0", "--json", directory=tmp_path, EEV_WEBHOOKS_SECRET=SECRET) as listener:
        started = listener.object()

    assert started["secret"] == SECRET


def test_a_public_key_is_in_no_mutation() -> None:
    assert create_webhook("http://x/", public_key(new_secret(SignatureScheme.ED25519)) or "") is None


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--secret", "whsec_short"], "is not base64"),
        (["--secret", "swordfish"], "a secret begins with whsec_"),
        (["--reset", "--hang"], "exclude each other"),
        (["--hang", "--status", "500"], "leave out --status"),
        (["--status", "99"], "--status"),
        (["--fail-rate", "2"], "--fail-rate"),
    ],
)
def test_wrong_options_are_reported_before_it_listens(invoke: Invoke, options: list[str], why: str) -> None:
    result = invoke("listen", "--port", "0", *options)

    assert (result.exit_code, result.stdout) == (2, "")
    assert why in " ".join(result.stderr.split())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_with_a_key_it_registers_itself_and_removes_the_webhook_at_the_end(
    number: signal.Signals, tmp_path: Path
) -> None:
    with serving(tmp_path) as server:
        to_it = ("--url", url_of(server), "--key", KEY)
        with Running(
            "listen", "--port", "0", "--json", "--event-type", "agent.*", *to_it, directory=tmp_path
        ) as listener:
            started = listener.object()
            shown = run("webhooks", "show", started["webhookId"], "--json", *to_it, directory=tmp_path)
            run("publish", "agent.error", *to_it, directory=tmp_path)
            delivery = listener.object()
            code = listener.stop(number)
        left = run("webhooks", "list", "--json", *to_it, directory=tmp_path)

    webhook = json.loads(shown.stdout)
    assert (webhook["url"], webhook["eventTypes"]) == (started["url"], ["agent.*"])
    assert (delivery["verified"], delivery["eventType"]) == (True, "agent.error")
    assert (code, json.loads(left.stdout)) == (0, [])


def test_a_key_that_the_server_does_not_know_ends_it_with_a_sentence(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        refused = run("listen", "--port", "0", "--url", url_of(server), "--key", "wrong", directory=tmp_path)

    assert (refused.returncode, refused.stdout) == (1, "")
    assert "refused the key" in refused.stderr


def test_what_is_verified_is_passed_on_and_both_answers_are_shown(tmp_path: Path) -> None:
    application = ("--port", "0", "--json", "--secret", SECRET, "--fail-first", "1", "--status", "418")
    with Running("listen", *application, directory=tmp_path) as behind:
        passing = ("--port", "0", "--json", "--secret", SECRET, "--forward-to", behind.object()["url"])
        with Running("listen", *passing, directory=tmp_path) as listener:
            url = listener.object()["url"]
            statuses = [post(url), post(url), post(url, BODY + b" ")]
            shown = [listener.object() for _ in statuses]
        received = [behind.object(), behind.object()]
        behind.stop()

    assert statuses == [418, 200, 401]
    assert [line["answer"] for line in shown] == ["418", "200", "401"]
    assert [line.get("application", "none").split()[0] for line in shown] == ["418", "200", "none"]
    assert [line["verified"] for line in received] == [True, True]  # as signed
    assert received[0]["payload"] == shown[0]["payload"]


def test_an_application_that_does_not_answer_is_reported_to_the_sender(tmp_path: Path, silent_port: int) -> None:
    passing = ("--port", "0", "--json", "--secret", SECRET, "--forward-to", f"http://127.0.0.1:{silent_port}/")
    with Running("listen", *passing, directory=tmp_path) as listener:
        status = post(listener.object()["url"])
        shown = listener.object()

    assert (status, shown["answer"]) == (502, "502")
    assert shown["application"].startswith("no answer (")
