"""What expires at a venue settles there, and the books follow: each settlement once, on the legs that held it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from mesolive.market.contracts import ExerciseStyle, OptionContract, Right
from mesolive.market.history import DailySeries, Day
from mesolive.settings import Settings
from mesolive.trading.settlement.booking import book_settlement
from mesolive.venues.base import Settled, VenueLeg, VenueUnreachableError
from mesolive.venues.simulated.config import SimulatedVenueConfig
from mesolive.venues.simulated.faults import FILL_FAULTS, Fault, Faults
from mesolive.venues.simulated.stepped import SteppedVenue
from mesolive.venues.simulated.venue import SimulatedVenue
from mesolive_sdk import models, new_idempotency_key
from mesolive_sdk.models import ErrorState, LivePositionState
from mesolive_testkit.market.chains import expiration
from mesolive_testkit.signals import EXPIRATIONS, Json, ScriptedMarket, leg, short_put
from mesolive_testkit.venues import SIM, Desk, at_venue, desk_server

FRIDAY = date(2024, 3, 15)
OPENING = datetime(2024, 3, 15, 13, 30, tzinfo=UTC)
CLOSE = datetime(2024, 3, 15, 20, 0, tzinfo=UTC)
MONDAY_AFTER = datetime(2024, 3, 18, 14, 0, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
ANY_LEG = models.LiveLegSelectionConstraint.None_


def expiring(qty: int, strike: int = 5100, root: str = "SPXW", name: str = "p") -> Json:
    """Return a definition that trades one put which expires in four days."""
    return short_put(
        StrategyName=f"{qty} of {root} {strike}",
        Structure={
            "Expirations": [{"Name": "e", "DTE": "4", "Roots": {"Include": [root]}}],
            "Legs": [leg(name, qty, StrikePrice=strike)],
        },
    )


def contract(strike: int = 5100, root: str = "SPXW") -> OptionContract:
    return OptionContract("SPX", root, FRIDAY, Right.PUT, Decimal(strike))


class Scene:
    """A server with an account at a venue, over a market whose prices and time a test decides."""

    def __init__(self, desk: Desk, market: ScriptedMarket) -> None:
        self.desk = desk
        self.market = market

    async def enter(self, definition: Json, name: str = "a position") -> int:
        """Import a strategy, enter it at the market, and return the position."""
        made = await self.desk.control.create_strategy(
            models.CreateStrategyArgs(StrategyDefinition=definition, ActiveOnAccounts=[SIM])
        )
        await self.desk.listen()
        plan = await self.desk.prepare_entry(made.Id, name, constraint=ANY_LEG)
        await self.desk.send(at_venue(plan))

        return await self.named(name, LivePositionState.Open)

    async def named(self, name: str, state: LivePositionState) -> int:
        """Wait until the position of this name is in this state, and return it."""

        async def look() -> int | None:
            position_ids = [
                position.Id
                for position in await self.desk.positions()
                if (position.Name, position.State) == (name, state)
            ]
            return position_ids[0] if position_ids else None

        return await self.desk.eventually(look)

    async def position(self, position_id: int) -> models.LivePositionDetail:
        return await self.desk.control.get_position(models.GetPositionArgs(PositionId=position_id))

    async def closed(self, position_id: int) -> models.LivePositionDetail:
        """Wait until a position is closed."""

        async def look() -> models.LivePositionDetail | None:
            result = await self.position(position_id)
            return result if result.State is LivePositionState.Closed else None

        return await self.desk.eventually(look)

    async def until(self, look: Callable[[], Awaitable[bool]]) -> None:
        """Wait for an event after which this is so."""

        async def found() -> bool | None:
            return True if await look() else None

        await self.desk.eventually(found)

    async def reconcile(self) -> None:
        """Ask the venue now, or as soon as it is connected again."""
        (supervisor,) = self.desk.application.desk.supervisors
        async with asyncio.timeout(60):
            while True:
                try:
                    await supervisor.reconcile()
                except VenueUnreachableError:
                    await asyncio.sleep(0)
                else:
                    return

    async def gained(self) -> Decimal:
        """Return what the account's cash has gained."""
        account = await self.desk.control.get_account(models.GetAccountArgs(BrokerAccountId=SIM))
        assert account.Cash is not None
        return account.Cash - 100_000

    async def errors(self) -> list[models.ErrorEvent]:
        """Return what was told of the account, and not of statements."""
        return [
            event
            for event in await self.desk.log()
            if isinstance(event, models.ErrorEvent) and (event.Message or "").startswith("account ")
        ]

    async def settlements(self, position_id: int) -> list[models.LiveExecution]:
        """Return the executions of a position that had no order."""
        executions = await self.desk.control.list_executions(models.ListExecutionsArgs(PositionId=position_id))
        return [execution for execution in executions.Executions if execution.LiveOrderId is None]


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


