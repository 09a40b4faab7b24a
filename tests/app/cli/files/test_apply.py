"""Webhooks and event types in files: exported, applied, shown beforehand, and refused as a whole."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import yaml

from tests.app.cli.conftest import Invoke
from tests.app.cli.installed import serving, url_of
from tests.app.cli.remotely import output

Write: TypeAlias = Callable[..., str]

CREDENTIALS = {"DESK_TOKEN": "token-5e1f", "DESK_HEADER": "header-77aa", "DESK_SECRET": f"whsec_{'A' * 32}"}
DESK = """
version: 1
eventTypes:
  - name: order.shipped
    description: An order left the warehouse.
    jsonSchema: {type: object, required: [order], properties: {order: {type: object}}}
    example: {order: {id: ord_1}}
webhooks:
  - externalId: desk
    name: Desk
    url: https://desk.example/hooks?key=query-91c2
    eventTypes: [ticket.*, order.shipped]
    filter: size(data) > 0
    timeoutSeconds: 10
    ipAllowlist: [203.0.113.7]
    headers:
      - {name: X-Team, value: support}
      - {name: X-Api-Key, value: {env: DESK_HEADER}}
    authentication: {kind: BEARER, token: {env: DESK_TOKEN}}
    secret: {env: DESK_SECRET}
    retryPolicy: {delaysSeconds: [5, 60]}
    metadata: {team: support}
  - externalId: billing
    name: Billing
    url: https://billing.example/
    eventTypes: ["*"]
    authentication: {kind: BASIC, username: ada, password: {env: DESK_TOKEN}}
    metadata: {team: support}
"""


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory of the server's database."""
    return tmp_path_factory.mktemp("server") / "data"


@pytest.fixture(scope="module")
def server(data_dir: Path) -> Iterator[str]:
    """The address of a server for all tests of the module."""
    with serving(data_dir.parent) as started:
        yield url_of(started)


