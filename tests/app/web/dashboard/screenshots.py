"""Makes the pictures of docs/dashboard.md: each screen in light, dark and narrow, of a server with some activity.

python -m tests.app.web.dashboard.screenshots
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Browser, ViewportSize

from tests.app.web.browsing import started_browser
from tests.app.web.dashboard.lived_in import lived_in, settled
from tests.app.web.dashboard.pages import button, field, signed_in
from tests.databases import SqliteDatabases
from tests.world import World, open_world

TARGET = Path(__file__).parents[4] / "docs" / "images" / "dashboard"
# Small enough to keep in the repository, large enough to read.
QUALITY = 50
LOOKS: dict[str, tuple[ViewportSize, bool]] = {
    "light": ({"width": 1100, "height": 720}, False),
    "dark": ({"width": 1100, "height": 720}, True),
    "narrow": ({"width": 390, "height": 720}, False),
}


async def main() -> None:
    """Write the pictures."""
    TARGET.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        databases = SqliteDatabases(Path(directory))
        async with open_world(await databases.create(), Path(directory)) as world, started_browser() as browser:
            places = await lived_in(world)
            for look, (viewport, dark) in LOOKS.items():
                await take(world, browser, look, viewport, places, dark=dark)


async def take(
    world: World, browser: Browser, look: str, viewport: ViewportSize, places: dict[str, str], *, dark: bool
) -> None:
    """Take a picture of every screen in one appearance."""
    scheme = "dark" if dark else "light"
    async with signed_in(world, browser, viewport=viewport, color_scheme=scheme) as page:
        for name, place in places.items():
            await page.goto(f"/dashboard#/{place}")
            await settled(page)
            if name == "add-webhook":
                await field(page, "Name").fill("Billing")
                await field(page, "URL").fill(world.receiver.url("/crm"))
                await field(page, "ticket.*").check()
            if name == "recover":
                await button(page, "Count").click()
            await settled(page)
            await page.screenshot(path=TARGET / f"{name}-{look}.jpg", type="jpeg", quality=QUALITY)
    sys.stdout.write(f"Wrote {len(places)} pictures in {look}.\n")


if __name__ == "__main__":
    asyncio.run(main())
