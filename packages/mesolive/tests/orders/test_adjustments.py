"""Adjustments by orders at a venue: each kind whole, in parts, stopped half way, and over a restart at each step."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from adjusting_testkit import CONDITION, STRIKE, Operation, Play, play, strangle
from mesolive_sdk import models
from mesolive_sdk.models import LivePositionState, PositionStatus


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncGenerator[Play]:
    async with play(tmp_path) as found:
        yield found


async def test_a_moved_leg_is_ordered_as_one_combo_and_told_once(stage: Play) -> None:
    await stage.enter(strangle(MoveLegAdjustment=STRIKE))
    before = (await stage.position()).RealizedPnL
    stage.market.move(4900)
    plan = await stage.adjust(Operation.MoveLeg)
    assert (plan.Operation, plan.Condition, plan.LegGroups) == (Operation.MoveLeg, CONDITION, {0: ["p:close", "p"]})
    assert await stage.held() == {"c": [(5200, -4, "Open")], "p": [(4700, -4, "Open")]}
    position = await stage.position()
    assert position.State is LivePositionState.Open
    assert position.Vars["moves"] == 1
    assert position.RealizedPnL < before, "the put was bought back dearer"
    await stage.told(1)
    (adjusted,) = stage.updates(PositionStatus.Adjusted)
    assert adjusted.RealizedPnL == position.RealizedPnL
    told = [(one.LegName, one.Status.name, one.Qty) for one in stage.of(models.LegUpdateEvent)]
    assert told[-2:] == [("p", "Closed", -4), ("p", "Open", -4)]
    await stage.must_balance()
