"""A marker leg (quantity 0) is watched and closed with its position, never traded; ungrouped legs are group 0."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mesolive_sdk import MesoLiveApiException, models
from mesolive_testkit.server import MARKER, Kit, fills_args, with_a_marker


async def prepared(kit: Kit) -> models.PreparePositionEntryResult:
    strategy = await kit.strategy(Structure=with_a_marker())
    plan = (await kit.prepare_entry(strategy.Id)).Result
    assert plan is not None
    return plan


async def test_legs_without_a_group_are_one_combo_in_which_a_marker_has_no_part(kit: Kit) -> None:
    plan = await prepared(kit)
    traded = ["short_put", "long_put", "short_call", "long_call"]
    assert plan.LegGroups == {0: [*traded, MARKER]}
    assert plan.LegGroupQtys[0].Qty == 1
    assert [plan.LegGroupQtys[0].LegRatios[name] for name in [*traded, MARKER]] == [-1, 1, -1, 1, 0]
    assert plan.LegGroupPrices.keys() == plan.LegGroupGreeks.keys() == {0}
    marks = [plan.LegPrices[name].Mark for name in traded]
    assert None not in marks
    combo = sum(sign * mark for sign, mark in zip((-1, 1, -1, 1), marks, strict=True) if mark is not None)
    assert plan.LegGroupPrices[0].Mark == plan.PositionPrice.Mark == combo
    assert combo < 0  # it is entered for a credit


async def test_a_marker_is_entered_at_its_mark_watched_as_one_contract_and_closed_with_its_position(kit: Kit) -> None:
    plan = await prepared(kit)
    assert plan.SelectedLegs[MARKER].Qty == 0
    selected_at = plan.LegPrices[MARKER].Mark
    args = fills_args(plan.ExecPlanId, plan.SelectedLegs, plan.LegPrices)
    assert MARKER not in args.PaperLegFills
    filled = await kit.control.apply_paper_fills(args)
    await kit.advance(600)
    position = await kit.control.get_position(models.GetPositionArgs(PositionId=filled.PositionId))
    (marker,) = (leg for leg in position.Legs if leg.Name == MARKER)
    assert (marker.Qty, marker.AvgEntryPrice) == (0, selected_at)
    now = position.LegPrices[marker.Id].Mark
    assert now is not None
    assert now != selected_at
    assert position.LegPnLs[marker.Id].Mark == (now - marker.AvgEntryPrice) * 100
    pnl = [position.LegPnLs[leg.Id].Mark for leg in position.Legs if leg.Name != MARKER]
    assert position.PositionPnL.Mark == sum(amount for amount in pnl if amount is not None)
    assert position.LegGroups == {0: [leg.Name for leg in position.Legs]}

    await kit.leave(filled.PositionId)
    closed = await kit.control.get_position(models.GetPositionArgs(PositionId=filled.PositionId))
    assert all(leg.ClosedAt is not None for leg in closed.Legs)
    assert (closed.State, closed.LegGroups, closed.LegPrices) == (models.LivePositionState.Closed, {}, {})
    executions = await kit.control.list_executions(models.ListExecutionsArgs(PositionId=filled.PositionId))
    assert MARKER not in {execution.LegName for execution in executions.Executions}


async def test_a_fill_of_a_marker_is_refused(kit: Kit) -> None:
    plan = await prepared(kit)
    args = fills_args(plan.ExecPlanId, plan.SelectedLegs, plan.LegPrices)
    args.PaperLegFills[MARKER] = models.PaperLegFill(Price=Decimal(1))
    with pytest.raises(MesoLiveApiException, match="is a marker leg"):
        await kit.control.apply_paper_fills(args)
