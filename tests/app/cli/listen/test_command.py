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
def test_wrong_options_are_told_before_it_listens(invoke: Invoke, options: list[str], why: str) -> None:
    result = invoke("listen", "--port", "0", *options)

    assert (result.exit_code, result.stdout) == (2, "")
    assert why in " ".join(result.stderr.split())
