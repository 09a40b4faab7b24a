"""Adding a webhook: fields, the test before anything is saved, errors beside their fields, and the secret shown
once.
"""

import re

import pytest
from playwright.async_api import Browser, Page, expect

from tests.app.web.dashboard.pages import button, field, heading, signed_in
from tests.receiver import answer
from tests.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def fill_in(page: Page, url: str, name: str = "Billing") -> None:
    await field(page, "Name").fill(name)
    await field(page, "URL").fill(url)
    await page.get_by_role("group", name="Events").get_by_label("ticket.*", exact=True).check()


async def test_a_person_adds_a_webhook_and_receives_a_test_event(live: World, browser: Browser) -> None:
    async with signed_in(live, browser) as page:
        await button(page, "Add Webhook").click()
        await expect(heading(page, "Add Webhook")).to_be_visible()
        await fill_in(page, live.receiver.url("/hook"))
        await button(page, "Test connection").click()
        await expect(page.get_by_text("The receiver answered. The connection works.")).to_be_visible()
        steps = await page.get_by_role("listitem").all_text_contents()
        assert await live.rows("webhook") == []

        await button(page, "Save").click()
        await expect(heading(page, "Billing is saved")).to_be_focused()
        secret = await page.get_by_role("group", name="Secret", exact=True).locator("code").inner_text()
        await button(page, "Copy").click()
        copied = await page.evaluate("navigator.clipboard.readText()")
        languages = {}
        for language in ("Python", "Node", "Go", "PHP"):
            await page.get_by_label("Language", exact=True).select_option(language)
            languages[language] = secret in await page.locator("pre").inner_text()

        await button(page, "Send a test event").click()
        await expect(page.get_by_text("The receiver answered 200.")).to_be_visible()
        await page.get_by_role("link", name="See the delivery").click()
        await expect(heading(page, "Delivery")).to_be_visible()
        await page.go_back()
        await expect(page.get_by_text(secret)).to_have_count(0)

    assert [re.sub(r", .*", "", step.removeprefix("OK ")) for step in steps][:2] == ["Resolve the name", "Connect"]
    assert re.fullmatch(r"whsec_\S{32,}", secret)
    assert copied == secret
    assert languages == dict.fromkeys(languages, True)
    assert [row["name"] for row in await live.rows("webhook")] == ["Billing"]


async def test_the_fields_stand_in_the_order_of_the_description(live: World, browser: Browser) -> None:
    async with signed_in(live, browser, "add-webhook") as page:
        order = [field(page, "Name"), field(page, "URL"), page.get_by_role("group", name="Events", exact=True)]
        order += [field(page, "Secret"), page.get_by_text("Advanced", exact=True), button(page, "Save")]
        tops = []
        for locator in order:
            await expect(locator).to_be_visible()
            box = await locator.bounding_box()
            assert box is not None
            tops.append(box["y"])
        await page.get_by_text("Advanced", exact=True).click()
        advanced = ["HTTP method", "Timeout in seconds", "SSL verification", "IP allowlist", "Filter"]
        limits = [
            "Retry delays in seconds",
            "Requests per second",
            "Requests at once",
            "Rotate the secret every … days",
        ]
        for label in [*advanced, *limits, "Rotate the secret every … days"]:
            await expect(field(page, label)).to_be_visible()
        await expect(page.get_by_role("group", name="Authentication").get_by_role("combobox")).to_be_visible()
        await expect(button(page, "Add a header")).to_be_visible()
        for text in ("Content type", "Events arrive in any order, except those published with one ordering key"):
            await expect(page.get_by_text(text)).to_be_visible()

    assert tops == sorted(tops)


