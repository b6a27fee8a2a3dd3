"""Margin over the socket: shown with positions and accounts, and read by conditions."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mesolive.pricing.margin import MarginRules
from mesolive.pricing.margin_pm import pm_like
from mesolive.pricing.risk_graph import RiskLeg
from mesolive.trading.portfolio.margin import rules_of
from mesolive_sdk import models
from mesolive_testkit.server import ACCOUNT
from mesolive_testkit.signals import EXPIRATIONS, MONDAY, Stage, leg, short_put, stage


@pytest.fixture
async def play(tmp_path: Path) -> AsyncGenerator[Stage]:
    async with stage(tmp_path) as server:
        yield server


def margin(**rules: Any) -> dict[str, Any]:
    return {"Core": {"Margin": rules}}


def put_spread(strike: int = 4800, **sections: Any) -> dict[str, Any]:
    """Return a definition: a put sold, and one bought 100 points below it."""
    result = short_put(**sections)
    legs = [leg("p", -1, StrikePrice=strike), leg("l", 1, StrikePrice=strike - 100)]
    result["Structure"] = {**result["Structure"], "Legs": legs}
    return result


async def detail(play: Stage, position_id: int) -> models.LivePositionDetail:
    return await play.kit.control.get_position(models.GetPositionArgs(PositionId=position_id))


async def requirement(play: Stage) -> Decimal | None:
    account = await play.kit.control.get_account(models.GetAccountArgs(BrokerAccountId=ACCOUNT))
    return account.MaintenanceMarginReq


def alone(position: models.LivePositionDetail) -> Decimal:
    """Return what the short put requires alone: its mark, and 15 % of 5000 less the 200 that it is out of the money."""
    mark = position.PositionPrice.Mark
    assert mark is not None
    return 100 * (abs(mark) + 550)


async def test_a_position_shows_the_margin_that_its_strategy_asks_for(play: Stage) -> None:
    _, naked = await play.enter(short_put(Settings=margin(Model="RegT")))
    _, spread = await play.enter(put_spread(4725, Settings=margin(Model="RegT", HouseMultiplier=1.5)))
    _, silent = await play.enter(put_spread(4650))
    _, off = await play.enter(put_spread(4600, Settings=margin(Model="None")))
    position = await detail(play, naked)
    assert position.Margin == pytest.approx(alone(position), abs=Decimal("0.01"))
    assert (await detail(play, spread)).Margin == 15_000
    assert (await detail(play, silent)).Margin is None
    assert (await detail(play, off)).Margin is None
    # The account has a requirement whatever its strategies ask: 100 wide is 10,000 where they do not.
    assert await requirement(play) == (position.Margin or 0) + 15_000 + 10_000 + 10_000


async def test_permissive_margin_applies_what_the_fill_brought(play: Stage) -> None:
    _, position_id = await play.enter(put_spread(Settings=margin(Model="RegT", RegTMode="CBOEPermissive")))
    position = await detail(play, position_id)
    credit = -sum(100 * leg.Qty * leg.AvgEntryPrice for leg in position.Legs)
    assert credit > 1000
    assert position.Margin == pytest.approx(10_000 - credit, abs=Decimal("0.01"))
    play.market.move(4700)
    assert (await detail(play, position_id)).Margin == position.Margin, (
        "what it brought does not change with the market"
    )


async def test_portfolio_like_margin_is_the_loss_at_the_end_of_the_range(play: Stage) -> None:
    rules = margin(Model="PMLike", PMConfig={"LowerBoundPct": 8, "UpperBoundPct": 4})
    _, position_id = await play.enter(short_put(Settings=rules))
    position = await detail(play, position_id)
    days = (EXPIRATIONS[2].settles_at - MONDAY).total_seconds() / 86_400
    # Priced without interest at one volatility of 20 %.
    risk = RiskLeg(False, 4800.0, -100.0, 0.0, 0.2, days / 365, days, 5000.0, 1.0)
    assert float(position.Margin or 0) == pytest.approx(pm_like([risk], 5000.0, 0.08, 0.04), rel=0.01)


async def test_there_is_no_margin_while_a_leg_has_no_price(play: Stage) -> None:
    _, position_id = await play.enter(short_put(Settings=margin(Model="RegT")))
    contract = (await detail(play, position_id)).Legs[0].LiveContract
    assert contract.Expiration is not None
    play.market.blank("SPXW", contract.Expiration.date())
    assert (await detail(play, position_id)).Margin is None
    assert await requirement(play) is None


def test_a_stored_definition_that_cannot_be_read_has_no_rules() -> None:
    assert rules_of('{"Settings": {"Core": {"Margin": {"Model": "RegT"}}}, "MesoSimVersion": "3.0"}') == MarginRules()
    assert rules_of("{") is None


async def test_an_account_without_positions_requires_nothing(play: Stage) -> None:
    assert await requirement(play) == 0


async def test_a_condition_reads_the_margin_of_its_position_and_of_the_account(play: Stage) -> None:
    strategy, position_id = await play.enter(
        put_spread(
            Settings=margin(Model="RegT", HouseMultiplier=2),
            Exit={"Conditions": ["pos_margin < 30000 and acc_margin < 30000 and underlying_price < 4900"]},
        )
    )
    await play.evaluate()
    assert await play.events(models.ExitSignalEvent) == []
    play.market.move(4850)
    await play.evaluate()
    (signal,) = await play.events(models.ExitSignalEvent)
    assert (signal.StrategyId, signal.PositionId) == (strategy.Id, position_id)
    assert signal.ExitSignalResult is not None
    (seen,) = signal.ExitSignalResult.Conditions
    assert seen.Result is True
    assert seen.Vars == {"pos_margin": 20_000, "acc_margin": 20_000, "underlying_price": 4850}


async def test_a_condition_on_margin_that_is_not_calculated_is_an_error_and_no_signal(play: Stage) -> None:
    await play.enter(put_spread(Exit={"Conditions": ["pos_margin < 1000000"]}))
    await play.evaluate()
    assert await play.events(models.ExitSignalEvent) == []
    (error,) = await play.events(models.ErrorEvent)
    assert error.Message is not None
    assert "Settings.Core.Margin" in error.Message


async def test_an_entry_may_be_sized_by_its_own_margin_and_that_of_the_account(play: Stage) -> None:
    rules = margin(Model="RegT")
    first = await play.strategy(put_spread(Settings=rules, Entry={"QtyMultiplier": "floor(30000 / pos_margin)"}))
    await play.kit.enter(first.Id)
    assert await requirement(play) == 30_000
    left = "floor((50000 - (acc_margin - pos_margin)) / pos_margin) -- of 50,000 for all positions"
    second = await play.strategy(put_spread(4650, Settings=rules, Entry={"QtyMultiplier": left}))
    prepared = await play.kit.prepare_entry(second.Id)
    assert prepared.Result is not None, prepared.Error
    assert prepared.Result.QtyMultiplier == 2


async def test_variables_that_an_entry_freezes_may_read_its_margin(play: Stage) -> None:
    _, position_id = await play.enter(
        put_spread(
            Settings=margin(Model="RegT"),
            Entry={"VarDefines": {"tied_up": "pos_margin"}},
        )
    )
    assert await play.events(models.ErrorEvent) == []
    assert (await detail(play, position_id)).Vars["tied_up"] == 10_000
