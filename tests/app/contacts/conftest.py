"""An office for the tests of contacts."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.app.contacts.office import Office, open_office
from tests.clock import FakeClock
from tests.mail_server import MailServer


@pytest.fixture
async def office(database_url: str, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Office]:
    async with MailServer() as mail, open_office(database_url, tmp_path, clock, mail) as opened:
        yield opened
