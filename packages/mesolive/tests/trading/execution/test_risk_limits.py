"""Pre-trade risk limits as a trader meets them: sizes, losses, prices and old quotes, through the hub."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from mesolive.trading.execution.risk_limits import Limits, StaleExitPolicy
from mesolive_sdk import models, new_idempotency_key
from mesolive_sdk.exceptions import MesoLiveApiException
from mesolive_sdk.models import AgentStatus, LivePositionState, OrderState, OrderType, StatusCode
from mesolive_testkit.adjusting import STRIKE, Operation, play, strangle
from mesolive_testkit.market.providers import ObedientProvider
from mesolive_testkit.signals import Json, ScriptedMarket, leg, short_put
from mesolive_testkit.venues import SIM, Desk, at_venue, desk_server

Plan = models.PreparePositionEntryResult | models.PreparePositionExitResult | models.PreparePositionAdjustmentResult


@dataclass
class Trader:
    """A server over a scripted market: SPX at 5000, each option a nickel on either side of its value."""

    desk: Desk
    market: ScriptedMarket

    async def plan(self, *legs: Json) -> models.PreparePositionEntryResult:
        """Import a strategy of these legs and prepare its entry."""
        expirations = [
            {"Name": "e", "DTE": "39", "Roots": {"Include": ["SPXW"]}},
            {"Name": "far", "DTE": "67", "Roots": {"Include": ["SPXW"]}},
        ]
        definition = short_put(Structure={"Expirations": expirations, "Legs": list(legs)})
        made = await self.desk.control.create_strategy(
            models.CreateStrategyArgs(StrategyDefinition=definition, ActiveOnAccounts=[SIM])
        )
        await self.desk.listen()
        return await self.desk.prepare_entry(made.Id)

    async def open(self, *legs: Json) -> models.LivePosition:
        """Enter a position of these legs at the market."""
        await self.desk.send(at_venue(await self.plan(*legs)))
        self.market.move(5000.01)  # the venue looks at its orders when a price changes
        return await self.desk.position_in(LivePositionState.Open)

    async def limit(self, plan: Plan, price: Decimal | str) -> models.SendOrderResult:
        """Order a plan's group at a limit."""
        return await self.desk.send(at_venue(plan, kind=OrderType.Limit, limit=Decimal(price)))

    async def grow_old(self) -> None:
        """Let the provider say nothing for half an hour, though it is connected."""
        self.market.mute = True
        await self.market.at(self.market.clock.now() + timedelta(minutes=30))

    def disconnect(self) -> None:
        """Let the provider lose its connection."""
        (provider,) = self.market.market.providers.values()
        assert isinstance(provider, ObedientProvider)
        provider.become(AgentStatus.Disconnected, "the line is down")


@pytest.fixture
async def trader(tmp_path: Path) -> AsyncGenerator[Trader]:
    market = ScriptedMarket()
    async with desk_server(tmp_path, market=(market.market, market.clock)) as desk:
        yield Trader(desk, market)


async def refused(call: Awaitable[object], code: str) -> MesoLiveApiException:
    """Return the refusal of a call, which has this code."""
    with pytest.raises(MesoLiveApiException) as caught:
        await call
    assert caught.value.error is not None
    assert caught.value.error.Code == code, str(caught.value)
    return caught.value


def mark_of(plan: Plan) -> Decimal:
    """Return the mark of a plan's group, on the tick."""
    mark = plan.LegGroupPrices[min(plan.LegGroupPrices)].Mark
    assert mark is not None
    return round(mark * 20) / Decimal(20)


def put_spread(width: int = 100) -> Sequence[Json]:
    """Return a put spread that is sold."""
    return leg("short", -1, StrikePrice=4800), leg("long", 1, StrikePrice=4800 - width)


# --- notional and loss


