from __future__ import annotations

import asyncio

from mesolive.journal.bus import LocalBus


async def test_a_listener_hears_the_latest_number_of_each_user() -> None:
    bus = LocalBus()
    listener = bus.subscribe()
    for user_id, number in ((1, 1), (2, 7), (1, 3), (1, 2)):
        bus.publish(user_id, number)
    assert await listener.changed() == {1: 3, 2: 7}


async def test_a_listener_waits_until_there_is_news() -> None:
    bus = LocalBus()
    listener = bus.subscribe()
    waiting = asyncio.create_task(listener.changed())
    await asyncio.sleep(0)
    assert not waiting.done()
    bus.publish(1, 1)
    assert await waiting == {1: 1}


async def test_every_listener_hears_what_is_published_while_it_listens() -> None:
    bus = LocalBus()
    bus.publish(1, 1)
    early = bus.subscribe()
    bus.publish(1, 2)
    late = bus.subscribe()
    bus.publish(1, 3)
    early.close()
    bus.publish(1, 4)
    assert await early.changed() == {1: 3}
    assert await late.changed() == {1: 4}


async def test_notifications_without_a_reader_are_joined_to_one_number_per_user() -> None:
    bus = LocalBus()
    listener = bus.subscribe()
    for number in range(10_000):
        bus.publish(number % 3, number)
    assert len(await listener.changed()) == 3


async def test_a_listener_of_positions_hears_nothing_of_what_changes_none() -> None:
    bus = LocalBus()
    of_positions, of_all = bus.subscribe(positions_only=True), bus.subscribe()
    bus.publish(1, 1, positions=False)
    bus.publish(2, 1)
    assert await of_positions.changed() == {2: 1}
    assert await of_all.changed() == {1: 1, 2: 1}