@pytest.fixture
def remote(invoke: Invoke, server: str, data_dir: Path) -> Invoke:
    """Run a command with the key of a separate workspace for each test."""
    key = output(invoke("workspace", "create", "test", "--json", DATA_DIR=str(data_dir)))["key"]

    def run(*arguments: str, given: str | None = None, **environment: str) -> Any:
        return invoke(*arguments, given=given, **{"EEV_WEBHOOKS_URL": server, "EEV_WEBHOOKS_KEY": key, **environment})

    return run


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file and return its name."""

    def to(text: str, name: str = "desk.yaml") -> str:
        (tmp_path / name).write_text(text)
        return name

    return to


def export(remote: Invoke, *options: str) -> str:
    result = remote("export", *options)
    assert result.exit_code == 0, result.stderr
    text: str = result.stdout
    return text


def planned(remote: Invoke, file: str, *options: str, **environment: str) -> list[dict[str, Any]]:
    changes: list[dict[str, Any]] = output(remote("apply", file, "--dry-run", "--json", *options, **environment))[
        "changes"
    ]
    return changes


def test_a_file_is_applied_once_and_applying_it_again_changes_nothing(remote: Invoke, write: Write) -> None:
    file = write(DESK)

    before = planned(remote, file, **CREDENTIALS)
    untouched = export(remote)
    first = remote("apply", file, **CREDENTIALS)
    second = remote("apply", file)  # the server's state is no longer needed

    assert [(step["action"], step["kind"], step["name"]) for step in before] == [
        ("CREATE", "event type", "order.shipped"),
        ("CREATE", "webhook", "desk"),
        ("CREATE", "webhook", "billing"),
    ]
    assert yaml.safe_load(untouched) == {"version": 1, "webhooks": []}
    assert (first.exit_code, first.stdout.splitlines()[-2:]) == (0, ["3 to create.", "All of it is done."])
    assert (second.exit_code, second.stdout) == (0, "Nothing to change.\n")
    assert not any(secret in first.stdout + json.dumps(before) for secret in CREDENTIALS.values())


def test_what_is_exported_has_no_secret_and_applied_to_the_same_server_it_changes_nothing(
    remote: Invoke, write: Write
) -> None:
    remote("apply", write(DESK), **CREDENTIALS)
    remote("webhooks", "create", "https://old.example/?token=query-3d0e", "--name", "Old")
    output(remote("event-types", "list", "--json"))

    exported = export(remote)
    result = remote("apply", write(exported, "exported.yaml"))
    as_json = remote("apply", write(export(remote, "--json"), "exported.json"))
    remote("export", "--output", "written.yaml")

    assert result.stdout == as_json.stdout == "Nothing to change.\n", result.stderr
    assert not any(secret in exported for secret in (*CREDENTIALS.values(), "query-91c2", "query-3d0e"))
    assert Path("written.yaml").read_text() == exported
    content = yaml.safe_load(exported)
    assert [webhook.get("externalId") for webhook in content["webhooks"]] == ["desk", "billing", None]
    assert content["webhooks"][0]["url"] == "https://desk.example/hooks?key=••••"
    assert content["webhooks"][0]["authentication"] == {"kind": "BEARER"}
    assert content["webhooks"][0]["headers"][1] == {"name": "X-Api-Key", "value": "••••"}
    assert "timeoutSeconds" not in content["webhooks"][1]


def test_only_what_differs_changes_and_credentials_stay(remote: Invoke, write: Write) -> None:
    remote("apply", write(DESK), **CREDENTIALS)
    changed = DESK.replace("timeoutSeconds: 10", "timeoutSeconds: 20").replace("value: support}", "value: sales}")

    shown = remote("apply", write(changed), "--dry-run").stdout
    result = remote("apply", write(changed))
    [desk, _] = output(remote("webhooks", "list", "--json"))[::-1]
    after = output(remote("webhooks", "show", desk["id"], "--json"))

    assert result.exit_code == 0, result.stderr
    assert shown.splitlines() == [
        f"~ webhook desk ({desk['id']})",
        "    timeoutSeconds: 10 → 20",
        '    headers: [{"name":"X-Team","value":"support"},{"name":"X-Api-Key","value":"••••"}] → '
        '[{"name":"X-Team","value":"sales"},{"name":"X-Api-Key","value":"••••"}]',
        "1 to change.",
        "Nothing was changed (--dry-run).",
    ]
    assert (after["timeoutSeconds"], after["authentication"]["kind"]) == (20, "BEARER")
    assert planned(remote, write(changed)) == []


def test_credentials_are_replaced_if_asked_for(remote: Invoke, write: Write) -> None:
    file = write(DESK)
    remote("apply", file, **CREDENTIALS)

    shown = remote("apply", file, "--renew-credentials", "--dry-run", **CREDENTIALS)
    unset = remote("apply", file, "--renew-credentials")

    assert '    authentication: {"kind":"BEARER","username":null,"credential":"••••"} (another value)' in shown.stdout
    assert "desk.yaml:19: webhooks.0.authentication.token.env: The environment variable DESK_TOKEN is not set." in (
        unset.stderr
    )


def test_webhooks_with_a_label_that_no_file_names_are_deleted(remote: Invoke, write: Write) -> None:
    remote("apply", write(DESK), **CREDENTIALS)
    remote("webhooks", "create", "https://other.example/", "--name", "Other")
    only_billing = DESK[: DESK.index("  - externalId: desk")] + DESK[DESK.index("  - externalId: billing") :]

    unasked = planned(remote, write(only_billing))
    pruned = planned(remote, write(only_billing), "--prune", "team=support")
    remote("apply", write(only_billing), "--prune", "team=support")
    unlabelled = remote("apply", write(only_billing.replace("metadata:", "# ")), "--prune", "team=support")

    assert unasked == []
    assert [(step["action"], step["name"]) for step in pruned] == [("DELETE", "desk")]
    assert [webhook["name"] for webhook in output(remote("webhooks", "list", "--json"))] == ["Other", "Billing"]
    assert unlabelled.exit_code == 1
    assert "webhooks.0.metadata: The metadata lacks team: support" in unlabelled.stderr
    assert yaml.safe_load(export(remote, "--label", "team=support"))["webhooks"][0]["name"] == "Billing"


def test_a_webhook_without_an_external_id_is_found_by_its_id_and_can_be_given_one(remote: Invoke, write: Write) -> None:
    remote("webhooks", "create", "https://old.example/", "--name", "Old")
    exported = yaml.safe_load(export(remote))
    [entry] = exported["webhooks"]
    entry["externalId"] = "old"

    adopted = remote("apply", write(yaml.safe_dump(exported)))
    del entry["id"]
    again = remote("apply", write(yaml.safe_dump(exported)))
    entry["id"] = "wh_nobody"
    elsewhere = remote("apply", write(yaml.safe_dump(exported)))

    assert "    externalId: – → old" in adopted.stdout
    assert again.stdout == "Nothing to change.\n"
    assert "webhooks.0.id: No webhook has the id wh_nobody." in elsewhere.stderr


def test_event_types_are_changed_archived_and_brought_back(remote: Invoke, write: Write) -> None:
    remote("apply", write(DESK), **CREDENTIALS)
    shipped = {"name": "order.shipped", "description": "Shipped.", "archived": True}
    content = {"eventTypes": [shipped, {"name": "ticket.created", "archived": True}]}

    changed = planned(remote, write(yaml.safe_dump(content)))
    applied = remote("apply", write(yaml.safe_dump(content)))
    exported = yaml.safe_load(export(remote))["eventTypes"]
    again = planned(remote, write(export(remote), "exported.yaml"))
    back = remote("apply", write("eventTypes: [{name: ticket.created}]"))

    assert [(step["action"], step["name"]) for step in changed] == [
        ("UPDATE", "order.shipped"),
        ("ARCHIVE", "order.shipped"),
        ("ARCHIVE", "ticket.created"),
    ]
    assert applied.exit_code == 0, applied.stderr
    assert exported == [
        {**shipped, "jsonSchema": {"type": "object"}, "example": {}},
        {"name": "ticket.created", "archived": True},
    ]
    assert again == []
    assert "    archived: true → false" in back.stdout


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("timeoutSeconds: 10", "timeoutSecond: 10", '14: webhooks.0.timeoutSecond: There is no field "timeoutSecond" '),
        ("timeoutSeconds: 10", "timeoutSeconds: ten", "14: webhooks.0.timeoutSeconds: This must be a whole number."),
        ("timeoutSeconds: 10", "timeoutSeconds: 99", "14: webhooks.0.timeoutSeconds: The timeout is 99; it must be"),
        ("timeoutSeconds: 10", "method: GET", "14: webhooks.0.method: Input should be 'POST' or 'PUT'."),
        ("name: Desk", "name: 7", "10: webhooks.0.name: This must be a text; write it in quotes."),
        ("name: Desk", "description: Desk", "9: webhooks.0.name: This field is missing."),
        ("[ticket.*, order", "[tickt.*, order", '12: webhooks.0.eventTypes.0: There is no event type "tickt.*"'),
        ("size(data) > 0", "data.x.y == 1 &&", "13: webhooks.0.filter: "),
        ("type: object, req", "type: objekt, req", "6: eventTypes.0.jsonSchema"),
        ("example: {order: {id", "example: {ordr: {id", "7: eventTypes.0.example"),
        ("token: {env: DESK_TOKEN}", "token: token-5e1f", "19: webhooks.0.authentication.token: A credential does not"),
        ("value: {env: DESK_HEADER}", "value: header-77aa", "18: webhooks.0.headers.1.value: The value of this header"),
        (", token: {env: DESK_TOKEN}", "", "19: webhooks.0.authentication.token: This credential is missing"),
        ("externalId: billing", "externalId: desk", "23: webhooks.1.externalId: There is another entry with the ext"),
        ("externalId: billing", "description: x", "23: webhooks.1: The webhook has no externalId"),
        ("https://billing.example/", "ftp://billing.example/", "25: webhooks.1.url: The URL"),
        ("version: 1", "version: 2", "2: version: "),
        ("  - externalId: desk", "  - {", "desk.yaml:"),
    ],
)
def test_a_fault_is_reported_with_its_place_and_nothing_is_changed(
    remote: Invoke, write: Write, old: str, new: str, why: str
) -> None:
    assert old in DESK

    result = remote("apply", write(DESK.replace(old, new, 1)), **CREDENTIALS)

    assert result.exit_code == 1
    assert why in result.stderr
    assert not any(secret in result.stderr for secret in CREDENTIALS.values())
    assert yaml.safe_load(export(remote)) == {"version": 1, "webhooks": []}


def test_all_faults_are_reported_at_once(remote: Invoke, write: Write) -> None:
    other = write("webhooks: [{externalId: a, name: A, url: https://a.example/, eventTypes: []}]", "other.yaml")
    file = write(DESK.replace("[ticket.*, order", "[tickt.*, order").replace("timeoutSeconds: 10", "timeoutSeconds: 0"))

    result = remote("apply", file, other, **CREDENTIALS)

    assert [line.split(" ")[0] for line in result.stderr.splitlines()] == [
        "desk.yaml:12:",
        "desk.yaml:14:",
        "other.yaml:1:",
    ]


def test_what_the_server_refuses_amid_says_what_was_done(remote: Invoke, write: Write) -> None:
    file = write(DESK.replace("https://billing.example/", "https://10.0.0.1/"))

    result = remote("apply", file, **CREDENTIALS)
    mended = remote("apply", write(DESK), **CREDENTIALS)

    assert result.exit_code == 1
    assert "The webhook billing could not be changed: The URL's host 10.0.0.1 is blocked" in result.stderr
    assert "2 of 3 changes are made:\n  event type order.shipped\n  webhook desk\n" in result.stderr
    assert mended.stdout.splitlines()[-2:] == ["1 to create.", "All of it is done."]


def test_a_key_that_may_not_make_a_change_is_reported_before_the_first(remote: Invoke, write: Write) -> None:
    made = output(remote("key", "create", "--name", "reads", "--scope", "READ", "--json"))

    shown = remote("apply", write(DESK), "--dry-run", EEV_WEBHOOKS_KEY=made["key"], **CREDENTIALS)
    result = remote("apply", write(DESK), EEV_WEBHOOKS_KEY=made["key"], **CREDENTIALS)

    assert shown.exit_code == 0
    assert result.stderr == "The key lacks ADMIN and MANAGE, so nothing was changed.\n"


def test_a_file_that_is_not_there_is_wrong_usage(remote: Invoke) -> None:
    result = remote("apply", "nowhere.yaml")

    assert result.exit_code == 2
    assert "nowhere.yaml cannot be read" in result.stderr


SLACK_URL = "https://hooks.slack.com/services/T024BE7LD/B01ABCDEFGH/Xq3rT9vLm2Pz7wKc5NdY8aBs"
CONTACTS = """
version: 1
contacts:
  - {kind: SLACK, target: {env: SLACK_URL}, events: [webhook.*]}
