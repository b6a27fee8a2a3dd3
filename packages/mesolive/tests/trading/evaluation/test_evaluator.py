"""What a strategy is told about its account before it is evaluated."""

from __future__ import annotations

from datetime import datetime

from mesolive.trading.evaluation.evaluator import StrategyContext, load_context
from mesolive.trading.portfolio.accounts import find_account
from mesolive_sdk import models
from mesolive_testkit.server import ACCOUNT, Kit


async def context(kit: Kit, strategy_id: int) -> StrategyContext:
    user = await kit.application.access.user("trader")
    async with kit.application.database.read() as tx:
        account = await find_account(tx, user.user_id, ACCOUNT)
        return await load_context(tx, user.user_id, account, strategy_id)


def times(result: StrategyContext) -> tuple[datetime | None, datetime | None]:
    return result.last_entry_at, result.last_exit_at


async def test_a_strategy_knows_when_it_last_entered_and_left_and_nothing_of_another_strategys_times(kit: Kit) -> None:
    one, other = await kit.strategy(), await kit.strategy()
    assert times(await context(kit, one.Id)) == (None, None)
    entered = await kit.enter(one.Id)
    await kit.advance(600)
    await kit.leave(entered.PositionId)
    await kit.advance(600)
    again = await kit.enter(one.Id)
    left = await kit.control.get_position(models.GetPositionArgs(PositionId=entered.PositionId))
    back = await kit.control.get_position(models.GetPositionArgs(PositionId=again.PositionId))
    assert left.ClosedAt is not None
    assert left.CreatedAt < left.ClosedAt < back.CreatedAt
    result = await context(kit, one.Id)
    assert times(result) == (back.CreatedAt, left.ClosedAt)
    assert [position.id for position in result.positions] == [back.Id]
    beside = await context(kit, other.Id)
    assert times(beside) == (None, None)
    assert [position.id for position in beside.positions] == [back.Id]
