"""What expires at a venue settles there, and the books follow: each settlement once, on the legs that held it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from mesolive.market.contracts import OptionContract, Right
from mesolive.market.history import DailySeries, Day
from mesolive.settings import Settings
from mesolive.trading.settlement.booking import book_settlement
from mesolive.venues.base import Settled, VenueLeg
from mesolive.venues.simulated.config import SimulatedVenueConfig
from mesolive.venues.simulated.faults import FILL_FAULTS, Fault, Faults
from mesolive.venues.simulated.stepped import SteppedVenue
from mesolive.venues.simulated.venue import SimulatedVenue
from mesolive_sdk import models
from mesolive_sdk.models import ErrorState, LivePositionState
from mesolive_testkit.market.chains import expiration
from mesolive_testkit.settlement.scene import CLOSE, FRIDAY, QUARTER, Scene, contract, expiring, overdue
from mesolive_testkit.signals import ScriptedMarket
from mesolive_testkit.venues import SIM, desk_server

OPENING = datetime(2024, 3, 15, 13, 30, tzinfo=UTC)
MONDAY_AFTER = datetime(2024, 3, 18, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize(("root", "moment"), [("SPXW", CLOSE), ("SPX", OPENING)], ids=["PM", "AM"])
async def test_a_venue_settles_at_the_opening_or_at_the_close_and_the_books_follow(
    tmp_path: Path, root: str, moment: datetime
) -> None:
    market = ScriptedMarket()
    async with desk_server(tmp_path, market=(market.market, market.clock)) as desk:
        scene = Scene(desk, market)
        position_id = await scene.enter(expiring(-2, root=root))
        credit = await scene.gained()
        market.today_open = 5060.0 if root == "SPX" else 5020.0
        spot = 5020.0 if root == "SPX" else 5060.0
        await market.at(moment - timedelta(minutes=1), spot=spot)
        await scene.reconcile()
        assert (await scene.position(position_id)).State is LivePositionState.Open
        await market.at(moment, spot=spot)
        position = await scene.closed(position_id)
        assert position.ClosedAt == moment
        assert position.RealizedPnL == credit - 2 * 40 * 100 == await scene.gained()
        (settled,) = await scene.settlements(position_id)
        assert (settled.Qty, settled.Price, settled.ExecutedAt) == (2, 40, moment)
        assert desk.venue.ledger.positions_of(SIM) == {}
        await desk.until(lambda: any(is_closing(event) for event in desk.events))
        legs = [event for event in desk.events if isinstance(event, models.LegUpdateEvent)]
        assert (legs[-1].Status.name, legs[-1].RealizedPnL) == ("Closed", position.RealizedPnL)
        update = [event for event in desk.events if isinstance(event, models.PositionUpdateEvent)][-1]
        assert (update.Status.name, update.RealizedPnL) == ("Closed", position.RealizedPnL)
        number = len(desk.events)
        await scene.reconcile()
        await desk.application.signals.evaluate()
        assert await scene.errors() == []
        assert len([event for event in desk.events[number:] if not isinstance(event, models.EntrySignalEvent)]) == 0


def is_closing(event: models.MesoLiveEvent) -> bool:
    return isinstance(event, models.PositionUpdateEvent) and event.Status is models.PositionStatus.Closed


@pytest.mark.parametrize(
    "fault", [Fault.FILL_LOST, Fault.DUPLICATE_FILL, Fault.REORDERED_FILL, Fault.DISCONNECT_AT_FILL]
)
async def test_a_settlement_is_booked_once_however_often_it_is_reported(tmp_path: Path, fault: Fault) -> None:
    market = ScriptedMarket()
    async with desk_server(tmp_path, market=(market.market, market.clock)) as desk:
        scene = Scene(desk, market)
        position_id = await scene.enter(expiring(-1))
        credit = await scene.gained()
        desk.venue.faults.ask(fault)
        await market.at(CLOSE, spot=5090)
        position = await scene.closed(position_id)
        await desk.application.desk.supervisors[0].reconciled()
        await scene.reconcile()
        assert position.RealizedPnL == credit - 10 * 100 == await scene.gained()
        assert len(await scene.settlements(position_id)) == 1


async def test_what_expires_while_the_venue_cannot_be_reached_settles_when_it_can(tmp_path: Path) -> None:
    market = ScriptedMarket()
    async with desk_server(tmp_path, market=(market.market, market.clock)) as desk:
        scene = Scene(desk, market)
        position_id = await scene.enter(expiring(-1))
        desk.venue.go_down()
        await market.at(CLOSE, spot=5090)
        await market.at(CLOSE + QUARTER)
        await desk.application.signals.evaluate()
        await scene.until(overdue(scene, ErrorState.Active))
        assert (await scene.position(position_id)).State is LivePositionState.Open
        desk.venue.come_back()
        await scene.closed(position_id)
        await desk.application.signals.evaluate()
        await scene.until(overdue(scene, ErrorState.Resolved))


async def test_an_opening_that_settles_a_moment_later_is_no_error(tmp_path: Path) -> None:
    market = ScriptedMarket()
    async with desk_server(tmp_path, market=(market.market, market.clock)) as desk:
        scene = Scene(desk, market)
        position_id = await scene.enter(expiring(-1, root="SPX"))
        await desk.application.signals.evaluate()
        desk.venue.go_down()
        await market.at(OPENING, spot=5080)
        await desk.application.signals.evaluate()
        market.today_open = 5080.0
        await market.at(OPENING + timedelta(minutes=14), spot=5080)
        await desk.application.signals.evaluate()
        assert not any(isinstance(event, models.ErrorEvent) for event in await desk.log())
        desk.venue.come_back()
        await scene.closed(position_id)
        await desk.application.signals.evaluate()
        assert not any(isinstance(event, models.ErrorEvent) for event in await desk.log())


async def test_a_settlement_that_could_not_be_booked_is_booked_when_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    market = ScriptedMarket()
    failures = iter([OSError("the disk is full"), OSError("the disk is full")])

    async def booking(*args: Any) -> list[models.MesoLiveEvent]:
        events = await book_settlement(*args)
        if (failure := next(failures, None)) is not None:
            raise failure  # behind all that it wrote
        return events

    monkeypatch.setattr("mesolive.trading.settlement.venue_settlements.book_settlement", booking)
    async with desk_server(tmp_path, market=(market.market, market.clock)) as desk:
        scene = Scene(desk, market)
        position_id = await scene.enter(expiring(-1))
        credit = await scene.gained()
        await market.at(CLOSE, spot=5080)
        await scene.closed(position_id)
        assert next(failures, None) is None
        assert len(await scene.settlements(position_id)) == 1
        assert await scene.gained() == credit - 2000


@pytest.mark.parametrize("root", ["SPXW", "SPX"])
async def test_what_expires_while_everything_is_down_settles_at_the_price_of_its_day(tmp_path: Path, root: str) -> None:
    market = ScriptedMarket()
    async with desk_server(tmp_path, market=(market.market, market.clock)) as desk:
        scene = Scene(desk, market)
        position_id = await scene.enter(expiring(-1, root=root))
        credit = await scene.gained()
    market = ScriptedMarket(MONDAY_AFTER)
    market.move(5200)
    market.today_open = 5190.0
    market.book.history = DailySeries.of([Day(FRIDAY, close=5075.5, open=5070.0)])
    async with desk_server(tmp_path, market=(market.market, market.clock)) as desk:
        scene = Scene(desk, market)
        await desk.listen()
        position = await scene.closed(position_id)
        assert position.ClosedAt == (OPENING if root == "SPX" else CLOSE)
        owed = Decimal(30) if root == "SPX" else Decimal("24.5")
        assert position.RealizedPnL == credit - owed * 100 == await scene.gained()


async def test_a_settlement_reported_while_the_server_was_down_is_booked_at_its_start(tmp_path: Path) -> None:
    market = ScriptedMarket()
    own = SimulatedVenue(market.market, market.clock, tmp_path / "own.jsonl")
    async with desk_server(tmp_path, market=(market.market, market.clock), venue=own) as desk:
        position_id = await Scene(desk, market).enter(expiring(-1))
    later = ScriptedMarket(CLOSE)
    later.move(5090)
    alone = SimulatedVenue(later.market, later.clock, tmp_path / "own.jsonl")
    await later.market.start()
    await alone.start()
    await alone.stop()
    await later.market.stop()
    assert alone.ledger.positions_of(SIM) == {}
    last = ScriptedMarket(MONDAY_AFTER)
    again = SimulatedVenue(last.market, last.clock, tmp_path / "own.jsonl")
    async with desk_server(tmp_path, market=(last.market, last.clock), venue=again) as desk:
        scene = Scene(desk, last)
        await desk.listen()
        await scene.closed(position_id)
        (settled,) = await scene.settlements(position_id)
        assert (settled.Price, settled.ExecutedAt) == (10, CLOSE)


async def test_legs_of_several_positions_settle_with_what_the_venue_held_of_all_of_them(tmp_path: Path) -> None:
    market = ScriptedMarket()
    async with desk_server(tmp_path, market=(market.market, market.clock)) as desk:
        scene = Scene(desk, market)
        short = await scene.enter(expiring(-3), "short")
        long = await scene.enter(expiring(1), "long")
        other = await scene.enter(expiring(-1, 5050), "other")
        assert desk.venue.ledger.positions_of(SIM) == {contract(): -2, contract(5050): -1}
        await market.at(CLOSE, spot=5080)
        closed = [await scene.closed(item) for item in (short, long, other)]
        assert sum(item.RealizedPnL for item in closed) == await scene.gained()
        reported = [
            [(settlement.Qty, settlement.Price) for settlement in await scene.settlements(position.Id)]
            for position in closed
        ]
        assert reported == [[(3, 20)], [(-1, 20)], [(1, 0)]]
        await scene.reconcile()
        assert await scene.errors() == []


async def test_what_the_venue_keeps_of_a_settlement_is_a_commission_on_the_legs(tmp_path: Path) -> None:
    market = ScriptedMarket()
    terms = SimulatedVenueConfig(settlement_fee=Decimal("0.335"))
    async with desk_server(tmp_path, market=(market.market, market.clock), terms=terms) as desk:
        scene = Scene(desk, market)
        short = await scene.enter(expiring(-3), "short")
        long = await scene.enter(expiring(1), "long")
        before = await scene.gained()
        await market.at(CLOSE, spot=5080)
        closed = [await scene.closed(item) for item in (short, long)]
        (reported,) = desk.venue.ledger.settlements
        assert isinstance(reported, Settled)
        assert reported.cash == -2 * 20 * 100 - 2 * Decimal("0.335") == await scene.gained() - before
        assert [(await scene.settlements(position.Id))[0].Commission for position in closed] == [
            Decimal("0.5"),
            Decimal("0.17"),
        ]
        assert sum(position.RealizedPnL for position in closed) == await scene.gained()


async def test_legs_that_net_to_zero_settle_though_the_venue_holds_no_position_in_them(tmp_path: Path) -> None:
    market = ScriptedMarket()
    async with desk_server(tmp_path, market=(market.market, market.clock)) as desk:
        scene = Scene(desk, market)
        short = await scene.enter(expiring(-1), "short")
        long = await scene.enter(expiring(1), "long")
        before = await scene.gained()
        await market.at(CLOSE, spot=5080)
        await scene.reconcile()
        assert (await scene.position(short)).State is LivePositionState.Open, "the venue may still have to tell a fill"
        await market.at(CLOSE + QUARTER)
        await scene.reconcile()
        closed = [await scene.closed(item) for item in (short, long)]
        assert await scene.gained() == before == sum(position.RealizedPnL for position in closed)
        assert [(await scene.settlements(position.Id))[0].Price for position in closed] == [20, 20]


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_with_lost_and_repeated_reports_the_books_end_with_what_the_venue_paid(tmp_path: Path, seed: int) -> None:
    random = Random(seed)  # noqa: S311 - a test to be repeated, not a secret
    rates: dict[Fault, float] = dict.fromkeys(FILL_FAULTS, 0.2)
    market = ScriptedMarket()
    async with desk_server(tmp_path, market=(market.market, market.clock), faults=Faults(rates, seed)) as desk:
        scene = Scene(desk, market)
        sizes = [(random.choice([-3, -2, -1, 1, 2]), random.choice([5050, 5100])) for _ in range(5)]
        entered = [await scene.enter(expiring(*size), f"p{number}") for number, size in enumerate(sizes)]
        await market.at(CLOSE, spot=5030)
        await market.at(CLOSE + QUARTER)
        await scene.reconcile()
        closed = [await scene.closed(position_id) for position_id in entered]
        await scene.reconcile()
        ledger = desk.venue.ledger
        assert ledger.positions_of(SIM) == {}
        paid = sum(fact.cash for fact in ledger.settlements if isinstance(fact, Settled))
        traded = sum(
            -item.qty * item.price * 100 - item.commission for execution in ledger.executions for item in execution.legs
        )
        assert await scene.gained() == paid + traded == sum(position.RealizedPnL for position in closed)
        assert [len(await scene.settlements(position_id)) for position_id in entered] == [1] * len(entered)


async def test_on_a_short_day_a_venue_settles_at_the_early_close(tmp_path: Path) -> None:
    early = datetime(2024, 7, 3, 17, 0, tzinfo=UTC)
    market = ScriptedMarket(early - timedelta(hours=1), [expiration("SPXW", early.date())])
    venue = SimulatedVenue(market.market, market.clock, tmp_path / "venue.jsonl")
    await market.market.start()
    await venue.start()
    put = OptionContract("SPX", "SPXW", early.date(), Right.PUT, Decimal(5100))
    venue.trade_by_hand(SIM, [VenueLeg(name="p", contract=put, ratio=Decimal(1))], Decimal(2))
    await market.at(early - timedelta(seconds=1), spot=5080)
    assert venue.ledger.positions_of(SIM) == {put: 2}
    await market.at(early, spot=5075)
    await market.clock.advance(0)
    (settled,) = venue.ledger.settlements
    assert isinstance(settled, Settled)
    assert (settled.at, settled.price, settled.qty) == (early, 25, 2)
    await venue.stop()
    await market.market.stop()


async def test_a_venue_that_is_stepped_settles_with_the_step(tmp_path: Path) -> None:
    market = ScriptedMarket(CLOSE - timedelta(minutes=5))
    venue = SteppedVenue(market.market, market.clock, tmp_path / "venue.jsonl")
    await market.market.start()
    await venue.start()
    venue.trade_by_hand(SIM, [VenueLeg(name="p", contract=contract(), ratio=Decimal(1))], Decimal(1))
    await market.at(CLOSE, spot=5080)
    await market.clock.advance(1)
    assert venue.ledger.settlements == []
    venue.work()
    assert venue.ledger.positions_of(SIM) == {}
    await venue.stop()
    await market.market.stop()


async def test_settlements_are_booked_on_postgresql_too(tmp_path: Path, postgres_url: str) -> None:
    market = ScriptedMarket()
    settings = Settings(market="simulated", port=0, database=postgres_url, secret_key="x" * 32)
    async with desk_server(tmp_path, market=(market.market, market.clock), settings=settings) as desk:
        scene = Scene(desk, market)
        short = await scene.enter(expiring(-3), "short")
        long = await scene.enter(expiring(1), "long")
        desk.venue.faults.ask(Fault.DUPLICATE_FILL)
        await market.at(CLOSE, spot=5080)
        closed = [await scene.closed(item) for item in (short, long)]
        await scene.reconcile()
        assert sum(position.RealizedPnL for position in closed) == await scene.gained()
        assert await scene.errors() == []
