"""The six kinds of things that are streamed, their snapshots, and both encodings."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mesolive.market.contracts import Right
from mesolive.market.underlying_prices import UnderlyingPrices
from mesolive_sdk import models, wire
from mesolive_testkit.streams import (
    CALL,
    IBKR,
    OTHER,
    PUT,
    SPX,
    Running,
    contract,
    field,
    follow,
    item,
    leg,
    live_contract,
    position_args,
)
from signalr_asyncio.protocol import StreamItem


async def test_a_leg_is_streamed_until_it_is_closed(live: Running) -> None:
    follower = await follow(live.streams.leg(live.user, models.StreamLegDataArgs(LegId=1)))
    live.quote(CALL, 50.0, 51.0)
    await live.window()
    latest = item(follower.items[-1], models.LegDataEntry)
    assert field(latest, "PnL.Ask") == 900  # (60 - 51) * 100
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
    latest = item(follower.items[-1], models.ComboContractsDataEntry)
    assert field(latest, "ComboPrices.Bid") == Decimal("29.6")
    assert field(latest, "ComboPrices.Ask") == Decimal("31.0")
    assert len(latest.ContractGreeks or []) == 2


async def test_an_underlying_is_streamed(live: Running) -> None:
    args = models.StreamUnderlyingDataArgs(Underlying=SPX, Provider=IBKR)
    follower = await follow(live.streams.underlying(live.user, args))
    live.chain.book.set_underlying(live.chain.clock.now(), UnderlyingPrices(last=5012.5))
    await live.window()
    latest = [item(one, models.UnderlyingDataEntry) for one in follower.items]
    assert [field(one, "Prices.Last") for one in latest] == [5000, Decimal("5012.5")]
    assert field(latest[-1], "Prices.LastAgeMs") == 0


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
