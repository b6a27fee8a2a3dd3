"""Orders that are checked before they are sent, and exec plans that are read again, through the hub."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from mesolive.trading.execution.risk_limits import Limits
from mesolive_sdk import MesoLiveControlHubClient, models, new_idempotency_key
from mesolive_sdk.exceptions import MesoLiveApiException
from mesolive_sdk.models import LivePositionState, OrderType, StatusCode
from mesolive_testkit.signals import Json, ScriptedMarket, leg, short_put
from mesolive_testkit.venues import SIM, Desk, at_venue, desk_server


@dataclass
class Trader:
    """A server over a scripted market: SPX at 5000, each option a nickel on either side of its value."""

    desk: Desk
    market: ScriptedMarket

    async def plan(self, *legs: Json) -> models.PreparePositionEntryResult:
        """Import a strategy of these legs and prepare its entry."""
        expirations = [{"Name": "e", "DTE": "39", "Roots": {"Include": ["SPXW"]}}]
        definition = short_put(Structure={"Expirations": expirations, "Legs": list(legs)})
        made = await self.desk.control.create_strategy(
            models.CreateStrategyArgs(StrategyDefinition=definition, ActiveOnAccounts=[SIM])
        )
        await self.desk.listen()
        return await self.desk.prepare_entry(made.Id)

    async def check(self, order: models.SendOrderArgs) -> models.CheckOrderResult:
        """Ask what sending this order would do."""
        return await self.desk.control.check_order(
            models.CheckOrderArgs(
                BrokerAccountId=order.BrokerAccountId,
                ExecPlanId=order.ExecPlanId,
                QtyMultiplier=order.QtyMultiplier,
                LegGroupId=order.LegGroupId,
                LegGroupOrder=order.LegGroupOrder,
                ReplacesOrder=order.ReplacesOrder,
            )
        )

    async def orders(self) -> Sequence[models.Order]:
        """Return all orders."""
        return (await self.desk.control.list_orders()).Orders


@pytest.fixture
async def trader(tmp_path: Path) -> AsyncGenerator[Trader]:
    market = ScriptedMarket()
    async with desk_server(tmp_path, market=(market.market, market.clock)) as desk:
        yield Trader(desk, market)


SPREAD = leg("short", -1, StrikePrice=4800), leg("long", 1, StrikePrice=4700)


async def test_a_check_says_what_the_order_means_and_sends_nothing(trader: Trader) -> None:
    plan = await trader.plan(*SPREAD)
    order = at_venue(plan, multiplier=Decimal(2))
    answer = await trader.check(order)
    assert (answer.Allowed, answer.Refusal, answer.Warnings) == (True, None, [])
    assert (answer.Qty, answer.Contracts) == (2, 4)
    assert answer.Bid is not None
    assert answer.Mid is not None
    assert answer.Ask is not None
    assert answer.Bid < answer.Mid < answer.Ask < 0
    assert answer.WorstPrice == answer.Ask
    assert (answer.MaxLossBefore, answer.MaxLossAfter) == (0, 2 * 100 * (100 + answer.Ask))
    assert answer.Notional == 4 * 100 * 5000
    assert answer.MarginBefore == 0
    assert answer.MarginAfter == pytest.approx(20_000)
    assert not answer.UnlimitedLoss
    verdicts = {verdict.Check: verdict for verdict in answer.Verdicts or ()}
    assert list(verdicts) == [
        "Halt",
        "EntriesHalt",
        "LiveAllowed",
        "OrderRate",
        "TradingHours",
        "Contracts",
        "Quotes",
        "Price",
        "Premium",
        "Worth",
        "Notional",
        "UnlimitedLoss",
        "MaxLoss",
    ]
    assert all(verdict.Passed for verdict in verdicts.values())
    assert (verdicts["Contracts"].Value, verdicts["Contracts"].Limit) == (4, Limits().max_contracts)
    assert (verdicts["MaxLoss"].Value, verdicts["MaxLoss"].Limit) == (answer.MaxLossAfter, Limits().max_loss)
    assert (verdicts["Price"].Value, verdicts["Price"].Limit) == (answer.WorstPrice, answer.HighestPrice)
    assert await trader.orders() == []
    await trader.desk.send(order)
    assert len(await trader.orders()) == 1


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (Limits(max_contracts=Decimal(1)), "OrderTooLarge"),
        (Limits(max_notional=Decimal(1)), "NotionalTooLarge"),
        (Limits(max_loss=Decimal(1)), "LossTooLarge"),
        (Limits(max_premium=Decimal(1)), "PremiumTooLarge"),
    ],
)
async def test_a_check_and_the_order_are_refused_alike(trader: Trader, limits: Limits, code: str) -> None:
    plan = await trader.plan(*SPREAD)
    await trader.desk.set_limits(limits)
    answer = await trader.check(at_venue(plan))
    assert answer.Refusal is not None
    assert (answer.Allowed, answer.Refusal.Code) == (False, code)
    (failed,) = [verdict for verdict in answer.Verdicts or () if not verdict.Passed]
    assert (failed.Code, failed.Message) == (code, answer.Refusal.Message)
    assert failed.Value is not None
    assert failed.Limit is not None
    assert failed.Value > failed.Limit
    assert answer.MaxLossAfter is not None
    with pytest.raises(MesoLiveApiException) as refused:
        await trader.desk.send(at_venue(plan))
    assert refused.value.error is not None
    assert (refused.value.error.Code, refused.value.status) == (code, answer.Refusal.Status)
    assert answer.Refusal.Message in str(refused.value)


async def test_checks_count_for_no_limit_and_no_event(trader: Trader) -> None:
    plan = await trader.plan(*SPREAD)
    before = await trader.desk.log()
    await trader.desk.set_limits(Limits(max_orders_per_minute=1))
    for _ in range(3):
        assert (await trader.check(at_venue(plan))).Allowed
    assert await trader.desk.log() == before
    await trader.desk.send(at_venue(plan))


async def test_a_price_that_does_not_fit_is_named_by_its_field(trader: Trader) -> None:
    plan = await trader.plan(*SPREAD)
    answer = await trader.check(at_venue(plan, kind=OrderType.Limit, limit=Decimal("-1.234")))
    assert answer.Refusal is not None
    assert answer.Refusal.Status is StatusCode.ValidationError
    assert answer.Refusal.Fields is not None
    assert "LegGroupOrder.LimitPrice" in answer.Refusal.Fields


async def test_an_exit_gives_its_margin_back(trader: Trader) -> None:
    await trader.desk.send(at_venue(await trader.plan(*SPREAD)))
    trader.market.move(5000.01)  # the venue looks at its orders when a price changes
    position = await trader.desk.position_in(LivePositionState.Open)
    plan = await trader.desk.prepare_exit(position.Id)
    answer = await trader.check(at_venue(plan))
    assert answer.Allowed
    assert answer.MarginBefore == pytest.approx(10_000)
    assert answer.MarginAfter == 0
    assert [verdict.Check for verdict in answer.Verdicts or ()] == [
        "Halt",
        "LiveAllowed",
        "OrderRate",
        "TradingHours",
        "Quotes",
        "Price",
    ]
    assert answer.MaxLossAfter is not None
    assert answer.MaxLossBefore is not None


async def test_a_plan_is_read_again_with_what_its_orders_have_done(trader: Trader) -> None:
    prepared = await trader.plan(*SPREAD)
    asked = models.GetExecPlanArgs(ExecPlanId=prepared.ExecPlanId)
    before = await trader.desk.control.get_exec_plan(asked)
    assert before.Entry == prepared
    assert (before.Plan.Kind, before.Plan.State, before.Plan.ExecutedAt) == ("Entry", "Prepared", None)
    (group,) = before.Plan.Groups
    assert (group.Qty, group.Filled, group.WorkingOrderId) == (1, 0, None)
    assert group.LegRatios == {"short": -1, "long": 1}
    sent = await trader.desk.send(at_venue(prepared, kind=OrderType.Limit, limit=Decimal(-99)))
    working = await trader.desk.control.get_exec_plan(asked)
    assert working.Plan.Groups[0].WorkingOrderId == sent.LiveOrderId
    listed = (await trader.desk.control.list_exec_plans()).Plans
    assert [plan.ExecPlanId for plan in listed] == [prepared.ExecPlanId]
    made = await trader.desk.application.access.create_key("somebody else")
    async with MesoLiveControlHubClient(trader.desk.application.url, made.token) as other:
        assert (await other.list_exec_plans()).Plans == []
        with pytest.raises(MesoLiveApiException) as refused:
            await other.get_exec_plan(asked)
        assert refused.value.status is StatusCode.NotFound


async def test_a_halt_refuses_in_the_check_too(trader: Trader) -> None:
    plan = await trader.plan(*SPREAD)
    await trader.desk.control.halt_trading(models.HaltTradingArgs(IdempotencyKey=new_idempotency_key(), Reason="lunch"))
    answer = await trader.check(at_venue(plan))
    assert answer.Refusal is not None
    assert answer.Refusal.Code == "Halted"
    verdicts = {verdict.Check: verdict for verdict in answer.Verdicts or ()}
    assert (verdicts["Halt"].Passed, verdicts["Halt"].Code) == (False, "Halted")
    assert verdicts["MaxLoss"].Passed


async def test_without_quotes_the_amounts_are_not_judged_and_the_quotes_are_refused(trader: Trader) -> None:
    plan = await trader.plan(*SPREAD)
    trader.market.mute = True
    await trader.market.at(trader.market.clock.now() + timedelta(minutes=30))
    answer = await trader.check(at_venue(plan))
    assert not answer.Allowed
    verdicts = {verdict.Check: verdict for verdict in answer.Verdicts or ()}
    assert (verdicts["Quotes"].Passed, verdicts["Quotes"].Code) == (False, "StaleQuotes")
    assert {verdicts[name].Passed for name in ("Price", "Premium", "Notional", "UnlimitedLoss", "MaxLoss")} == {None}
    assert verdicts["Contracts"].Passed