def overdue(scene: Scene, state: ErrorState) -> Callable[[], Awaitable[bool]]:
    async def look() -> bool:
        return any(
            isinstance(event, models.ErrorEvent) and event.State is state and "no settlement" in (event.Message or "")
            for event in scene.desk.events
        )

    return look


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


async def test_a_settlement_waits_for_the_fill_that_was_not_reported(tmp_path: Path) -> None:
    market = ScriptedMarket()
    async with desk_server(tmp_path, market=(market.market, market.clock)) as desk:
        scene = Scene(desk, market)
        first = await scene.enter(expiring(-1), "first")
        made = await desk.control.create_strategy(
            models.CreateStrategyArgs(StrategyDefinition=expiring(-2), ActiveOnAccounts=[SIM])
        )
        await market.at(CLOSE - timedelta(minutes=1), spot=5080)
        plan = await desk.prepare_entry(made.Id, "second", constraint=ANY_LEG)
        desk.venue.faults.ask(Fault.FILL_LOST)
        await desk.send(at_venue(plan))
        await market.at(CLOSE, spot=5080)
        second = await scene.named("second", LivePositionState.Closed)
        closed = [await scene.closed(item) for item in (first, second)]
        assert [
            [(settlement.Qty, settlement.Price) for settlement in await scene.settlements(position.Id)]
            for position in closed
        ] == [
            [(1, 20)],
            [(2, 20)],
        ]
        assert sum(position.RealizedPnL for position in closed) == await scene.gained()


async def test_a_settlement_that_the_books_do_not_hold_is_an_error_for_a_day(tmp_path: Path) -> None:
    market = ScriptedMarket()
    async with desk_server(tmp_path, market=(market.market, market.clock)) as desk:
        scene = Scene(desk, market)
        position_id = await scene.enter(expiring(-1))
        by_hand = VenueLeg(name="by hand", contract=contract(), ratio=Decimal(-1))
        desk.venue.trade_by_hand(SIM, [by_hand], Decimal(1))
        await scene.reconcile()
        await market.at(CLOSE, spot=5080)
        await scene.closed(position_id)
        await scene.reconcile()
        last = (await scene.errors())[-1]
        assert last.State is ErrorState.Active
        assert last.Message is not None
        assert "the venue settled -2, the books -1" in last.Message
        number = len(await scene.errors())
        await scene.reconcile()
        assert len(await scene.errors()) == number, "told once"
        await market.at(CLOSE + timedelta(days=1))
        await scene.reconcile()
        await scene.reconcile()
        assert (await scene.errors())[-1].State is ErrorState.Resolved


async def test_a_settlement_of_less_settles_the_oldest_legs_and_the_rest_is_reported(tmp_path: Path) -> None:
    market = ScriptedMarket()
    async with desk_server(tmp_path, market=(market.market, market.clock)) as desk:
        scene = Scene(desk, market)
        first = await scene.enter(expiring(-1), "first")
        second = await scene.enter(expiring(-2), "second")
        by_hand = VenueLeg(name="by hand", contract=contract(), ratio=Decimal(1))
        desk.venue.trade_by_hand(SIM, [by_hand], Decimal(1))
        await market.at(CLOSE, spot=5080)
        await scene.closed(first)
        await scene.reconcile()
        left = await scene.position(second)
        assert left.State is not LivePositionState.Closed
        assert [(settlement.Qty, settlement.Price) for settlement in await scene.settlements(second)] == [(1, 20)]
        last = (await scene.errors())[-1]
        assert last.State is ErrorState.Active
        assert last.Message is not None
        assert "the venue holds 0, the books -1" in last.Message
        await market.at(CLOSE + QUARTER)
        await desk.application.signals.evaluate()
        await scene.until(overdue(scene, ErrorState.Active))
        await scene.reconcile()
        assert len(await scene.settlements(second)) == 1


