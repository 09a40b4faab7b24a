"""A resolver with answers set by a test, so that a name can resolve to anything, and to something else the next
time.
"""

import asyncio
import socket

from aiohappyeyeballs import AddrInfoType


class Names:
    """Answers each look-up of a name with the next of its answers, and with the last one from then on.

    An answer is a list of addresses; with an `asyncio.Event` in its place, the name's servers stay silent until it is
    set.
    """

    def __init__(self, **answers: list[list[str] | asyncio.Event]) -> None:
        self.looked_up: list[str] = []
        self._answers = {name.replace("_", "."): list(turns) for name, turns in answers.items()}

    async def resolve(self, host: str, port: int) -> list[AddrInfoType]:
        """Return the addresses of a name.

        Raises:
            OSError: the name has no answers.
        """
        self.looked_up.append(host)
        turns = self._answers.get(host)
        if not turns:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        answer = turns.pop(0) if len(turns) > 1 else turns[0]
        if isinstance(answer, asyncio.Event):
            await answer.wait()
            return await self.resolve(host, port)
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port, 0, 0))
            if ":" in address
            else (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port))
            for address in answer
        ]

    async def close(self) -> None:
        """Do nothing, because nothing is open."""
