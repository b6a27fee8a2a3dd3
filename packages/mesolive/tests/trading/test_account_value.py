"""What an account is worth: its cash and what it holds at the marks, for people and for strategies alike."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mesolive_sdk import models
from mesolive_testkit import Kit, definition
from mesolive_testkit.server import ACCOUNT


async def test_an_account_is_worth_its_cash_and_what_it_holds_at_the_marks_and_strategies_read_just_that(
    kit: Kit,
) -> None:
    held = await kit.strategy()
    entered = await kit.enter(held.Id)
    await kit.advance(600)
    account = await kit.control.get_account(models.GetAccountArgs(BrokerAccountId=ACCOUNT))
    position = await kit.control.get_position(models.GetPositionArgs(PositionId=entered.PositionId))
    worth = Decimal(0)
    for leg in position.Legs:
        mark = position.LegPrices[leg.Id].Mark
        assert mark is not None
        assert leg.LiveContract.Multiplier == 100
        worth += mark * leg.Qty * 100
    assert worth != 0
    assert account.Cash is not None
    assert account.Cash != 100_000
    total = account.Cash + worth
    assert account.NetLiquidationValue == total

    entry = definition()["Entry"] | {"VarDefines": {"worth": "nav", "start": "initial_cash"}}
    reading = await kit.strategy(Entry=entry, Exit={})
    plan = (await kit.prepare_entry(reading.Id)).Result
    assert plan is not None
    assert float(plan.Vars["worth"]) == pytest.approx(float(total), abs=1e-6)
    assert plan.Vars["start"] == 100_000
