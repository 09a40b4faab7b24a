"""Lets Dramatiq's worker threads run async actors on an event loop that is there already.

Dramatiq's own middleware starts a thread with a loop of its own. The database, the sockets and the pipeline belong to
the server's loop, and one process has one loop.
"""

import asyncio
import logging

from dramatiq.asyncio import EventLoopThread


class RunningLoop(EventLoopThread):
    """Stands in for Dramatiq's loop thread; never started as a thread itself."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(logging.getLogger("dramatiq"))
        self.loop.close()
        self.loop = loop
