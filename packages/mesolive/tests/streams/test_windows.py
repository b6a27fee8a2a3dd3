"""Items: the first at once, then one per window with what changed, one computation for all who follow the same."""

from __future__ import annotations

from contextlib import aclosing

from hypothesis import given, settings
from hypothesis import strategies as st

from mesolive.market.contracts import Right
from mesolive.market.underlying_prices import UnderlyingPrices
from mesolive_sdk import models
from mesolive_sdk.models import LiveDataInclude, LiveQuoteFields
from mesolive_testkit.streams import (
    CALL,
    FAR,
    IBKR,
    PUT,
    Follower,
    Running,
    contract,
    field,
    follow,
    item,
    leg,
    position,
    position_args,
    running,
    settled,
    strangle,
)


async def test_the_first_item_comes_at_once(live: Running) -> None:
    follower = await follow(live.streams.position(live.user, position_args()))
    latest = follower.last()
    assert set(latest.LegPrices or {}) == {1, 2}
    assert field(latest, "PositionPnLs.Realized") == 5
    assert field(latest, "LegGroupPrices.1.Mark") == field(latest, "PositionPrices.Mark")


async def test_a_burst_of_changes_within_the_window_becomes_one_item_with_the_latest_values(live: Running) -> None:
    follower = await follow(live.streams.position(live.user, position_args()))
    for step in range(50):
        live.quote(CALL, 50.0 + step, 51.0 + step)
        await settled()
    await live.window()
    assert len(follower.items) == 2
    assert field(follower.last(), "LegPrices.1.Bid") == 99


async def test_no_item_comes_before_the_window_is_over(live: Running) -> None:
    follower = await follow(live.streams.position(live.user, position_args()))
    live.quote(CALL, 50.0, 51.0)
    await live.window(0.09)
    assert len(follower.items) == 1
    await live.window(0.01)
    assert len(follower.items) == 2


async def test_nothing_is_sent_while_nothing_changed_not_even_when_others_trade(live: Running) -> None:
    """Ages alone are not a change, and neither is a quote of a contract that the position does not hold."""
    follower = await follow(live.streams.position(live.user, position_args()))
    for step in range(20):
        await live.chain.clock.advance(1)
        live.quote(FAR, 1.0 + step, 2.0 + step)
        await live.window()
    assert len(follower.items) == 1


async def test_a_value_that_comes_back_within_the_window_is_no_change(live: Running) -> None:
    live.quote(CALL, 50.0, 51.0)
    follower = await follow(live.streams.position(live.user, position_args()))
    live.quote(CALL, 52.0, 53.0)
    live.quote(CALL, 50.0, 51.0)
    await live.window()
    assert len(follower.items) == 1


async def test_a_move_of_the_underlying_is_a_change_where_greeks_are_wanted_and_only_there(live: Running) -> None:
    with_greeks = await follow(live.streams.position(live.user, position_args()))
    without = await follow(live.streams.position(live.user, position_args(GreekFields=LiveQuoteFields.None_)))
    live.chain.book.set_underlying(live.chain.clock.now(), UnderlyingPrices(last=5010.0))
    await live.window()
    assert (len(with_greeks.items), len(without.items)) == (2, 1)


async def test_a_change_of_a_side_that_was_not_asked_for_is_no_change(live: Running) -> None:
    live.quote(CALL, 50.0, 51.0)
    args = models.StreamLegDataArgs(
        LegId=1, PriceFields=LiveQuoteFields.Bid, Include=LiveDataInclude.Prices, GreekFields=LiveQuoteFields.None_
    )
    follower = await follow(live.streams.leg(live.user, args))
    live.quote(CALL, 50.0, 52.0)
    await live.window()
    assert len(follower.items) == 1
    live.quote(CALL, 50.5, 52.0)
    await live.window()
    assert len(follower.items) == 2


async def test_the_latest_values_are_sent_again_every_fifteen_seconds_with_their_new_ages(live: Running) -> None:
    follower = await follow(live.streams.position(live.user, position_args()))
    before = field(follower.last(), "LegPrices.1.BidAgeMs")
    await live.chain.clock.advance(15)
    await live.window(14.0)
    assert len(follower.items) == 1
    await live.window(1.0)
    assert len(follower.items) == 2
    assert field(follower.last(), "LegPrices.1.BidAgeMs") == before + 15_000
    await live.window(15.0)
    assert len(follower.items) == 3


async def test_all_who_ask_for_the_same_share_one_computation_and_one_encoding(live: Running) -> None:
    followers = [await follow(live.streams.position(live.user, position_args())) for _ in range(50)]
    live.quote(CALL, 50.0, 51.0)
    await live.window()
    assert {len(follower.items) for follower in followers} == {2}
    assert len({id(follower.items[-1]) for follower in followers}) == 1
    assert live.streams.engine.items == 2
    assert live.positions.reads == 1


async def test_naming_the_same_provider_is_asking_for_the_same(live: Running) -> None:
    """Naming none is another question: then the account of each leg decides whose quotes value it."""
    for provider in (IBKR, None, IBKR, None):
        await follow(live.streams.position(live.user, position_args(Provider=provider)))
    assert len(live.streams.engine.channels) == 2