async def test_the_notional_of_an_order_is_the_underlyings_price_of_all_its_contracts(trader: Trader) -> None:
    plan = await trader.plan(*put_spread())
    await trader.desk.set_limits(Limits(max_notional=Decimal(999_999)))
    error = await refused(trader.desk.send(at_venue(plan)), "NotionalTooLarge")
    assert "1000000.00" in str(error)
    assert error.status is StatusCode.Forbidden
    await trader.desk.set_limits(Limits(max_notional=Decimal(1_000_000)))
    assert (await trader.desk.send(at_venue(plan))).State is not OrderState.Rejected


async def test_the_loss_of_a_spread_is_its_width_less_its_credit(trader: Trader) -> None:
    plan = await trader.plan(*put_spread())
    credit = -mark_of(plan)
    loss = 100 * (100 - credit)
    await trader.desk.set_limits(Limits(max_loss=loss - 1))
    error = await refused(trader.limit(plan, -credit), "LossTooLarge")
    assert f"{loss:.2f}" in str(error)
    await trader.desk.set_limits(Limits(max_loss=loss))
    await trader.limit(plan, -credit)


async def test_the_loss_counts_every_combo(trader: Trader) -> None:
    plan = await trader.plan(*put_spread())
    await trader.desk.set_limits(Limits(max_loss=Decimal(20_000)))
    await refused(trader.desk.send(at_venue(plan, multiplier=Decimal(3))), "LossTooLarge")
    await trader.desk.send(at_venue(plan, multiplier=Decimal(2)))


async def test_a_put_that_is_sold_loses_its_strike_and_what_is_bought_its_price(trader: Trader) -> None:
    await trader.desk.set_limits(Limits(max_loss=Decimal(10_000)))
    naked = await trader.plan(leg("p", -1, StrikePrice=4800))
    error = await refused(trader.desk.send(at_venue(naked)), "LossTooLarge")
    assert "limit is 10000" in str(error)
    bought = await trader.plan(leg("p", 1, StrikePrice=4800))
    await trader.desk.send(at_venue(bought))


@pytest.mark.parametrize(
    "legs",
    [
        (leg("c", -1, "Call", StrikePrice=5200),),
        (leg("c", -1, "Call", StrikePrice=5200), leg("p", -1, StrikePrice=4800)),
        (leg("long", 1, "Call", StrikePrice=5100), leg("short", -2, "Call", StrikePrice=5200)),
        (leg("near", 1, "Call", StrikePrice=5200), leg("far", -1, "Call", "far", StrikePrice=5200)),
    ],
    ids=["short call", "strangle", "ratio spread", "calendar sold"],
)
async def test_calls_that_nothing_covers_need_the_accounts_permission(trader: Trader, legs: Sequence[Json]) -> None:
    plan = await trader.plan(*legs)
    error = await refused(trader.desk.send(at_venue(plan)), "UnlimitedLoss")
    assert "--allow-unlimited-loss" in str(error)
    assert trader.desk.venue.ledger.orders == {}
    await trader.desk.set_limits(Limits(allow_unlimited_loss=True))
    await trader.desk.send(at_venue(plan))


@pytest.mark.parametrize(
    "legs",
    [
        (leg("short", -1, "Call", StrikePrice=5200), leg("long", 1, "Call", StrikePrice=5300)),
        (leg("near", -1, "Call", StrikePrice=5200), leg("far", 1, "Call", "far", StrikePrice=5200)),
        (leg("long", 2, "Call", StrikePrice=5200), leg("short", -1, "Call", StrikePrice=5100)),
    ],
    ids=["call spread", "calendar bought", "backspread"],
)
async def test_calls_that_are_covered_need_no_permission(trader: Trader, legs: Sequence[Json]) -> None:
    await trader.desk.send(at_venue(await trader.plan(*legs)))


