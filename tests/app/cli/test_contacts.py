"""Contacts from the command line."""

from tests.app.cli.conftest import Invoke
from tests.app.cli.remotely import SECRET, listener, output, remote, server

__all__ = ["listener", "remote", "server"]


def test_a_contact_is_created_listed_tried_and_deleted(remote: Invoke, listener: str, silent_port: int) -> None:
    made = output(remote("contacts", "create", "slack", f"{listener}slack", "--event", "webhook.*", "--json"))
    signed = remote("contacts", "create", "WEBHOOK", f"http://127.0.0.1:{silent_port}/")
    contact_id = made["contact"]["id"]
    listed = output(remote("contacts", "list", "--json"))
    table = remote("contacts", "list").stdout
    tried = [remote("contacts", "test", contact["id"]) for contact in listed]
    deleted = remote("contacts", "delete", *(contact["id"] for contact in listed))

    assert (made["contact"]["kind"], made["contact"]["events"], made["secret"]) == ("SLACK", ["webhook.*"], None)
    assert "Secret     whsec_" in signed.stdout
    assert [contact["kind"] for contact in listed] == ["WEBHOOK", "SLACK"]
    assert contact_id in table
    # The listener takes only what is signed with its own secret.
    assert [result.exit_code for result in tried] == [1, 1]
    assert "refused" in tried[0].stdout
    assert "The receiver answered 4" in tried[1].stdout
    assert SECRET not in tried[1].stdout
    assert deleted.stdout.count(" is deleted.") == 2
    assert output(remote("contacts", "list", "--json")) == []


def test_what_is_wrong_with_a_contact_is_said(remote: Invoke) -> None:
    email = remote("contacts", "create", "email", "ops@example.com")
    misspelt = remote("contacts", "create", "slack", "https://example.com/x", "--event", "webhook.disable")
    unknown = remote("contacts", "delete", "wh_1")

    assert (email.exit_code, misspelt.exit_code, unknown.exit_code) == (1, 1, 2)
    assert "SMTP_HOST" in email.stderr
    assert 'Did you mean "webhook.disabled"' in misspelt.stderr
    assert "begin with con_" in unknown.stderr