async def test_a_later_subscriber_gets_the_present_values_at_once(live: Running) -> None:
    await follow(live.streams.position(live.user, position_args()))
    live.quote(CALL, 50.0, 51.0)
    await live.window()
    late = await follow(live.streams.position(live.user, position_args()))
    assert [field(item(one, models.PositionDataEntry), "LegPrices.1.Bid") for one in late.items] == [50]


async def test_a_subscriber_of_other_fields_gets_items_of_its_own(live: Running) -> None:
    full = await follow(live.streams.position(live.user, position_args()))
    slim = await follow(
        live.streams.position(
            live.user,
            position_args(
                PriceFields=LiveQuoteFields.Mark,
                IncludePosition=LiveDataInclude.Prices,
                IncludeLegs=LiveDataInclude.None_,
                IncludeLegGroups=LiveDataInclude.None_,
            ),
        )
    )
    latest = slim.last()
    assert field(latest, "PositionPrices.Mark") == field(full.last(), "PositionPrices.Mark")
    assert field(latest, "PositionPrices.Bid") is None
    assert (latest.PositionGreeks, latest.LegPrices, latest.LegGroupPrices) == (None, None, None)


async def test_a_slow_follower_gets_the_latest_item_and_no_old_one(live: Running) -> None:
    stream = live.streams.position(live.user, position_args())
    async with aclosing(stream):
        await anext(stream)
        for step in range(5):
            live.quote(CALL, 60.0 + step, 61.0 + step)
            await live.window()
        latest = item(await anext(stream), models.PositionDataEntry)
        assert field(latest, "LegPrices.1.Bid") == 64


async def test_many_streams_share_a_window_in_turns_and_none_is_left_out(live: Running) -> None:
    strikes = [contract(right, strike) for right in Right for strike in range(4500, 5501, 25)]
    live.positions.put(position(2, *(leg(100 + place, one, 1, "5") for place, one in enumerate(strikes))))
    followers = [
        await follow(live.streams.leg(live.user, models.StreamLegDataArgs(LegId=100 + place)))
        for place in range(len(strikes))
    ]
    for _ in range(3):
        before = [len(follower.items) for follower in followers]
        for one in strikes:
            live.quote(one, 1.0 + before[0], 2.0 + before[0])
        await live.window()
        assert [len(follower.items) for follower in followers] == [count + 1 for count in before]


async def test_joining_or_leaving_within_a_window_makes_no_subscriber_miss_its_turn(live: Running) -> None:
    strikes = [contract(right, strike) for right in Right for strike in range(4500, 5501, 25)]
    live.positions.put(position(2, *(leg(100 + place, one, 1, "5") for place, one in enumerate(strikes))))

    async def more(first: int, end: int) -> list[Follower]:
        return [
            await follow(live.streams.leg(live.user, models.StreamLegDataArgs(LegId=100 + place)))
            for place in range(first, end)
        ]

    early = await more(0, 70)
    for one in strikes:
        live.quote(one, 1.0, 2.0)
    await live.window(0.06)
    for follower in early[:40]:
        await follower.leave()
    late = await more(70, len(strikes))
    await live.window()
    for follower in (*early[40:], *late):
        assert field(item(follower.items[-1], models.LegDataEntry), "Prices.Bid") == 1


async def test_joining_or_leaving_gives_no_subscriber_a_second_turn_within_a_window(live: Running) -> None:
    strikes = [contract(right, strike) for right in Right for strike in range(4500, 5501, 25)]
    live.positions.put(position(2, *(leg(100 + place, one, 1, "5") for place, one in enumerate(strikes))))
    followers = [
        await follow(live.streams.leg(live.user, models.StreamLegDataArgs(LegId=100 + place)))
        for place in range(len(strikes) - 1)
    ]
    for one in strikes:
        live.quote(one, 1.0, 2.0)
    await live.window(0.06)
    for one in strikes:
        live.quote(one, 3.0, 4.0)
    await follow(live.streams.leg(live.user, models.StreamLegDataArgs(LegId=100 + len(strikes) - 1)))
    await live.window(0.04)
    assert {len(follower.items) for follower in followers} == {2}
    await live.window()
    for follower in followers:
        assert field(item(follower.items[-1], models.LegDataEntry), "Prices.Bid") == 3


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 4), st.integers(1, 60)), min_size=1, max_size=12))
async def test_after_every_window_the_latest_item_is_what_a_snapshot_says(
    steps: list[tuple[bool, int, int]],
) -> None:
    """Whatever changes, quotes or legs, in whatever order: a follower never stays behind."""
    async with running(strangle()) as live:
        follower = await follow(live.streams.position(live.user, position_args()))
        for trade, which, size in steps:
            if trade:
                traded = [CALL, PUT, FAR, contract(Right.PUT, 4800)]
                live.positions.with_legs(
                    1, *(leg(place, one, size, "3", group=place % 2) for place, one in enumerate(traded[:which], 1))
                )
                await live.tell()
            else:
                live.quote([CALL, PUT, FAR, contract(Right.PUT, 4800)][which - 1], float(size), size + 0.5)
            await live.window()
            snapshot = await live.streams.position_snapshot(live.user, models.GetPositionSnapshotArgs(PositionId=1))
            for name in models.PositionDataEntry.__struct_fields__:
                assert getattr(follower.last(), name) == getattr(snapshot, name)
        await follower.leave()