async def test_a_group_is_covered_by_what_its_position_holds_already(trader: Trader) -> None:
    call = leg("short", -1, "Call", StrikePrice=5200) | {"LegGroupId": "1"}
    wing = leg("long", 1, "Call", StrikePrice=5300) | {"LegGroupId": "2"}
    plan = await trader.plan(call, wing)
    await refused(trader.desk.send(at_venue(plan, group=1)), "UnlimitedLoss")
    first = await trader.desk.send(at_venue(plan, group=2))
    trader.market.move(5000.01)
    await trader.desk.order_in(first.LiveOrderId, OrderState.Filled)
    await trader.desk.send(at_venue(plan, group=1))


# --- adjustments and exits

MORE_CALLS: Json = {"Legs": [leg("c2", -1, "Call", StrikePrice=5300)]}
HEDGE: Json = {"Legs": [leg("hedge", 1, StrikePrice=4600)]}


async def test_an_adjustment_may_lessen_a_risk_and_not_add_to_it(tmp_path: Path) -> None:
    async with play(tmp_path) as stage:
        actions: Json = {"AddLegsAdjustment": MORE_CALLS, "RemoveLegsAdjustment": {"LegNames": ["c"]}}
        await stage.enter(strangle(**actions))
        await stage.desk.set_limits(Limits(max_loss=Decimal(1)))
        more = await stage.prepare(Operation.AddLegs)
        await refused(stage.desk.send(at_venue(more)), "UnlimitedLoss")
        fewer = await stage.prepare(Operation.RemoveLegs)
        await stage.fill(await stage.order(fewer))
        assert list(await stage.open_legs()) == ["p"]


async def test_a_hedge_passes_whatever_its_position_can_lose_already(tmp_path: Path) -> None:
    async with play(tmp_path) as stage:
        await stage.enter(strangle(AddLegsAdjustment=HEDGE))
        await stage.desk.set_limits(Limits(max_loss=Decimal(1)))
        await stage.fill(await stage.order(await stage.prepare(Operation.AddLegs)))


async def test_a_move_that_keeps_as_many_calls_uncovered_needs_no_new_permission(tmp_path: Path) -> None:
    move: Json = {"LegName": "c", "StrikeSelector": {"StrikePrice": "leg_c_strike + 100"}}
    async with play(tmp_path) as stage:
        await stage.enter(strangle(MoveLegAdjustment=move))
        await stage.desk.set_limits(Limits())
        await stage.fill(await stage.order(await stage.prepare(Operation.MoveLeg)))


async def test_an_exit_is_bounded_by_no_size(trader: Trader) -> None:
    position = await trader.open(*put_spread())
    nothing = Decimal(0)
    await trader.desk.set_limits(
        Limits(max_contracts=nothing, max_premium=nothing, max_notional=nothing, max_loss=nothing)
    )
    await trader.desk.send(at_venue(await trader.desk.prepare_exit(position.Id)))
    trader.market.move(5000.02)
    await trader.desk.position_in(LivePositionState.Closed)


# --- the price of a combo


async def test_a_spread_is_not_bought_far_above_its_own_price_however_dear_its_legs_are(trader: Trader) -> None:
    bought = await trader.plan(leg("long", 1, StrikePrice=5025), leg("short", -1, StrikePrice=5000))
    worth = mark_of(bought)
    premiums = sum(price.Mark or 0 for price in bought.LegPrices.values())
    assert 9 < worth < 14
    assert premiums > 200
    for price in (worth + 5, worth * 2, Decimal(24)):
        error = await refused(trader.limit(bought, price), "PriceOutsideBand")
        assert f"{price}" in str(error)
    await trader.limit(bought, worth + Decimal("2.50"))


async def test_a_spread_is_not_sold_far_below_its_own_price(trader: Trader) -> None:
    sold = await trader.plan(leg("long", -1, StrikePrice=5025), leg("short", 1, StrikePrice=5000))
    worth = -mark_of(sold)
    assert 9 < worth < 14
    await refused(trader.limit(sold, 5 - worth), "PriceOutsideBand")
    await trader.limit(sold, Decimal("2.50") - worth)


