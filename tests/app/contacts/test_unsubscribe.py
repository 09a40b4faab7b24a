"""A recipient ends the messages by a link that only this server can make, on a page or by the mail program itself."""

import re
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx
import pytest

from app.contacts.try_contact import try_contact
from app.errors import Rejected
from app.web.application import create_application
from tests.app.contacts.office import Office, courier_of


@pytest.fixture
async def http(office: Office) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_application(office.domain.resources))
    async with httpx.AsyncClient(transport=transport, base_url="https://webhooks.eev.test") as client:
        yield client


async def link_of(office: Office) -> str:
    """The path of the link in a new message."""
    await office.disabled()
    await office.send()
    header = office.mail.mails[-1].message["List-Unsubscribe"]
    assert office.mail.mails[-1].message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    found = re.fullmatch(r"<(https://webhooks\.eev\.test/unsubscribe\?token=[^>]+)>", header)
    assert found is not None
    assert found[1] in office.mail.mails[-1].body("plain")
    parts = urlsplit(found[1])
    return f"{parts.path}?{parts.query}"


async def test_opening_the_link_shows_a_page_and_changes_nothing(office: Office, http: httpx.AsyncClient) -> None:
    contact = await office.contact()
    page = await http.get(await link_of(office))

    assert page.status_code == 200
    assert '<form method="post"' in page.text
    assert "form-action 'self'" in page.headers["content-security-policy"]
    assert (await office.row(contact))["unsubscribed_at"] is None


async def test_one_click_ends_the_messages_and_says_so_to_the_workspace(
    office: Office, http: httpx.AsyncClient
) -> None:
    contact = await office.contact()
    link = await link_of(office)
    await office.recovered()

    first = await http.post(link, data={"List-Unsubscribe": "One-Click"})
    again = await http.post(link, data={"List-Unsubscribe": "One-Click"})
    office.domain.clock.advance(7_200)
    await office.domain.resources.lease.renew()
    await office.send()
    await office.disabled()

    assert (first.status_code, again.status_code) == (200, 200)
    assert len(office.mail.mails) == 1
    assert await office.domain.rows("SELECT * FROM notice") == []
    assert "unsubscribed" in (await office.row(contact))["last_error"]
    [entry] = await office.domain.audit_log("contact.unsubscribed")
    assert (entry["subject_id"], entry["actor_kind"]) == (contact.id, "SYSTEM")
    with pytest.raises(Rejected, match="has unsubscribed"):
        await try_contact(office.domain.resources, courier_of(office.domain), office.domain.caller, contact.id)


@pytest.mark.parametrize("token", ["", "x", "1.0123456789abcdef.AAAA", "<script>"])
async def test_a_token_that_this_server_did_not_make_unsubscribes_nobody(
    office: Office, http: httpx.AsyncClient, token: str
) -> None:
    contact = await office.contact()
    # Made by this server, for something else.
    sealed = (await office.row(contact))["sealed_target"]

    for wrong in (token, sealed):
        page = await http.get("/unsubscribe", params={"token": wrong})
        done = await http.post("/unsubscribe", params={"token": wrong})
        assert (page.status_code, done.status_code) == (404, 404)
        assert "<script>" not in page.text
    assert (await office.row(contact))["unsubscribed_at"] is None