async def test_errors_stand_at_their_fields_and_nothing_typed_is_lost(live: World, browser: Browser) -> None:
    async with signed_in(live, browser, "add-webhook") as page:
        await field(page, "URL").fill("no address")
        await field(page, "Secret").fill("too short")
        await page.get_by_text("Advanced", exact=True).click()
        await field(page, "Filter").fill("data.ticket.")
        await button(page, "Add a header").click()
        await field(page, "Header 1: name").fill("Host")
        await field(page, "Header 1: value").fill("elsewhere.example")
        await page.get_by_text("Advanced", exact=True).click()
        await button(page, "Save").click()

        await expect(field(page, "Name")).to_be_focused()
        for label in ("Name", "URL", "Secret", "Events"):
            await expect(field(page, label)).to_have_attribute("aria-invalid", "true")
            described = await field(page, label).get_attribute("aria-describedby")
            assert described is not None
            await expect(page.locator(f"#{described.split()[-1]}")).not_to_be_empty()
        await expect(page.get_by_text(re.compile("header.*Host|Host.*header", re.IGNORECASE))).to_be_visible()
        kept = [await field(page, label).input_value() for label in ("URL", "Secret", "Filter", "Header 1: value")]

        await fill_in(page, live.receiver.url())
        await field(page, "Secret").fill("")
        await button(page, "Remove from Headers").click()
        await button(page, "Save").click()
        await expect(field(page, "Filter")).to_be_focused()
        await expect(field(page, "Filter")).to_have_attribute("aria-invalid", "true")
        await field(page, "Filter").fill("")
        await button(page, "Save").click()
        await expect(heading(page, "Billing is saved")).to_be_visible()

    assert kept == ["no address", "too short", "data.ticket.", "elsewhere.example"]


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://169.254.169.254/", "169.254.169.254"),
        ("http://127.0.0.1:2/", "refused"),
        ("http://nowhere.invalid/", "nowhere.invalid"),
    ],
)
async def test_a_connection_that_does_not_work_says_at_which_step(
    live: World, browser: Browser, url: str, sentence: str
) -> None:
    async with signed_in(live, browser, "add-webhook") as page:
        await fill_in(page, url)
        await button(page, "Test connection").click()
        await expect(page.locator("form")).to_contain_text(re.compile(re.escape(sentence), re.IGNORECASE))
        await expect(page.get_by_text("The connection works")).to_have_count(0)
        kept = await field(page, "URL").input_value()

    assert kept == url


async def test_a_receiver_that_answers_with_an_error_is_shown_with_its_response(live: World, browser: Browser) -> None:
    live.receiver.on("/hook", answer(500, body=b"<b>no</b>"))
    async with signed_in(live, browser, "add-webhook") as page:
        await fill_in(page, live.receiver.url("/hook"))
        await button(page, "Test connection").click()
        await expect(page.get_by_text("The connection does not work yet.")).to_be_visible()
        await expect(page.get_by_text("Response 500")).to_be_visible()
        await expect(page.get_by_text("<b>no</b>", exact=True)).to_be_visible()


async def test_the_keyboard_alone_adds_a_webhook(live: World, browser: Browser) -> None:
    async with signed_in(live, browser) as page:
        await expect(button(page, "Add Webhook")).to_be_visible()
        await tab_to(page, "Add Webhook")
        await page.keyboard.press("Enter")
        await expect(heading(page, "Add Webhook")).to_be_visible()
        await tab_to(page, "Name")
        await page.keyboard.type("Billing")
        await page.keyboard.press("Tab")
        await page.keyboard.type(live.receiver.url())
        await tab_to(page, "ticket.*")
        await page.keyboard.press("Space")
        await tab_to(page, "Test connection")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("The connection works")).to_be_visible()
        await expect(button(page, "Test connection")).to_be_focused()
        await page.keyboard.press("Shift+Tab")
        await page.keyboard.press("Enter")
        await expect(heading(page, "Billing is saved")).to_be_focused()
        await tab_to(page, "Copy")
        await page.keyboard.press("Enter")
        await expect(page.locator("#news")).to_have_text("Copied.")


NAME_OF_FOCUSED = """() => {
  const at = document.activeElement;
  return at.labels?.[0]?.textContent.trim() || at.getAttribute("aria-label") || at.textContent.trim();
}"""


async def tab_to(page: Page, name: str) -> None:
    """Press Tab until the control with this name has the focus."""
    seen = []
    for _ in range(120):
        await page.keyboard.press("Tab")
        seen.append(await page.evaluate(NAME_OF_FOCUSED))
        if seen[-1] == name:
            return
    raise AssertionError(f"Tab does not lead to {name}, but to {seen}.")
