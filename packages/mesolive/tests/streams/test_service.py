"""Streams: the first item at once, then what changed, one computation for all, until the thing is closed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import UTC, datetime, time
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesolive.access.context import UserContext
from mesolive.errors import ServiceError
from mesolive.market.book import UnderlyingPrices
from mesolive.market.contracts import OptionContract, Right
from mesolive_sdk import models, wire
from mesolive_sdk.models import LiveDataInclude, LiveQuoteFields, StatusCode
from signalr_asyncio import Shared
from signalr_asyncio.protocol.messages import StreamItem
from streams_testkit import DAY, FakePositions, Running, contract, field, item, leg, position, running, settled

CALL, PUT, FAR = contract(Right.CALL, 5100), contract(Right.PUT, 4900), contract(Right.CALL, 5400)
OTHER = UserContext(2, "other", "key")
SPX = models.LiveUnderlying(Symbol="SPX", ContractType=models.MesoContractType.Index, Currency="USD")
IBKR = models.DataProviderType.Ibkr


def strangle() -> FakePositions:
    return FakePositions(position(1, leg(1, CALL, -1, "60", group=1), leg(2, PUT, -1, "70", group=1), realized="5"))


@pytest.fixture
async def live() -> AsyncGenerator[Running]:
    async with running(strangle()) as found:
        yield found


def position_args(**changes: object) -> models.StreamPositionDataArgs:
    return models.StreamPositionDataArgs(**{"PositionId": 1, **changes})  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] - fields by name


def live_contract(strike: int = 5100, changes: Mapping[str, object] | None = None) -> models.LiveContract:
    fields: dict[str, object] = {
        "ContractType": models.MesoContractType.Options,
        "Underlying": SPX,
        "Root": "SPXW",
        "OptionType": models.MesoOptionType.Call,
        "Expiration": datetime.combine(DAY, time(), UTC),
        "Strike": Decimal(strike),
    }
    return models.LiveContract(**fields | (changes or {}))  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] - fields by name


class Follower:
    """Takes the items of a stream as they come."""

    def __init__(self, stream: AsyncGenerator[Shared]) -> None:
        self.items: list[Shared] = []
        self.error: BaseException | None = None
        self.task = asyncio.create_task(self._run(stream))

    async def _run(self, stream: AsyncGenerator[Shared]) -> None:
        try:
            async with aclosing(stream):
                async for one in stream:
                    self.items.append(one)
        except ServiceError as error:
            self.error = error

    @property
    def ended(self) -> bool:
        return self.task.done()

    def last(self) -> models.PositionDataEntry:
        return item(self.items[-1], models.PositionDataEntry)

    async def leave(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


async def follow(stream: AsyncGenerator[Shared]) -> Follower:
    follower = Follower(stream)
    await settled()
    return follower


async def test_the_first_item_comes_at_once(live: Running) -> None:
    follower = await follow(live.streams.position(live.user, position_args()))
    found = follower.last()
    assert set(found.LegPrices or {}) == {1, 2}
    assert field(found, "PositionPnLs.Realized") == 5
    assert field(found, "LegGroupPrices.1.Mark") == field(found, "PositionPrices.Mark")


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
    """Ages alone are no change, and neither is a quote of a contract that the position does not hold."""
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


async def test_naming_the_default_provider_is_asking_for_the_same(live: Running) -> None:
    for provider in (None, IBKR):
        await follow(live.streams.position(live.user, position_args(Provider=provider)))
    assert len(live.streams.engine.channels) == 1


async def test_who_comes_later_gets_the_present_values_at_once(live: Running) -> None:
    await follow(live.streams.position(live.user, position_args()))
    live.quote(CALL, 50.0, 51.0)
    await live.window()
    late = await follow(live.streams.position(live.user, position_args()))
    assert [field(item(one, models.PositionDataEntry), "LegPrices.1.Bid") for one in late.items] == [50]


async def test_who_asks_for_other_fields_gets_items_of_his_own(live: Running) -> None:
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
    found = slim.last()
    assert field(found, "PositionPrices.Mark") == field(full.last(), "PositionPrices.Mark")
    assert field(found, "PositionPrices.Bid") is None
    assert (found.PositionGreeks, found.LegPrices, found.LegGroupPrices) == (None, None, None)


async def test_a_slow_follower_gets_the_latest_item_and_no_old_one(live: Running) -> None:
    stream = live.streams.position(live.user, position_args())
    async with aclosing(stream):
        await anext(stream)
        for step in range(5):
            live.quote(CALL, 60.0 + step, 61.0 + step)
            await live.window()
        latest = item(await anext(stream), models.PositionDataEntry)
        assert field(latest, "LegPrices.1.Bid") == 64


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
    found = follower.last()
    assert set(found.LegPrices or {}) == {2}
    assert field(found, "PositionPnLs.Realized") == 45
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


async def test_a_first_read_that_fails_ends_the_stream_and_tells_nothing_of_the_inside(live: Running) -> None:
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
    found = (await follow(live.streams.position(live.user, position_args(PositionId=2)))).last()
    assert field(found, "LegPrices.9.Mark") is None
    assert field(found, "PositionPnLs.Mark") is None
    assert field(found, "PositionPnLs.Realized") == 3


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


async def test_who_comes_or_goes_within_a_window_makes_nobody_miss_his_turn(live: Running) -> None:
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


async def test_who_comes_or_goes_gives_nobody_a_second_turn_within_a_window(live: Running) -> None:
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


# The six kinds


async def test_a_leg_is_streamed_until_it_is_closed(live: Running) -> None:
    follower = await follow(live.streams.leg(live.user, models.StreamLegDataArgs(LegId=1)))
    live.quote(CALL, 50.0, 51.0)
    await live.window()
    found = item(follower.items[-1], models.LegDataEntry)
    assert field(found, "PnL.Ask") == 900  # (60 - 51) * 100
    live.positions.with_legs(1, leg(1, CALL, -1, "60", realized="40", closed=True))
    await live.tell()
    assert follower.ended
    last = item(follower.items[-1], models.LegDataEntry)
    assert field(last, "PnL.Realized") == 40
    assert field(last, "PnL.Mark") is None


async def test_legs_leave_their_stream_one_by_one_and_with_the_last_it_ends(live: Running) -> None:
    follower = await follow(live.streams.legs(live.user, models.StreamLegsDataArgs(LegIds=[2, 1, 2])))
    assert list(item(follower.items[-1], models.LegsDataEntry).LegPrices or {}) == [2, 1]
    live.positions.with_legs(1, leg(1, CALL, -1, "60"), leg(2, PUT, -1, "70", closed=True))
    await live.tell()
    assert list(item(follower.items[-1], models.LegsDataEntry).LegPrices or {}) == [1]
    live.positions.with_legs(1, leg(1, CALL, -1, "60", closed=True), leg(2, PUT, -1, "70", closed=True))
    await live.tell()
    assert follower.ended
    assert item(follower.items[-1], models.LegsDataEntry).LegPrices == {}


async def test_a_contract_is_streamed_to_all_users_from_one_channel(live: Running) -> None:
    args = models.StreamContractDataArgs(Contract=live_contract(), Provider=IBKR)
    followers = [await follow(live.streams.contract(user, args)) for user in (live.user, OTHER)]
    live.quote(CALL, 50.0, 51.0)
    await live.window()
    assert len(live.streams.engine.channels) == 1
    for follower in followers:
        assert field(item(follower.items[-1], models.ContractDataEntry), "Prices.Mark") == Decimal("50.5")


async def test_a_combo_is_streamed(live: Running) -> None:
    live.quote(CALL, 50.0, 51.0)
    live.quote(contract(Right.CALL, 5200), 20.0, 20.4)
    combo = [
        models.ComboLeg(Contract=live_contract(5100), Ratio=Decimal(1)),
        models.ComboLeg(Contract=live_contract(5200), Ratio=Decimal(-1)),
    ]
    args = models.StreamComboContractsDataArgs(Combo=combo, Provider=IBKR)
    follower = await follow(live.streams.combo(live.user, args))
    found = item(follower.items[-1], models.ComboContractsDataEntry)
    assert field(found, "ComboPrices.Bid") == Decimal("29.6")
    assert field(found, "ComboPrices.Ask") == Decimal("31.0")
    assert len(found.ContractGreeks or []) == 2


async def test_an_underlying_is_streamed(live: Running) -> None:
    args = models.StreamUnderlyingDataArgs(Underlying=SPX, Provider=IBKR)
    follower = await follow(live.streams.underlying(live.user, args))
    live.chain.book.set_underlying(live.chain.clock.now(), UnderlyingPrices(last=5012.5))
    await live.window()
    found = [item(one, models.UnderlyingDataEntry) for one in follower.items]
    assert [field(one, "Prices.Last") for one in found] == [5000, Decimal("5012.5")]
    assert field(found[-1], "Prices.LastAgeMs") == 0


async def test_a_snapshot_says_what_the_stream_says(live: Running) -> None:
    args = models.GetPositionSnapshotArgs(PositionId=1)
    snapshot = await live.streams.position_snapshot(live.user, args)
    streamed = (await follow(live.streams.position(live.user, position_args()))).last()
    for name in models.PositionDataEntry.__struct_fields__:
        assert getattr(snapshot, name) == getattr(streamed, name)


async def test_every_kind_has_a_snapshot(live: Running) -> None:
    streams, user = live.streams, live.user
    leg_found = await streams.leg_snapshot(user, models.GetLegSnapshotArgs(LegId=1))
    legs = await streams.legs_snapshot(user, models.GetLegsSnapshotArgs(LegIds=[1, 2]))
    one = models.GetContractSnapshotArgs(Contract=live_contract(), Provider=IBKR)
    single = await streams.contract_snapshot(user, one)
    ratio = [models.ComboLeg(Contract=live_contract(), Ratio=Decimal(2))]
    combo = await streams.combo_snapshot(user, models.GetComboContractsSnapshotArgs(Combo=ratio, Provider=IBKR))
    underlying = await streams.underlying_snapshot(
        user, models.GetUnderlyingSnapshotArgs(Underlying=SPX, Provider=IBKR)
    )
    mark = field(single, "Prices.Mark")
    assert field(leg_found, "Prices.Mark") == field(legs, "LegPrices.1.Mark") == mark
    assert field(combo, "ComboPrices.Mark") == pytest.approx(2 * mark, abs=Decimal("0.00001"))
    assert field(underlying, "Prices.Last") == 5000


async def test_an_item_says_the_same_in_messagepack(live: Running) -> None:
    follower = await follow(live.streams.position(live.user, position_args()))
    protocol = wire.hub_protocol("messagepack")
    (message,) = protocol.parser(None).feed(protocol.encode(StreamItem("1", follower.items[-1])))
    assert isinstance(message, StreamItem)
    assert message.item.decode(models.PositionDataEntry) == follower.last()
    assert isinstance(message.item.builtins()["PositionPrices"]["Mark"], str)


# Bad input


async def refused(stream: AsyncGenerator[Shared]) -> ServiceError:
    with pytest.raises(ServiceError) as raised:
        await anext(stream)
    return raised.value


async def test_a_foreign_position_looks_like_a_missing_one(live: Running) -> None:
    foreign = await refused(live.streams.position(OTHER, position_args()))
    missing = await refused(live.streams.position(OTHER, position_args(PositionId=99)))
    assert (foreign.status, foreign.message) == (StatusCode.NotFound, "position 1 was not found")
    assert (missing.status, missing.message) == (StatusCode.NotFound, "position 99 was not found")
    assert live.streams.engine.channels == {}


async def test_unknown_legs_are_named_but_not_all_of_ten_thousand(live: Running) -> None:
    error = await refused(live.streams.legs(live.user, models.StreamLegsDataArgs(LegIds=[1, 7, *range(100, 1100)])))
    assert error.status is StatusCode.NotFound
    assert "leg 7, 100, 101, 102, 103 and 996 more" in error.message


async def test_no_legs_at_all_is_a_validation_error(live: Running) -> None:
    error = await refused(live.streams.legs(live.user, models.StreamLegsDataArgs(LegIds=[])))
    assert error.status is StatusCode.ValidationError


@pytest.mark.parametrize(
    "changes",
    [
        {
            "IncludePosition": LiveDataInclude.None_,
            "IncludeLegs": LiveDataInclude.None_,
            "IncludeLegGroups": LiveDataInclude.None_,
        },
        {
            "PriceFields": LiveQuoteFields.None_,
            "GreekFields": LiveQuoteFields.None_,
            "PnlFields": LiveQuoteFields.None_,
        },
        {
            "GreekFields": LiveQuoteFields.None_,
            "IncludePosition": LiveDataInclude.Greeks,
            "IncludeLegs": LiveDataInclude.None_,
            "IncludeLegGroups": LiveDataInclude.None_,
        },
    ],
)
async def test_flags_that_ask_for_nothing_are_refused(live: Running, changes: dict[str, object]) -> None:
    error = await refused(live.streams.position(live.user, position_args(**changes)))
    assert error.status is StatusCode.ValidationError
    assert "nothing is asked for" in error.message


async def test_a_contract_asked_for_its_pnl_only_is_refused(live: Running) -> None:
    args = models.StreamContractDataArgs(Contract=live_contract(), Include=LiveDataInclude.PnL, Provider=IBKR)
    assert (await refused(live.streams.contract(live.user, args))).status is StatusCode.ValidationError


async def test_a_provider_that_the_server_does_not_have_is_unavailable_and_named(live: Running) -> None:
    error = await refused(live.streams.position(live.user, position_args(Provider=models.DataProviderType.TastyTrade)))
    assert error.status is StatusCode.ProviderUnavailable
    assert error.error is not None
    assert error.error.Provider == "TastyTrade"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"Strike": Decimal(5111)}, StatusCode.NotFound),
        ({"Root": "XSP"}, StatusCode.NotFound),
        ({"Strike": None}, StatusCode.ValidationError),
        ({"Strike": Decimal("NaN")}, StatusCode.ValidationError),
        ({"Expiration": None}, StatusCode.ValidationError),
        ({"OptionType": None}, StatusCode.ValidationError),
        ({"ContractType": models.MesoContractType.Futures}, StatusCode.ValidationError),
        (
            {"Underlying": models.LiveUnderlying(Symbol="RUT", ContractType=SPX.ContractType, Currency="USD")},
            StatusCode.NotFound,
        ),
    ],
)
async def test_a_contract_that_is_not_there_or_incomplete_is_refused(
    live: Running, changes: dict[str, object], status: StatusCode
) -> None:
    args = models.StreamContractDataArgs(Contract=live_contract(changes=changes), Provider=IBKR)
    assert (await refused(live.streams.contract(live.user, args))).status is status


@pytest.mark.parametrize("ratio", ["0", "NaN", "Infinity"])
async def test_a_senseless_ratio_of_a_combo_is_refused_by_its_path(live: Running, ratio: str) -> None:
    combo = [
        models.ComboLeg(Contract=live_contract(), Ratio=Decimal(1)),
        models.ComboLeg(Contract=live_contract(), Ratio=Decimal(ratio)),
    ]
    error = await refused(
        live.streams.combo(live.user, models.StreamComboContractsDataArgs(Combo=combo, Provider=IBKR))
    )
    assert error.status is StatusCode.ValidationError
    assert error.error is not None
    assert list(error.error.ValidationErrors or {}) == ["Combo[1].Ratio"]


async def test_an_empty_combo_is_refused(live: Running) -> None:
    args = models.StreamComboContractsDataArgs(Combo=[], Provider=IBKR)
    assert (await refused(live.streams.combo(live.user, args))).status is StatusCode.ValidationError


async def test_an_unknown_underlying_is_not_found(live: Running) -> None:
    unknown = models.LiveUnderlying(Symbol="RUT", ContractType=models.MesoContractType.Index, Currency="USD")
    args = models.StreamUnderlyingDataArgs(Underlying=unknown, Provider=IBKR)
    assert (await refused(live.streams.underlying(live.user, args))).status is StatusCode.NotFound


async def test_the_number_of_different_streams_is_bounded() -> None:
    async with running(strangle(), max_channels=2) as live:
        for number in (1, 2):
            await follow(live.streams.leg(live.user, models.StreamLegDataArgs(LegId=number)))
        error = await refused(live.streams.position(live.user, position_args()))
        assert error.status is StatusCode.RateLimited
        again = await follow(live.streams.leg(live.user, models.StreamLegDataArgs(LegId=1)))
        assert len(again.items) == 1


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
