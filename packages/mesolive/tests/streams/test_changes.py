"""What is followed changes: legs come and go, reads fail, positions are closed, who follows leaves."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from mesolive.errors import ServiceError
from mesolive.market.contracts import OptionContract, Right
from mesolive.market.quality import QuoteQuality
from mesolive_sdk import models
from mesolive_sdk.models import StatusCode
from mesolive_testkit.streams import (
    CALL,
    DAY,
    FAR,
    PUT,
    FakePositions,
    Follower,
    Running,
    field,
    follow,
    item,
    leg,
    position,
    position_args,
    refused,
    running,
    settled,
)


async def test_a_leg_that_is_added_joins_the_same_stream(live: Running) -> None:
    follower = await follow(live.streams.position(live.user, position_args()))
    old = live.positions.by_id[1].legs
    live.positions.with_legs(1, *old, leg(3, FAR, 2, "1"))
    await live.tell()
    assert set(follower.last().LegPrices or {}) == {1, 2, 3}
    live.quote(FAR, 2.0, 2.2)
    await live.window()
    assert field(follower.last(), "LegPnLs.3.Mark") == 220


async def test_a_leg_that_is_closed_leaves_the_same_stream_and_its_pnl_becomes_realised(live: Running) -> None:
    follower = await follow(live.streams.position(live.user, position_args()))
    _, second = live.positions.by_id[1].legs
    live.positions.with_legs(1, leg(1, CALL, -1, "60", realized="40", closed=True), second, realized="45")
    await live.tell()
    latest = follower.last()
    assert set(latest.LegPrices or {}) == {2}
    assert field(latest, "PositionPnLs.Realized") == 45
    assert not follower.ended
    assert live.provider.calls[-1] == ("unsubscribe", (CALL,))


async def test_closing_the_position_ends_the_stream_after_an_item_that_shows_it(live: Running) -> None:
    followers = [await follow(live.streams.position(live.user, position_args())) for _ in range(3)]
    live.positions.with_legs(1, realized="77", closed=True)
    await live.tell()
    for follower in followers:
        assert follower.ended
        assert follower.error is None
        assert field(follower.last(), "PositionPnLs.Realized") == 77
    assert live.streams.engine.channels == {}


async def test_following_a_closed_position_yields_one_item_and_ends(live: Running) -> None:
    live.positions.with_legs(1, realized="77", closed=True)
    follower = await follow(live.streams.position(live.user, position_args()))
    assert follower.ended
    assert len(follower.items) == 1


async def test_a_quote_that_is_no_longer_live_is_news_though_its_prices_stay(live: Running) -> None:
    follower = await follow(live.streams.position(live.user, position_args()))
    assert field(follower.last(), "LegPrices.1.Quality") is None
    index = live.chain.listing.find(CALL)
    assert index is not None
    live.chain.book.grade(live.chain.clock.now(), index, QuoteQuality.FROZEN)
    await live.window()
    assert len(follower.items) == 2
    assert field(follower.last(), "LegPrices.1.Quality") is models.QuoteQuality.Frozen
    assert field(follower.last(), "LegPrices.2.Quality") is None
    assert field(follower.last(), "PositionPrices.Quality") is models.QuoteQuality.Frozen


async def test_news_without_a_change_sends_nothing(live: Running) -> None:
    follower = await follow(live.streams.position(live.user, position_args()))
    await live.tell()
    await live.tell()
    assert len(follower.items) == 1


async def test_news_of_another_user_does_not_read_the_position_again(live: Running) -> None:
    await follow(live.streams.position(live.user, position_args()))
    reads = live.positions.reads
    await live.tell(user_id=2)
    assert live.positions.reads == reads


async def test_news_reach_every_stream_of_the_user_who_follows_and_none_that_has_left(live: Running) -> None:
    position = await follow(live.streams.position(live.user, position_args()))
    left = await follow(live.streams.leg(live.user, models.StreamLegDataArgs(LegId=1)))
    legs = await follow(live.streams.legs(live.user, models.StreamLegsDataArgs(LegIds=[1, 2])))
    await left.leave()
    live.positions.with_legs(1, leg(1, CALL, -1, "60", closed=True), leg(2, PUT, -1, "70"))
    await live.tell()
    assert set(position.last().LegPrices or {}) == {2}
    assert set(item(legs.items[-1], models.LegsDataEntry).LegPrices or {}) == {2}
    await position.leave()
    await legs.leave()
    reads = live.positions.reads
    await live.tell()
    assert live.positions.reads == reads
    again = await follow(live.streams.position(live.user, position_args()))
    live.positions.with_legs(1, leg(1, CALL, -1, "60"), leg(2, PUT, -1, "70"))
    await live.tell()
    assert set(again.last().LegPrices or {}) == {1, 2}


async def test_news_while_the_position_is_being_read_are_not_lost(live: Running) -> None:
    live.positions.held_back = asyncio.Event()
    follower = await follow(live.streams.position(live.user, position_args()))
    await live.tell()
    live.positions.with_legs(1, leg(2, PUT, -1, "70"))
    live.positions.held_back.set()
    await settled()
    assert set(follower.last().LegPrices or {}) == {2}


async def test_a_read_that_fails_is_tried_again_and_the_stream_lives_on(live: Running) -> None:
    follower = await follow(live.streams.position(live.user, position_args()))
    live.positions.with_legs(1, leg(2, PUT, -1, "70"))
    live.positions.failure = OSError("the disk is gone")
    await live.tell()
    assert len(follower.items) == 1
    await live.window(1.0)
    assert set(follower.last().LegPrices or {}) == {2}


async def test_a_first_read_that_fails_ends_the_stream_without_internal_details(live: Running) -> None:
    live.positions.failure = OSError("/secret/path")
    follower = await follow(live.streams.position(live.user, position_args()))
    assert isinstance(follower.error, ServiceError)
    assert follower.error.status is StatusCode.InternalError
    assert "secret" not in str(follower.error)


async def test_leaving_forgets_the_channel_and_its_subscriptions(live: Running) -> None:
    followers = [await follow(live.streams.position(live.user, position_args())) for _ in range(2)]
    assert ("subscribe", (CALL, PUT)) in live.provider.calls
    await followers[0].leave()
    assert len(live.streams.engine.channels) == 1
    await followers[1].leave()
    assert live.streams.engine.channels == {}
    assert live.provider.calls[-1] == ("unsubscribe", (CALL, PUT))


async def test_leaving_while_the_position_is_being_read_leaves_nothing_behind(live: Running) -> None:
    live.positions.held_back = asyncio.Event()
    follower = await follow(live.streams.position(live.user, position_args()))
    await follower.leave()
    live.positions.held_back.set()
    await settled()
    assert live.streams.engine.channels == {}
    assert [call for call, _ in live.provider.calls] == ["start"]


async def test_a_stream_that_nobody_reads_costs_nothing(live: Running) -> None:
    stream = live.streams.position(live.user, position_args())
    await settled()
    assert live.streams.engine.channels == {}
    await stream.aclose()


async def test_a_provider_that_dies_leaves_streams_open_and_ages_grow_until_it_is_back(live: Running) -> None:
    follower = await follow(live.streams.position(live.user, position_args()))
    live.provider.become(models.AgentStatus.Disconnected, "line down")
    await live.chain.clock.advance(60)
    await live.window(15.0)
    assert not follower.ended
    assert field(follower.last(), "LegPrices.1.BidAgeMs") >= 60_000
    live.provider.become(models.AgentStatus.Connected)
    live.quote(CALL, 50.0, 51.0)
    await live.window()
    assert field(follower.last(), "LegPrices.1.Bid") == 50
    assert field(follower.last(), "LegPrices.1.BidAgeMs") == 0


async def test_closing_the_service_ends_all_streams(live: Running) -> None:
    follower = await follow(live.streams.position(live.user, position_args()))
    await live.streams.close()
    await settled()
    assert follower.ended
    assert follower.error is None
    with pytest.raises(ServiceError, match="shutting down"):
        await anext(live.streams.position(live.user, position_args()))


async def test_a_bad_moment_of_the_engine_does_not_end_the_streams(
    live: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    follower = await follow(live.streams.position(live.user, position_args()))
    view = live.market.view

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(live.market, "view", broken)
    live.quote(CALL, 50.0, 51.0)
    await live.window()
    monkeypatch.setattr(live.market, "view", view)
    await live.window(1.0)
    live.quote(CALL, 52.0, 53.0)
    await live.window()
    assert field(follower.last(), "LegPrices.1.Bid") == 52


async def test_a_position_on_an_underlying_without_data_shows_what_it_realised(live: Running) -> None:
    elsewhere = OptionContract("RUT", "RUTW", DAY, Right.CALL, Decimal(2000))
    live.positions.put(position(2, leg(9, elsewhere, 1, "5"), realized="3"))
    result = (await follow(live.streams.position(live.user, position_args(PositionId=2)))).last()
    assert field(result, "LegPrices.9.Mark") is None
    assert field(result, "PositionPnLs.Mark") is None
    assert field(result, "PositionPnLs.Realized") == 3


async def test_a_fault_while_valuing_a_new_stream_ends_it_and_does_not_leave_it_hanging(
    live: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(live.market, "view", broken)
    follower = await follow(live.streams.position(live.user, position_args()))
    assert isinstance(follower.error, ServiceError)
    assert follower.error.status is StatusCode.InternalError
    assert live.streams.engine.channels == {}


async def test_positions_that_are_followed_at_once_are_read_and_valued_together() -> None:
    many = 40
    positions = FakePositions(*(position(number, leg(number, CALL, -1, "60")) for number in range(1, many + 1)))
    async with running(positions) as live:
        followers = [begin(live, number) for number in range(1, many + 1)]
        await settled()
        assert all(len(follower.items) == 1 for follower in followers)
        opened = positions.reads
        assert opened <= 3
        await live.tell()
        assert positions.reads <= 2 * opened, "an event has all of them read again, together as well"
        stranger = await refused(live.streams.position(live.user, position_args(PositionId=many + 1)))
        assert stranger.status is models.StatusCode.NotFound
        for follower in followers[1:]:
            await follower.leave()
        live.quote(CALL, 44.0, 45.0)
        await live.window()
        assert field(followers[0].last(), "LegPrices.1.Bid") == 44


def begin(live: Running, number: int) -> Follower:
    """Follow a position without waiting for its first item."""
    return Follower(live.streams.position(live.user, position_args(PositionId=number)))
