"""What a user meets who stops the server and starts it again."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from mesolive.store.database import Database
from mesolive.store.engines import UnusableDatabaseError
from mesolive_sdk import models
from mesolive_testkit.server import live_server


async def test_a_position_can_be_exited_after_a_restart_that_begins_the_simulated_market_again(tmp_path: Path) -> None:
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


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ("DROP TABLE prepare_jobs", "table prepare_jobs"),
        ("ALTER TABLE strategies DROP COLUMN backtest_id", "column strategies.backtest_id"),
    ],
)
async def test_tables_of_an_earlier_server_are_refused_at_the_start_and_not_in_the_middle_of_a_trade(
    tmp_path: Path, change: str, missing: str
) -> None:
    file = tmp_path / "old.sqlite3"
    await (await Database.open(f"sqlite:///{file}")).close()
    connection = sqlite3.connect(file)
    connection.execute(change)
    connection.commit()
    connection.close()
    with pytest.raises(UnusableDatabaseError, match=f"lacks the {missing}: "):
        await Database.open(f"sqlite:///{file}")