async def test_an_early_exercise_is_an_error_until_the_books_show_it(tmp_path: Path) -> None:
    american = [replace(item, style=ExerciseStyle.AMERICAN) for item in EXPIRATIONS]
    market = ScriptedMarket(expirations=american)
    async with desk_server(tmp_path, market=(market.market, market.clock)) as desk:
        scene = Scene(desk, market)
        position_id = await scene.enter(expiring(-1))
        desk.venue.faults.ask(Fault.DUPLICATE_FILL)
        desk.venue.exercise_early(SIM, contract(), Decimal(-1))
        await scene.until(lambda: told_of(scene, "assigned"))
        (notice,) = [error for error in await scene.errors() if "assigned" in (error.Message or "")]
        assert notice.PositionId == position_id
        assert notice.Message is not None
        assert f"1 of {contract()} were assigned" in notice.Message
        assert f"position {position_id} 'a position'" in notice.Message
    market = ScriptedMarket(market.clock.now() + timedelta(days=2), american)
    async with desk_server(tmp_path, market=(market.market, market.clock)) as desk:
        scene = Scene(desk, market)
        await desk.listen()
        await desk.until(lambda: notice.EventId in {event.EventId for event in desk.events})  # to who connects
        await scene.reconcile()
        await scene.reconcile()
        await desk.control.set_position_closed(closing(position_id))
        await scene.reconcile()
        reported = [error for error in await scene.errors() if error.ErrorId == notice.ErrorId]
        assert [item.State.name for item in reported] == ["Active", "Resolved"]
        assert reported[1].PositionId == position_id
        assert all(error.State is ErrorState.Resolved for error in (await scene.errors())[-2:])


async def told_of(scene: Scene, word: str) -> bool:
    return any(word in (error.Message or "") for error in await scene.errors())


def closing(position_id: int) -> models.SetPositionClosedArgs:
    return models.SetPositionClosedArgs(IdempotencyKey=new_idempotency_key(), PositionId=position_id)


async def test_european_options_and_what_is_not_held_are_not_exercised_early(tmp_path: Path) -> None:
    market = ScriptedMarket()
    async with desk_server(tmp_path, market=(market.market, market.clock)) as desk:
        await Scene(desk, market).enter(expiring(-1))
        for strike, qty in ((5100, -1), (5100, 1), (5100, -2), (5050, -1)):
            with pytest.raises(ValueError, match=r"cannot be exercised|the account holds"):
                desk.venue.exercise_early(SIM, contract(strike), Decimal(qty))


async def test_marker_legs_end_with_their_expiration_at_venues_too(tmp_path: Path) -> None:
    market = ScriptedMarket()
    structure: Json = {
        "Expirations": [
            {"Name": "near", "DTE": "4", "Roots": {"Include": ["SPXW"]}},
            {"Name": "far", "DTE": "39", "Roots": {"Include": ["SPXW"]}},
        ],
        "Legs": [
            leg("marker", 0, "Put", "near", StrikePrice=4900),
            leg("near", -1, "Put", "near", StrikePrice=5100),
            leg("far", 1, "Put", "far", StrikePrice=4900),
        ],
    }
    async with desk_server(tmp_path, market=(market.market, market.clock)) as desk:
        scene = Scene(desk, market)
        position_id = await scene.enter(short_put(Structure=structure))
        await market.at(CLOSE, spot=5080)
        await scene.until(lambda: closed_legs(scene, position_id, {"near"}))
        await market.at(CLOSE + QUARTER)
        await desk.application.signals.evaluate()
        await scene.until(lambda: closed_legs(scene, position_id, {"near", "marker"}))
        assert (await scene.position(position_id)).State is LivePositionState.Open
        assert await scene.errors() == []


async def closed_legs(scene: Scene, position_id: int, names: set[str]) -> bool:
    return {item.Name for item in (await scene.position(position_id)).Legs if item.ClosedAt == CLOSE} == names


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
