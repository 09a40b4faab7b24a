"""Faults of processes: killed, stopped and frozen."""

import asyncio
import random
import signal
import time
from collections.abc import Sequence

from tests.faults.fault import Happened
from tests.faults.installation import Installation
from tests.faults.journal import Pair, in_flight
from tests.faults.programs import Program, until
from tests.faults.receiver import GONE
from tests.patience import PATIENCE_SECONDS

# While other processes live, in addition to the lease, which is 5 s by default: a sweep per second, and some margin.
AGAIN_AFTER_LEASE_SECONDS = 5.0
# If the process was the only one, counted from its return.
AGAIN_ALONE_SECONDS = 5.0
# A request that a process sent in its last moment may reach the receiver this long after its end.
ON_THE_WIRE_SECONDS = 0.5


async def kill_deliverer(at: Installation, chance: random.Random) -> Happened:
    """SIGKILL one worker; it returns only when the others have taken over."""
    victim = chance.choice(at.workers)
    happened = Happened(again_within=at.lease_seconds + AGAIN_AFTER_LEASE_SECONDS)
    happened.held = await _killed(at, [victim])
    await _goes_out_again(at, happened, happened.began)
    await back(at, happened, [victim])
    return happened


async def kill_all_deliverers(at: Installation, chance: random.Random) -> Happened:
    """SIGKILL everything that delivers; it returns at once."""
    happened = Happened(again_within=AGAIN_ALONE_SECONDS)
    happened.held = await _killed(at, at.deliverers)
    await back(at, happened, at.deliverers)
    await _goes_out_again(at, happened, happened.over)
    return happened


async def kill_server(at: Installation, chance: random.Random) -> Happened:
    """SIGKILL one of several servers, which does not deliver itself."""
    victim = chance.choice(at.servers)
    happened = Happened()
    victim.kill()
    await back(at, happened, [victim])
    return happened


async def stop_deliverer(at: Installation, chance: random.Random) -> Happened:
    """SIGTERM a delivering program under load."""
    return await _stopped(at, chance.choice(at.deliverers))


async def stop_server(at: Installation, chance: random.Random) -> Happened:
    """SIGTERM a server under load."""
    return await _stopped(at, chance.choice(at.servers))


async def freeze_deliverer(at: Installation, chance: random.Random) -> Happened:
    """SIGSTOP a delivering program until its lease has ended and others have taken over, then let it continue."""
    victim = chance.choice(at.deliverers)
    happened = Happened(again_within=at.lease_seconds + AGAIN_AFTER_LEASE_SECONDS)
    pids = [member.pid for member in victim.family]
    victim.freeze()
    try:
        happened.held = await at.truth.held_by(pids)
        if len(at.deliverers) > 1:
            await _goes_out_again(at, happened, happened.began)
        left = happened.began + at.lease_seconds + chance.uniform(0.5, 2.0) - time.time()
        await asyncio.sleep(max(0.0, left))
    finally:
        victim.thaw()
    happened.over = time.time()
    return happened


async def lose_log(at: Installation, chance: random.Random) -> Happened:
    """SIGKILL the reader of a program's log; the program continues without it (EPIPE)."""
    happened = Happened()
    chance.choice(at.programs).end_log()
    await asyncio.sleep(chance.uniform(1.0, 3.0))
    happened.over = time.time()
    return happened


async def freeze_log(at: Installation, chance: random.Random) -> Happened:
    """SIGSTOP the reader of a program's log until the pipe has long been full, then SIGCONT."""
    happened = Happened()
    victim = chance.choice(at.programs)
    victim.freeze_log()
    try:
        await asyncio.sleep(chance.uniform(3.0, 6.0))
    finally:
        victim.thaw_log()
    happened.over = time.time()
    return happened


async def fill_disk_of_log(at: Installation, chance: random.Random) -> Happened:
    """Restart a program so that its output goes to a full disk (ENOSPC), and later restart it with its log."""
    victim = chance.choice(at.programs)
    await end_well(victim)
    victim.start_on_full_disk()
    await at.well([victim], PATIENCE_SECONDS)
    await asyncio.sleep(chance.uniform(1.0, 4.0))
    await end_well(victim)
    happened = Happened()  # It has to stay well throughout; recovery is measured from the last start.
    await back(at, happened, [victim])
    return happened


async def reset_kept_connections(at: Installation, chance: random.Random) -> Happened:
    """Let the receiver reset (RST) every idle kept connection, many times in a row."""
    happened = Happened()
    for _ in range(20):
        at.receiver.signal(signal.SIGUSR1)
        await asyncio.sleep(chance.uniform(0.05, 0.2))
    happened.over = time.time()
    return happened


async def kill_receiver(at: Installation, chance: random.Random) -> Happened:
    """SIGKILL the receiver, and start it again: its last answers may never have arrived."""
    happened = Happened()
    at.receiver.kill()
    died = time.time()
    happened.held = in_flight(at.journal.requests(happened.began - 5), happened.began - 0.1, died)
    await asyncio.sleep(chance.uniform(0.5, 2.0))
    await at.start_receiver()
    happened.over = time.time()
    return happened


async def _killed(at: Installation, victims: Sequence[Program]) -> set[Pair]:
    pids = [member.pid for victim in victims for member in victim.family]
    for victim in victims:
        victim.kill()
    return await at.truth.held_by(pids)


async def back(at: Installation, happened: Happened, victims: Sequence[Program]) -> None:
    """Start programs again, as any supervisor does; with that the fault is over."""
    began = time.time()
    await at.start(*victims)
    happened.over = time.time()
    happened.start_seconds = happened.over - began


async def _stopped(at: Installation, victim: Program) -> Happened:
    happened = Happened()
    await end_well(victim)
    await back(at, happened, [victim])
    return happened


async def end_well(victim: Program) -> None:
    """SIGTERM a program.

    Raises:
        AssertionError: it did not exit with 0.
    """
    code = await victim.stop()
    assert code == 0, f"{victim.name} ended with {code} after SIGTERM.\n{victim.last_words()}"


async def _goes_out_again(at: Installation, happened: Happened, since: float) -> None:
    """Wait until all deliveries in flight have reached the receiver again, counted from a time."""
    held = {pair for pair in happened.held if pair.path != GONE}  # It is DISABLED, so nothing goes out to it.
    if not held:
        return

    def arrived() -> dict[Pair, float]:
        return at.journal.arrived(happened.began + ON_THE_WIRE_SECONDS)

    async def again() -> bool:
        return held <= arrived().keys()

    await until("what a dead process held went out again", again, 3 * happened.again_within)
    happened.again_seconds = max(0.0, max(arrived()[pair] for pair in held) - since)
