"""Change signals: latest only, nothing missed, nothing kept alive."""

from __future__ import annotations

import asyncio
import gc
import weakref

from mesolive.market.change_signal import ChangeSignal, Subscription


async def test_a_reader_that_was_away_sees_the_newest_version_once() -> None:
    signal = ChangeSignal()
    changes = signal.subscribe()
    for _ in range(5):
        signal.bump()
    assert await anext(changes) == 5
    waiting = asyncio.ensure_future(anext(changes))
    await asyncio.sleep(0)
    assert not waiting.done()
    signal.bump()
    assert await waiting == 6


async def test_a_subscription_does_not_report_what_happened_before_it() -> None:
    signal = ChangeSignal()
    signal.bump()
    changes = signal.subscribe()
    waiting = asyncio.ensure_future(anext(changes))
    await asyncio.sleep(0)
    assert not waiting.done()
    signal.bump()
    assert await waiting == 2


async def test_every_subscriber_is_woken() -> None:
    signal = ChangeSignal()
    waiting = [asyncio.ensure_future(anext(signal.subscribe())) for _ in range(3)]
    await asyncio.sleep(0)
    signal.bump()
    assert await asyncio.gather(*waiting) == [1, 1, 1]


async def test_closing_a_subscription_ends_its_waiting_reader() -> None:
    signal = ChangeSignal()
    seen: list[int] = []

    async def read() -> None:
        async with signal.subscribe() as changes:
            subscriptions.append(changes)
            seen.extend([version async for version in changes])

    subscriptions: list[Subscription] = []
    reader = asyncio.ensure_future(read())
    await asyncio.sleep(0)
    signal.bump()
    for _ in range(3):
        await asyncio.sleep(0)
    subscriptions[0].close()
    await reader
    signal.bump()
    assert seen == [1]


async def test_a_signal_bumps_its_followers() -> None:
    leader, follower = ChangeSignal(), ChangeSignal()
    leader.lead(follower)
    waiting = asyncio.ensure_future(anext(follower.subscribe()))
    await asyncio.sleep(0)
    leader.bump()
    assert await waiting == 1


async def test_a_subscription_that_nobody_holds_is_forgotten() -> None:
    signal = ChangeSignal()
    dropped = weakref.ref(signal.subscribe())
    gc.collect()
    assert dropped() is None


async def test_a_reader_that_stops_waiting_is_forgotten() -> None:
    signal = ChangeSignal()
    waiting = asyncio.ensure_future(anext(signal.subscribe()))
    await asyncio.sleep(0)
    assert len(signal._waiting) == 1
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert not signal._waiting