"""


def test_contacts_are_applied_and_exported_without_what_gives_access(remote: Invoke, write: Write) -> None:
    file = write(CONTACTS)
    first = remote("apply", file, SLACK_URL=SLACK_URL)
    again = remote("apply", file, SLACK_URL=SLACK_URL)
    exported = export(remote)
    changed = remote("apply", write(CONTACTS.replace("webhook.*", "secret.*")), SLACK_URL=SLACK_URL)
    listed = output(remote("contacts", "list", "--json"))

    assert first.exit_code == 0, first.stderr
    assert "+ contact SLACK https://hooks.slack.com/services/T024BE7LD/B01ABCDEFGH/••••" in first.stdout
    assert "Nothing to change." in again.stdout
    shown = "https://hooks.slack.com/services/T024BE7LD/B01ABCDEFGH/••••"
    assert yaml.safe_load(exported)["contacts"] == [{"kind": "SLACK", "target": shown, "events": ["webhook.*"]}]
    assert "Nothing to change." not in changed.stdout
    assert [contact["events"] for contact in listed] == [["secret.*"]]
    assert "Nothing to change." in remote("apply", write(export(remote), "exported.yaml")).stdout


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        (f"{{kind: SLACK, target: '{SLACK_URL}', events: ['*']}}", "A credential does not belong in a file"),
        ("{kind: SLACK, target: https://hooks.slack.com/••••, events: ['*']}", "write {env: NAME} with the whole URL"),
        ("{kind: SLACK, target: {env: NOWHERE}, events: ['*']}", "NOWHERE is not set"),
        ("{kind: WEBHOOK, target: https://example.com/x, events: ['*']}", "a secret that is shown only once"),
        ("{kind: EMAIL, target: nobody, events: ['*']}", '"nobody" is not an email address'),
        ("{kind: EMAIL, target: ops@example.com, events: [webhook.disable]}", 'Did you mean "webhook.disabled"'),
    ],
)
def test_what_is_wrong_with_a_contact_in_a_file_is_said_with_its_line(
    remote: Invoke, write: Write, entry: str, says: str
) -> None:
    result = remote("apply", write(f"version: 1\ncontacts:\n  - {entry}\n"))

    assert result.exit_code == 1
    assert result.stderr.startswith("desk.yaml:3: contacts.0.")
    assert says in result.stderr
    assert "Xq3rT9vLm2Pz7wKc5NdY8aBs" not in result.stderr


def test_what_is_kept_of_event_types_is_applied_exported_and_reset(remote: Invoke, write: Write) -> None:
    built_in = {"name": "ticket.created", "keepBodies": ["DAYS"], "keepBodiesDays": 7, "redact": ["/data/ticket/id"]}
    own = {"name": "order.shipped", "description": "Shipped.", "keepBodies": ["UNTIL_SUCCESS"]}
    file = write(yaml.safe_dump({"eventTypes": [built_in, own]}))

    wrong = remote(
        "apply", write(yaml.safe_dump({"eventTypes": [{"name": "ticket.created", "redact": ["id"]}]}), "x.yaml")
    )
    first, second = remote("apply", file), remote("apply", file)
    kept = {entry["name"]: entry for entry in yaml.safe_load(export(remote))["eventTypes"]}
    remote("apply", write("eventTypes: [{name: ticket.created}]", "reset.yaml"))

    assert '"id" is not a JSON Pointer' in wrong.stderr
    assert (first.exit_code, second.stdout) == (0, "Nothing to change.\n"), first.stderr
    assert kept["ticket.created"] == built_in
    assert kept["order.shipped"]["keepBodies"] == ["UNTIL_SUCCESS"]
    assert [entry["name"] for entry in yaml.safe_load(export(remote))["eventTypes"]] == ["order.shipped"]
