"""Makes the changes of a plan one by one; waits when the server asks for it, and stops at the first refusal."""

import asyncio
from collections.abc import Sequence

from app.cli.api import Api, TryLater
from app.cli.failures import Refused
from app.cli.files.step import Step

# Maximum time to retry one change against an overloaded server before giving up.
PATIENCE_SECONDS = 300.0
# Interval between retries if the server does not give one.
PAUSE_SECONDS = 1.0


async def carry_out(api: Api, steps: Sequence[Step]) -> None:
    """Make all changes.

    Raises:
        Refused: one was refused or the server was lost; the message says what was done before.
    """
    for count, step in enumerate(steps):
        try:
            await _make(api, step)
        except Refused as error:
            done = "".join(f"\n  {earlier.title}" for earlier in steps[:count])
            before = f"{count} of {len(steps)} changes are made{':' if done else '.'}{done}"
            raise Refused(
                f"The {step.title} could not be changed: {error}\n{before}\n"
                "The changes after it were not tried. Run the command again to go on: what is made is not made twice."
            ) from None


async def _make(api: Api, step: Step) -> None:
    waited = 0.0
    while True:
        try:
            await api.change(step.document, step.input)
        except TryLater as error:
            pause = error.after_seconds or PAUSE_SECONDS
            waited += pause
            if waited > PATIENCE_SECONDS:
                raise
            await asyncio.sleep(pause)
        else:
            return
