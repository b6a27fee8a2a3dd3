"""What a user meets who stops the server and starts it again."""

from __future__ import annotations

from pathlib import Path

from mesolive_sdk import models
from mesolive_testkit import live_server


async def test_a_position_can_be_left_after_a_restart_that_begins_the_simulated_market_anew(tmp_path: Path) -> None:
    async with live_server(tmp_path) as kit:
        strategy = await kit.strategy()
        await kit.advance(600)
        position_id = (await kit.enter(strategy.Id)).PositionId
    async with live_server(tmp_path) as kit:  # its market begins where the first one began, before the entry
        await kit.leave(position_id)
        left = await kit.control.get_position(models.GetPositionArgs(PositionId=position_id))
        assert left.State is models.LivePositionState.Closed
        assert left.ClosedAt is not None
        assert left.ClosedAt >= left.CreatedAt
