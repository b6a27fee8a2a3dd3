"""Settlements at a venue that the books do not match: late, too small, of what is not held, exercised early."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from mesolive.market.contracts import ExerciseStyle
from mesolive.records import replace
from mesolive.venues.base import VenueLeg
from mesolive.venues.simulated.faults import Fault
from mesolive_sdk import models, new_idempotency_key
from mesolive_sdk.models import ErrorState, LivePositionState
from mesolive_testkit.settlement.scene import ANY_LEG, CLOSE, QUARTER, Scene, contract, expiring, overdue
from mesolive_testkit.signals import EXPIRATIONS, Json, ScriptedMarket, leg, short_put
from mesolive_testkit.venues import SIM, at_venue, desk_server


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
        await scene.until(lambda: report_of(scene, "assigned"))
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


async def report_of(scene: Scene, word: str) -> bool:
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
