"""A server with some activity, so that each screen of the dashboard has something to show."""

from playwright.async_api import Page, expect

from tests.receiver import answer, in_turn
from tests.world import World


async def lived_in(world: World) -> dict[str, str]:
    """Webhooks that work, fail and pause, with deliveries; returns the places of the screens."""
    world.receiver.on("/orders", in_turn(*[answer(204)] * 9, answer(503, body=b'{"error": "maintenance until 12:00"}')))
    await world.webhook("/crm", name="CRM", event_types=["*"])
    orders = await world.webhook("/orders", name="Orders", event_types=["ticket.*", "conversation.*"])
    for number in range(14):
        ticket = {"id": f"tkt_{number}", "subject": "The printer is on fire", "status": "open", "priority": "urgent"}
        await world.publish(data={"ticket": ticket})
    await world.until_attempts(28)
    failing = next(row for row in reversed(await world.deliveries()) if row["status"] == "RETRYING")
    screens = ("webhooks", "add-webhook", "deliveries", "events", "publish", "recover", "event-types")
    return {
        **{screen: screen for screen in (*screens, "operations", "api-keys", "audit-log")},
        "webhook": f"webhooks/{orders.id}",
        "delivery": f"deliveries/{failing['id']}",
        "event": f"events/{failing['event_id']}",
    }


async def settled(page: Page) -> None:
    """Wait until everything on the screen is loaded."""
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await page.wait_for_load_state("networkidle")
    await expect(page.get_by_text("Loading…")).to_have_count(0)