async def test_a_spread_is_not_bought_above_its_largest_payoff(trader: Trader) -> None:
    plan = await trader.plan(leg("long", 1, StrikePrice=5500), leg("short", -1, StrikePrice=5475))
    assert mark_of(plan) > 20
    error = await refused(trader.limit(plan, "25.05"), "PriceOutsideBand")
    assert "worth at most 25" in str(error)
    await trader.limit(plan, "25")


async def test_a_market_order_needs_a_market_that_is_narrow_for_the_combo(trader: Trader) -> None:
    plan = await trader.plan(*put_spread(25))
    trader.market.half_spread = 10.0
    trader.market.reprice()
    await refused(trader.desk.send(at_venue(plan)), "PriceOutsideBand")
    await trader.limit(plan, mark_of(plan))


async def test_a_combo_that_is_worth_nothing_can_be_traded_at_its_natural_price(trader: Trader) -> None:
    flat = await trader.plan(leg("c", 1, "Call", StrikePrice=5000), leg("p", -1, StrikePrice=5000))
    assert mark_of(flat) == 0
    await trader.desk.send(at_venue(flat))


# --- stops


@pytest.mark.parametrize("qty", [1, -1], ids=["bought", "sold"])
async def test_a_stop_that_the_market_has_passed_already_is_refused(trader: Trader, qty: int) -> None:
    plan = await trader.plan(leg("p", qty, StrikePrice=5500))
    worth = mark_of(plan)
    dime = round(worth * 10) / Decimal(10)
    for stop in (dime - 100, dime - Decimal("0.20")):
        error = await refused(trader.desk.send(at_venue(plan, kind=OrderType.Stop, stop=stop)), "StopReached")
        assert "send a Market order" in str(error)
    await trader.desk.send(at_venue(plan, kind=OrderType.Stop, stop=dime + 1))


async def test_a_stop_limit_that_is_reached_already_is_judged_as_the_limit_that_it_is(trader: Trader) -> None:
    plan = await trader.plan(leg("p", 1, StrikePrice=5500))
    dime = round(mark_of(plan) * 10) / Decimal(10)
    reached = at_venue(plan, kind=OrderType.StopLimit, stop=dime - 100, limit=dime + 200)
    await refused(trader.desk.send(reached), "PriceOutsideBand")
    await trader.desk.send(at_venue(plan, kind=OrderType.StopLimit, stop=dime - 100, limit=dime - 1))


# --- trading hours

AFTER_THE_CLOSE = datetime(2024, 3, 11, 20, 0, tzinfo=UTC)
"""16:00 in New York, when the session of the scripted market ends."""


@pytest.mark.parametrize("time_in_force", [models.TimeInForce.Day, models.TimeInForce.Gtc])
async def test_orders_outside_of_the_class_s_session_are_refused_with_its_hours(
    trader: Trader, time_in_force: models.TimeInForce
) -> None:
    plan = await trader.plan(*put_spread())
    await trader.market.at(AFTER_THE_CLOSE)
    order = at_venue(plan, kind=OrderType.Limit, limit=mark_of(plan), time_in_force=time_in_force)
    error = await refused(trader.desk.send(order), "OutsideTradingHours")
    assert "orders in SPXW are taken from 09:30 to 16:00 New York, next from Tuesday 2024-03-12 09:30" in str(error)
    assert "and it is Monday 2024-03-11 16:00" in str(error)
    assert trader.desk.venue.ledger.orders == {}
    await trader.desk.until(lambda: any(isinstance(event, models.OrderRefusedEvent) for event in trader.desk.events))


async def test_where_the_account_lets_orders_wait_they_are_filled_in_the_next_session(trader: Trader) -> None:
    plan = await trader.plan(*put_spread())
    await trader.desk.control.set_account_limits(models.SetAccountLimitsArgs(BrokerAccountId=SIM, QueueOrders=True))
    await trader.market.at(AFTER_THE_CLOSE)
    sent = await trader.desk.send(at_venue(plan))
    assert (await trader.desk.order(sent.LiveOrderId)).State is OrderState.Submitted
    await trader.market.at(datetime(2024, 3, 12, 13, 30, tzinfo=UTC), spot=5000.01)
    await trader.desk.order_in(sent.LiveOrderId, OrderState.Filled)


