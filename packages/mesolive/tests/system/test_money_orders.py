"""Orders that a trader sends by mistake, in a hurry, or while something else changes."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mesolive.trading.execution.risk_limits import Limits
from mesolive_sdk import models, new_idempotency_key
from mesolive_sdk.exceptions import MesoLiveApiException
from mesolive_sdk.models import LivePositionState, OrderState, OrderType, StatusCode, TimeInForce
from mesolive_testkit.adjusting import STRIKE, Play, play, strangle
from mesolive_testkit.venues import SIM, Desk, at_venue


def leg(name: str, qty: int, group: int, **selector: str) -> dict[str, Any]:
    """Return a put of a structure."""
    return {
        "Name": name,
        "Qty": str(qty),
        "OptionType": "Put",
        "ExpirationName": "month",
        "LegGroupId": str(group),
        "StrikeSelector": selector,
    }


def structure(*legs: dict[str, Any]) -> dict[str, Any]:
    """Return what makes of the sample a strategy with these legs."""
    month = {"Name": "month", "DTE": "45", "Min": "30", "Max": "60", "Roots": {"Include": ["SPXW", "SPX"]}}
    return {
        "Structure": {"Name": "test", "Expirations": [month], "Legs": list(legs)},
        "Entry": {"Schedule": {"AfterMarketOpenMinutes": "1"}},
        "Exit": {},
        "Adjustment": {},
    }


WITH_MARKERS = structure(
    leg("first", -1, 1, Delta="16"),
    leg("second", 1, 1, StrikePrice="leg_first_strike - 100"),
    leg("marker", 0, 2, Delta="30"),
)


async def test_a_strategy_whose_entry_is_at_the_venue_is_not_deleted_without_force(desk: Desk) -> None:
    strategy = await desk.strategy()
    plan = await desk.prepare_entry(strategy.Id)
    resting = await desk.send(at_venue(plan, kind=OrderType.Limit, limit=Decimal(-100)))
    await desk.order_in(resting.LiveOrderId, OrderState.Submitted)
    with pytest.raises(MesoLiveApiException, match="order") as refused:
        await desk.control.delete_strategy(models.DeleteStrategyArgs(StrategyId=strategy.Id))
    assert refused.value.status is StatusCode.Conflict
    await desk.control.cancel_order(
        models.CancelOrderArgs(IdempotencyKey=new_idempotency_key(), LiveOrderId=resting.LiveOrderId)
    )
    await desk.order_in(resting.LiveOrderId, OrderState.Cancelled)
    await desk.control.delete_strategy(models.DeleteStrategyArgs(StrategyId=strategy.Id))


MULTIPLIERS = ["0", "-0", "-1", "0.5", "1E-30", f"0.{29 * '3'}", "1E+7", f"1.{27 * '0'}1"]
"""None of them makes whole combos, though the last but two and the last are rounded to such in 28 digits."""

PRICES = ["-1.01", f"-1.05{20 * '0'}1", "-1.3E+8", "0.0000000001", f"-3.{33 * '0'}1"]


async def test_numbers_that_cannot_be_traded_are_refused(desk: Desk) -> None:
    plan = await desk.prepare_entry((await desk.strategy()).Id)
    wrong = [at_venue(plan, multiplier=Decimal(multiplier)) for multiplier in MULTIPLIERS]
    wrong += [at_venue(plan, kind=OrderType.Limit, limit=Decimal(price)) for price in PRICES]
    wrong += [at_venue(plan, time_in_force=TimeInForce.Unknown)]
    for args in wrong:
        with pytest.raises(MesoLiveApiException) as refused:
            await desk.send(args)
        assert refused.value.status is StatusCode.ValidationError, args
    assert (await desk.control.list_orders(models.ListOrdersArgs())).Orders == []


async def test_a_price_means_the_same_however_it_is_written(desk: Desk) -> None:
    plan = await desk.prepare_entry((await desk.strategy()).Id)
    resting: int | None = None
    for price in ("-2E+1", "-20.00000000000000000000", "-20"):
        args = at_venue(plan, kind=OrderType.Limit, limit=Decimal(price), replaces=resting)
        resting = (await desk.send(args)).LiveOrderId
        assert (await desk.order_in(resting, OrderState.Submitted)).LimitPrice == -20


async def test_all_groups_have_the_multiplier_of_a_group_of_marker_legs_that_was_filled_first(desk: Desk) -> None:
    plan = await desk.prepare_entry((await desk.strategy(**WITH_MARKERS)).Id)
    await desk.send(at_venue(plan, group=2, multiplier=Decimal(2)))
    with pytest.raises(MesoLiveApiException, match="multiplier of 2"):
        await desk.send(at_venue(plan, group=1, multiplier=Decimal(3)))
    await desk.send(at_venue(plan, group=1))
    opened = await desk.position_in(LivePositionState.Open)
    legs = (await desk.control.list_legs(models.ListLegsArgs(PositionId=opened.Id))).Legs
    assert {leg.Name: leg.Qty for leg in legs} == {"first": -2, "second": 2, "marker": 0}


async def test_nothing_is_entered_for_a_strategy_that_was_deleted_after_the_entry_was_prepared(desk: Desk) -> None:
    strategy = await desk.strategy()
    plan = await desk.prepare_entry(strategy.Id)
    await desk.control.delete_strategy(models.DeleteStrategyArgs(StrategyId=strategy.Id))
    with pytest.raises(MesoLiveApiException, match="deleted") as refused:
        await desk.send(at_venue(plan))
    assert refused.value.status is StatusCode.Conflict


async def test_a_position_can_be_exited_however_large_it_has_become(desk: Desk) -> None:
    strategy = await desk.strategy()
    position = await desk.enter(strategy.Id)
    dear = await desk.prepare_entry(strategy.Id, "another")
    await desk.set_limits(Limits(max_contracts=Decimal(1), max_premium=Decimal(1)))
    with pytest.raises(MesoLiveApiException) as refused:
        await desk.send(at_venue(dear))
    assert refused.value.error is not None
    assert refused.value.error.Code == "OrderTooLarge"
    await desk.send(at_venue(await desk.prepare_exit(position.Id)))
    assert (await desk.position_in(LivePositionState.Closed)).Id == position.Id


async def test_a_partly_filled_position_without_a_working_order_is_reported(tmp_path: Path) -> None:
    async with play(tmp_path, displayed=1) as stage:
        desk, clock = stage.desk, stage.market.clock
        strategy = await desk.control.create_strategy(
            models.CreateStrategyArgs(StrategyDefinition=strangle(MoveLegAdjustment=STRIKE), ActiveOnAccounts=[SIM])
        )
        await stage.listen()
        plan = await desk.prepare_entry(strategy.Id)
        first = (await desk.send(at_venue(plan))).LiveOrderId
        await stage.part(first, 2)
        await stage.market.at(clock.now() + timedelta(minutes=3))
        await desk.application.signals.evaluate()
        assert await warnings(stage) == [], "an order works"
        await stage.part(first, 3)
        await stage.cancel(first)
        await desk.application.signals.evaluate()
        assert await warnings(stage) == [], "the next order may be on its way"
        await stage.market.at(clock.now() + timedelta(minutes=3))
        for _ in range(2):
            await desk.application.signals.evaluate()
        assert await warnings(stage) == [models.ErrorState.Active]
        await stage.fill((await desk.send(at_venue(plan))).LiveOrderId)
        await stage.completed()
        await desk.application.signals.evaluate()
        assert await warnings(stage) == [models.ErrorState.Active, models.ErrorState.Resolved]
        stage.position_id = (await desk.position_in(LivePositionState.Open)).Id
        out = (await desk.send(at_venue(await desk.prepare_exit(stage.position_id)))).LiveOrderId
        await stage.part(out, 1)
        await stage.cancel(out)
        await stage.market.at(clock.now() + timedelta(minutes=3))
        await desk.application.signals.evaluate()
        assert (await warnings(stage))[2:] == [models.ErrorState.Active]
        await stage.leave()
        await desk.application.signals.evaluate()
        assert (await warnings(stage))[2:] == [models.ErrorState.Active, models.ErrorState.Resolved]
        await stage.must_balance()


async def warnings(stage: Play) -> list[models.ErrorState]:
    result = [event for event in await stage.desk.log() if isinstance(event, models.ErrorEvent)]
    ids = {item.ErrorId for item in result if "part" in (item.Message or "")}
    return [item.State for item in result if item.ErrorId in ids]
