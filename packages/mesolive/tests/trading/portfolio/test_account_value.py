"""What an account is worth: its cash and what it holds at the marks, for people and for strategies alike."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive_sdk import models
from mesolive_testkit.server import ACCOUNT, Kit, definition


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


async def account_of(kit: Kit) -> models.LiveAccount:
    return await kit.control.get_account(models.GetAccountArgs(BrokerAccountId=ACCOUNT))


async def test_greeks_of_an_account_are_those_of_its_stream_and_its_delta_in_currency_that_of_the_spot(
    kit: Kit,
) -> None:
    empty = await account_of(kit)
    assert empty.Greeks is not None
    assert (empty.Greeks.Delta, empty.Greeks.Vega, empty.DeltaDollars) == (0, 0, 0)
    await kit.enter((await kit.strategy()).Id)
    await kit.advance(600)
    account = await account_of(kit)
    data = await kit.data()
    streamed = (await data.get_account_snapshot(models.GetAccountSnapshotArgs(BrokerAccountId=ACCOUNT))).Greeks.Mark
    assert streamed is not None
    assert account.Greeks is not None
    for name in ("Delta", "Gamma", "Theta", "Vega"):
        value = getattr(account.Greeks, name)
        assert value != 0
        assert float(value) == pytest.approx(float(getattr(streamed, name)), rel=1e-4, abs=1e-5)
    spot = kit.application.market.view("SPX").underlying.quote.mark
    assert spot is not None
    assert account.DeltaDollars is not None
    assert float(account.DeltaDollars) == pytest.approx(float(account.Greeks.Delta or 0) * spot, rel=1e-4)
    assert (await kit.control.list_accounts()).Accounts == [account]


async def test_fills_and_nothing_else_move_an_accounts_cash_to_the_cent(kit: Kit) -> None:
    regt = {"Settings": {"Core": {"Margin": {"Model": "RegT"}}}}
    entered = await kit.enter((await kit.strategy(**regt)).Id)

    async def paid() -> Decimal:
        executions = (await kit.control.list_executions()).Executions
        return sum(
            (execution.Qty * execution.Price * 100 + execution.Commission for execution in executions), Decimal(0)
        )

    held = await account_of(kit)
    assert held.Cash == 100_000 - await paid()
    assert (held.ActivePositions, (held.MaintenanceMarginReq or 0) > 0) == (1, True)
    await kit.advance(3600)
    later = await account_of(kit)
    assert later.Cash == held.Cash
    assert later.NetLiquidationValue != held.NetLiquidationValue
    await kit.leave(entered.PositionId)
    flat = await account_of(kit)
    assert flat.Cash == 100_000 - await paid()
    realized = (await kit.control.get_position(models.GetPositionArgs(PositionId=entered.PositionId))).RealizedPnL
    assert flat.NetLiquidationValue == flat.Cash == 100_000 + realized
    assert (flat.ActivePositions, flat.MaintenanceMarginReq) == (0, 0)


async def test_an_account_says_when_its_values_were_true(kit: Kit) -> None:
    clock, provider = kit.application.clock, kit.application.market.provider()
    assert isinstance(provider, SimulatedProvider)
    assert (await account_of(kit)).LastUpdated == clock.now()
    await kit.enter((await kit.strategy()).Id)
    await kit.advance(60)
    lost = clock.now()
    assert (await account_of(kit)).LastUpdated == lost
    provider.disconnect("the line is cut")
    await kit.advance(600)
    away = await account_of(kit)
    assert away.LastUpdated == lost, "it is worth what it was worth when the market was last heard"
    provider.reconnect()
    await kit.advance(60)
    assert (await account_of(kit)).LastUpdated == clock.now()
