"""Paper trades over the Control Hub: fills of a plan are checked by leg, booked to the cent, and once."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mesolive_sdk import models
from mesolive_testkit.refusals import refused
from mesolive_testkit.server import ACCOUNT, Kit, fills_args

Status = models.StatusCode

# Section 3 of the wire contract.


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"short_put": None}, "PaperLegFills[short_put]"),
        ({"nobody": models.PaperLegFill(Price=Decimal(1))}, "PaperLegFills[nobody]"),
        ({"short_put": models.PaperLegFill(Price=Decimal(-1))}, "PaperLegFills[short_put].Price"),
    ],
)
async def test_fills_that_do_not_match_the_plan_are_refused_by_leg(
    kit: Kit, change: dict[str, models.PaperLegFill | None], path: str
) -> None:
    strategy = await kit.strategy()
    result = (await kit.prepare_entry(strategy.Id)).Result
    assert result is not None
    args = fills_args(result.ExecPlanId, result.SelectedLegs, result.LegPrices)
    fills = {name: fill for name, fill in (args.PaperLegFills | change).items() if fill is not None}
    bad = models.ApplyPaperFillsArgs(
        IdempotencyKey="bad", BrokerAccountId=ACCOUNT, ExecPlanId=args.ExecPlanId, PaperLegFills=fills
    )
    error = await refused(kit.control.apply_paper_fills(bad))
    assert error.status is Status.ValidationError
    assert error.error is not None
    assert path in (error.error.ValidationErrors or {})
    missing = await refused(kit.control.get_idempotency_record(models.GetIdempotencyRecordArgs(IdempotencyKey="bad")))
    assert missing.status is Status.NotFound
    assert (await kit.control.list_positions()).Positions == []


async def test_a_trade_is_booked_to_the_cent(kit: Kit) -> None:
    strategy = await kit.strategy()
    entered = await kit.enter(strategy.Id)
    executions = (
        await kit.control.list_executions(models.ListExecutionsArgs(PositionId=entered.PositionId))
    ).Executions
    assert {execution.Id for execution in executions} == set(entered.ExecutionIds)
    spent = sum(e.Price * e.Qty * 100 + e.Commission for e in executions)
    account = await kit.control.get_account(models.GetAccountArgs(BrokerAccountId=ACCOUNT))
    assert account.Cash == 100_000 - spent
    assert account.ActivePositions == 1

    await kit.advance(600)
    left = await kit.leave(entered.PositionId)
    closing = (await kit.control.list_executions(models.ListExecutionsArgs(ExecPlanId=left.ExecPlanId))).Executions
    received = -sum(e.Price * e.Qty * 100 + e.Commission for e in closing)
    position = await kit.control.get_position(models.GetPositionArgs(PositionId=entered.PositionId))
    assert position.State is models.LivePositionState.Closed
    assert position.RealizedPnL == received - spent
    assert sum(leg.TrackedRealizedPnL or 0 for leg in position.Legs) == position.RealizedPnL
    account = await kit.control.get_account(models.GetAccountArgs(BrokerAccountId=ACCOUNT))
    assert account.Cash == account.NetLiquidationValue == 100_000 + position.RealizedPnL
    assert account.ActivePositions == 0


async def test_entry_time_variables_stay_with_the_position(kit: Kit) -> None:
    strategy = await kit.strategy()
    entered = await kit.enter(strategy.Id)
    before = await kit.control.get_position(models.GetPositionArgs(PositionId=entered.PositionId))
    await kit.advance(3600)
    after = await kit.control.get_position(models.GetPositionArgs(PositionId=entered.PositionId))
    assert before.Vars == after.Vars
    assert before.Vars["profit_target"] == pytest.approx(before.Vars["credit"] / 2)
    assert before.Vars["stop_loss"] == pytest.approx(before.Vars["credit"] * 2)


async def test_a_plan_is_executed_once(kit: Kit) -> None:
    strategy = await kit.strategy()
    result = (await kit.prepare_entry(strategy.Id)).Result
    assert result is not None
    args = fills_args(result.ExecPlanId, result.SelectedLegs, result.LegPrices, key="fill-1")
    first = await kit.control.apply_paper_fills(args)
    again = await refused(kit.control.apply_paper_fills(args))
    assert (again.status, again.data) == (Status.DuplicateRequest, first)
    other_key = fills_args(result.ExecPlanId, result.SelectedLegs, result.LegPrices, key="fill-2")
    assert (await refused(kit.control.apply_paper_fills(other_key))).status is Status.Conflict
    assert len((await kit.control.list_positions()).Positions) == 1
    record = await kit.control.get_idempotency_record(models.GetIdempotencyRecordArgs(IdempotencyKey="fill-1"))
    assert (record.Status, record.LiveOrderIds) == (models.IdempotencyRecordStatus.Completed, first.LiveOrderIds)


async def test_the_multiplier_given_with_the_fill_scales_every_leg(kit: Kit) -> None:
    strategy = await kit.strategy()
    result = (await kit.prepare_entry(strategy.Id)).Result
    assert result is not None
    args = fills_args(result.ExecPlanId, result.SelectedLegs, result.LegPrices, multiplier=Decimal(3))
    entered = await kit.control.apply_paper_fills(args)
    position = await kit.control.get_position(models.GetPositionArgs(PositionId=entered.PositionId))
    assert {abs(leg.Qty) for leg in position.Legs} == {Decimal(3)}
    assert position.QtyMultiplier == 3


async def test_a_position_that_is_closed_cannot_be_left_again(kit: Kit) -> None:
    strategy = await kit.strategy()
    entered = await kit.enter(strategy.Id)
    stale = (await kit.prepare_exit(entered.PositionId)).Result
    assert stale is not None
    await kit.leave(entered.PositionId)
    args = fills_args(stale.ExecPlanId, stale.PositionLegs, stale.LegPrices)
    assert (await refused(kit.control.apply_paper_fills(args))).status is Status.Conflict
    again = models.PreparePositionExitArgs(IdempotencyKey="x", PositionId=entered.PositionId)
    assert (await refused(kit.control.start_prepare_position_exit(again))).status is Status.Conflict


async def test_a_contract_in_use_is_passed_over_by_a_fully_unique_entry(kit: Kit) -> None:
    strategy = await kit.strategy()
    first = await kit.control.get_position(models.GetPositionArgs(PositionId=(await kit.enter(strategy.Id)).PositionId))
    second = (await kit.prepare_entry(strategy.Id)).Result
    assert second is not None
    used = {(leg.LiveContract.OptionType, leg.LiveContract.Strike) for leg in first.Legs}
    new = {(leg.LiveContract.OptionType, leg.LiveContract.Strike) for leg in second.SelectedLegs.values()}
    assert used.isdisjoint(new)