# --- old quotes


@pytest.mark.parametrize("cause", ["old quotes", "disconnected"])
async def test_nothing_is_entered_while_prices_cannot_be_judged(trader: Trader, cause: str) -> None:
    plan = await trader.plan(*put_spread())
    if cause == "disconnected":
        trader.disconnect()
    else:
        await trader.grow_old()
    await trader.desk.set_limits(Limits(stale_exit_policy=StaleExitPolicy.ALLOW))
    error = await refused(trader.desk.send(at_venue(plan)), "StaleQuotes")
    assert error.status is StatusCode.ProviderUnavailable
    await refused(trader.limit(plan, mark_of(plan)), "StaleQuotes")
    assert trader.desk.venue.ledger.orders == {}


async def test_nothing_is_adjusted_on_old_quotes(tmp_path: Path) -> None:
    async with play(tmp_path) as stage:
        await stage.enter(strangle(MoveLegAdjustment=STRIKE))
        plan = await stage.prepare(Operation.MoveLeg)
        stage.market.mute = True
        await stage.market.at(stage.market.clock.now() + timedelta(minutes=30))
        await refused(stage.desk.send(at_venue(plan)), "StaleQuotes")


async def test_on_old_quotes_exits_leave_at_a_limit_price_by_default(trader: Trader) -> None:
    position = await trader.open(*put_spread())
    await trader.grow_old()
    plan = await trader.desk.prepare_exit(position.Id)
    error = await refused(trader.desk.send(at_venue(plan)), "StaleQuotes")
    assert "only exits at a limit price" in str(error)
    await refused(trader.desk.send(at_venue(plan, kind=OrderType.Stop, stop=Decimal(50))), "StaleQuotes")
    assert (await trader.limit(plan, mark_of(plan))).State is OrderState.Submitted


async def test_an_account_may_refuse_or_allow_every_exit_on_old_quotes(trader: Trader) -> None:
    position = await trader.open(*put_spread())
    await trader.grow_old()
    plan = await trader.desk.prepare_exit(position.Id)
    await trader.desk.set_limits(Limits(stale_exit_policy=StaleExitPolicy.REFUSE))
    error = await refused(trader.limit(plan, mark_of(plan)), "StaleQuotes")
    assert "no exit is sent" in str(error)
    await trader.desk.set_limits(Limits(stale_exit_policy=StaleExitPolicy.ALLOW))
    await trader.desk.send(at_venue(plan))


async def test_a_liquidation_on_old_quotes_follows_the_rule_for_exits(trader: Trader) -> None:
    position = await trader.open(*put_spread())
    await trader.grow_old()
    args = models.LiquidatePositionArgs(IdempotencyKey=new_idempotency_key(), PositionId=position.Id)
    await refused(trader.desk.control.liquidate_position(args), "StaleQuotes")
    await trader.desk.set_limits(Limits(stale_exit_policy=StaleExitPolicy.ALLOW))
    answer = await trader.desk.control.liquidate_position(args)
    assert answer.Unsent == []
    assert len(answer.Orders) == 1


async def test_a_leg_without_a_market_lets_an_exit_leave_at_a_limit_price(trader: Trader) -> None:
    position = await trader.open(*put_spread())
    plan = await trader.desk.prepare_exit(position.Id)
    price = mark_of(plan)
    contract = next(iter(plan.PositionLegs.values())).LiveContract
    assert contract.Expiration is not None
    trader.market.blank("SPXW", contract.Expiration.date())
    await refused(trader.desk.send(at_venue(plan)), "NoMarket")
    await trader.limit(plan, price)
