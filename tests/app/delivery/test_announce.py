"""Announcements of recorded attempts."""

from tests.receiver import answer, in_turn
from tests.world import World


async def test_only_first_attempts_count_for_the_delay_after_publishing(world: World) -> None:
    world.receiver.on("/", in_turn(answer(500), answer(200)))
    await world.webhook(retry_delays_seconds=[300])
    await world.publish()
    await world.until_status("RETRYING")

    await world.advance(400)
    await world.sweep()
    await world.until_status("SUCCEEDED")

    registry = world.resources.metrics.registry
    assert registry.get_sample_value("eev_webhooks_first_attempt_delay_seconds_count") == 1
    assert registry.get_sample_value("eev_webhooks_attempt_duration_seconds_count") == 2
