"""One stream of many positions: its items, its end, what it refuses, and what it counts as."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Hashable
from pathlib import Path

import pytest

from mesolive.streams.channels import Channel, Form
from mesolive.streams.many_positions import MAX_POSITIONS, ManyPositions
from mesolive.streams.sources import StreamSource
from mesolive.trading.valuation.engine import Wanted
from mesolive.trading.valuation.subjects import Subject
from mesolive_sdk import MesoLiveDataHubClient, models
from mesolive_sdk.exceptions import MesoLiveSignalRError
from mesolive_testkit.server import Kit, live_server, manual_market
from signalr_asyncio import Shared

SECONDS = 60.0


async def enter(kit: Kit, count: int) -> list[int]:
    """Open positions of the sample strategy and return their ids."""
    strategy = await kit.strategy()
    return [(await kit.enter(strategy.Id, f"Condor #{number}")).PositionId for number in range(count)]


async def first_of_each(
    stream: AsyncIterator[models.PositionsDataEntry], count: int
) -> dict[int, models.PositionsDataEntry]:
    """Return the first item of each of so many positions."""
    collected: dict[int, models.PositionsDataEntry] = {}
    async for item in stream:
        collected.setdefault(item.PositionId, item)
        if len(collected) == count:
            break
    return collected


async def test_each_position_has_the_values_of_a_stream_of_its_own(kit: Kit) -> None:
    ids = await enter(kit, 3)
    data = await kit.data()
    async with asyncio.timeout(SECONDS):
        stream = data.stream_positions_data(models.StreamPositionsDataArgs(PositionIds=[*ids, ids[0]]))
        result = await first_of_each(stream, 3)
        assert sorted(result) == ids
        for number, item in result.items():
            alone = await data.get_position_snapshot(models.GetPositionSnapshotArgs(PositionId=number))
            assert [getattr(item, name) for name in alone.__struct_fields__] == [
                getattr(alone, name) for name in alone.__struct_fields__
            ]
        await kit.advance(5)
        later = await first_of_each(stream, 3)
    before = [item.PositionPrices for item in result.values()]
    assert all(item.PositionPrices not in before for item in later.values())


async def test_a_position_that_closes_leaves_the_stream_and_the_last_one_ends_it(kit: Kit) -> None:
    ids = await enter(kit, 2)
    data = await kit.data()
    last: dict[int, models.PositionsDataEntry] = {}
    started = asyncio.Event()

    async def watch() -> None:
        async for item in data.stream_positions_data(models.StreamPositionsDataArgs(PositionIds=ids)):
            last[item.PositionId] = item
            if len(last) == 2:
                started.set()

    async with asyncio.timeout(SECONDS):
        watching = asyncio.create_task(watch())
        await started.wait()
        await kit.leave(ids[0])
        before = last[ids[1]]
        while last[ids[1]] is before:
            await kit.advance(1)
        assert not watching.done()
        await kit.leave(ids[1])
        await watching
    assert all(item.LegPrices == {} for item in last.values())


async def test_an_unknown_position_has_no_items_and_does_not_end_those_of_the_others(kit: Kit) -> None:
    (known,) = await enter(kit, 1)
    data = await kit.data()
    async with asyncio.timeout(SECONDS):
        stream = data.stream_positions_data(models.StreamPositionsDataArgs(PositionIds=[999, known]))
        shown = {(await anext(stream)).PositionId}
        await kit.advance(5)
        shown.add((await anext(stream)).PositionId)
        assert shown == {known}
        with pytest.raises(MesoLiveSignalRError, match="NotFound: position 999 was not found"):
            await anext(data.stream_positions_data(models.StreamPositionsDataArgs(PositionIds=[999, 999])))


@pytest.mark.parametrize("count", [0, MAX_POSITIONS + 1])
async def test_none_and_too_many_are_refused_with_the_field_and_the_bound(kit: Kit, count: int) -> None:
    data = await kit.data()
    with pytest.raises(MesoLiveSignalRError, match=f"PositionIds.*1 to {MAX_POSITIONS} positions; {count} are named"):
        await anext(data.stream_positions_data(models.StreamPositionsDataArgs(PositionIds=list(range(count)))))


async def test_six_tabs_of_many_positions_are_six_streams_of_their_user(tmp_path: Path) -> None:
    market = manual_market()
    async with live_server(tmp_path, market, max_streams=6) as kit, contextlib.AsyncExitStack() as stack:
        ids = await enter(kit, 4)
        tabs = [await stack.enter_async_context(MesoLiveDataHubClient(kit.url, kit.token)) for _ in range(6)]
        args = models.StreamPositionsDataArgs(PositionIds=ids)
        async with asyncio.timeout(SECONDS):
            streams = [tab.stream_positions_data(args) for tab in tabs]
            shown = [await first_of_each(stream, 4) for stream in streams]
            assert all(sorted(each) == ids for each in shown)
            with pytest.raises(MesoLiveSignalRError, match="RateLimited"):
                await anext(tabs[0].stream_position_data(models.StreamPositionDataArgs(PositionId=ids[0])))


class Joined:
    """Channels that a test publishes by hand."""

    def __init__(self) -> None:
        self.channels: dict[Hashable, Channel] = {}
        self.left: list[Channel] = []

    def join(self, source: StreamSource) -> Channel:
        return self.channels.setdefault(source.key, source.channel())

    def leave(self, channel: Channel) -> None:
        self.left.append(channel)


def sources(count: int) -> list[StreamSource]:
    wanted = Wanted(0, 0, 0)
    form = Form(
        wanted,
        False,
        (False, False, False, False),
        lambda _subject, _values: lambda _make: {},
        models.PositionsDataEntry,
    )

    async def load() -> tuple[Subject, bool]:
        return Subject(), False

    return [StreamSource((number,), 1, None, form, load) for number in range(count)]


async def test_a_slow_reader_gets_the_latest_item_of_each_position_and_each_has_its_turn() -> None:
    joined = Joined()
    stream = ManyPositions(joined, sources(3)).items()
    reading = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    first, second, third = joined.channels.values()
    items = {name: Shared(name) for name in ("a1", "b1", "c1", "a2", "a3")}
    for channel, name in ((first, "a1"), (second, "b1"), (third, "c1")):
        channel.publish(items[name], 0.0)
    assert await reading is items["a1"]
    for name in ("a2", "a3"):
        first.publish(items[name], 0.0)
    assert [await anext(stream) for _ in range(3)] == [items["b1"], items["c1"], items["a3"]]
    third.end()
    second.end()
    first.end()
    with pytest.raises(StopAsyncIteration):
        await anext(stream)
    assert joined.left == [first, second, third]
