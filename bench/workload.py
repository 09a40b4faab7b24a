"""The published events: about 1 kB each, with types that determine how many webhooks match each. Pure."""

from typing import Any

LANES = 100
_TEXT = "The printer on the second floor prints every page twice, once upside down, and hums. " * 11


def event_type(lane: int) -> str:
    """The event type of one of the `LANES` lanes."""
    return f"bench.lane.n{lane:03d}"


def event(lane: int = 0) -> dict[str, Any]:
    """The input of one event in a lane; its body has about 1,100 bytes."""
    return {"type": event_type(lane), "data": {"ticket": {"id": "tkt_1", "subject": _TEXT, "lane": lane}}}


def wanted_by(webhook: int, fan_out: int) -> list[str]:
    """The event types of one of `LANES` webhooks, such that `fan_out` of them match each event."""
    return [event_type((webhook + shift) % LANES) for shift in range(fan_out)]
