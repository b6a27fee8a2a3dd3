"""Options on futures through the public surface: selected, prepared, traded at night, valued, settled."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mesolive.clock import ManualClock
from mesolive.market.calendar import NEW_YORK
from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive.market.service import Market
from mesolive.settings import Settings
from mesolive_sdk import MesoLiveDataHubClient, models, new_idempotency_key, wait_for_job
from mesolive_sdk.contract_specs import live_underlying
from mesolive_sdk.exceptions import MesoLiveApiException
from mesolive_sdk.ticks import on_tick
from mesolive_testkit.venues import SIM, Desk, at_venue, desk_server

THURSDAY_NIGHT = datetime(2024, 3, 14, 22, 0, tzinfo=NEW_YORK).astimezone(UTC)
QUARTER_DAY = date(2024, 3, 15)
STEP = timedelta(minutes=15)


def futures_market(start: datetime, symbol: str = "ES") -> tuple[Market, ManualClock]:
    clock = ManualClock(start)
    return Market([SimulatedProvider.futures(clock, symbol, seed=5, step=STEP)]), clock


def spread(root: str, symbol: str = "ES") -> dict[str, Any]:
    """Return a put spread near the money, of one root."""
    legs = [
        {"Name": "short", "Qty": "-2", "OptionType": "Put", "ExpirationName": "e", "StrikeSelector": {"Delta": "45"}},
        {
            "Name": "long",
            "Qty": "2",
            "OptionType": "Put",
            "ExpirationName": "e",
            "StrikeSelector": {"StrikePrice": "leg_short_strike - 50"},
        },
    ]
    return {
        "StrategyName": f"Put spread of {root}",
        "Symbol": symbol,
        "MesoSimVersion": "3.0",
        "Structure": {
            "Expirations": [{"Name": "e", "DTE": "2", "Max": "3", "Roots": {"Include": [root]}}],
            "Legs": [leg | {"LegGroupId": "1"} for leg in legs],
        },
        "Entry": {"Schedule": {"AfterMarketOpenMinutes": 30, "Every": "day"}, "VarDefines": {"d": "pos_delta"}},
        "Exit": {"Schedule": {"AfterMarketOpenMinutes": 30, "Every": "day"}},
    }


async def prepare(desk: Desk, strategy: models.LiveStrategy) -> models.PreparePositionEntryResult:
    job = await desk.control.start_prepare_position_entry(
        models.PreparePositionEntryArgs(
            IdempotencyKey=new_idempotency_key(),
            PositionName=strategy.Name,
            StrategyId=strategy.Id,
            BrokerAccountId=SIM,
            LegSelectionConstraint=models.LiveLegSelectionConstraint.FullyUnique,
            Underlying=live_underlying(strategy.Symbol),
        )
    )
    args = models.GetPreparePositionEntryStatusArgs(JobId=job.JobId)
    status = await wait_for_job(lambda: desk.control.get_prepare_position_entry_status(args))
    assert status.Result is not None, status.Error
    return status.Result


async def imported(desk: Desk, definition: dict[str, Any]) -> models.LiveStrategy:
    made = await desk.control.create_strategy(
        models.CreateStrategyArgs(StrategyDefinition=definition, ActiveOnAccounts=[SIM])
    )
    await desk.listen()
    return made


@pytest.mark.parametrize(("root", "settles"), [("ES", "opening"), ("EYC", "close")])
async def test_a_spread_on_the_future_is_traded_at_night_valued_and_settled_in_cash(
    tmp_path: Path, root: str, settles: str
) -> None:
    market = futures_market(THURSDAY_NIGHT)
    seldom = Settings(port=0, database=f"sqlite:///{tmp_path / 'mesolive.sqlite3'}", signals_every=7200)
    async with desk_server(tmp_path, market=market, settings=seldom) as desk:
        plan = await prepare(desk, await imported(desk, spread(root)))
        short = plan.SelectedLegs["short"].LiveContract
        assert (short.Root, short.Multiplier, short.ContractType) == (root, 50, models.MesoContractType.FuturesOptions)
        assert short.Underlying.ContractType is models.MesoContractType.Futures
        sent = await desk.send(at_venue(plan))
        await desk.order_in(sent.LiveOrderId, models.OrderState.Filled)
        position = await desk.position_in(models.LivePositionState.Open)
        detail = await desk.control.get_position(models.GetPositionArgs(PositionId=position.Id))
        # Two spreads of fifty: twice fifty times what one unit has.
        greeks = detail.LegGreeks[next(leg.Id for leg in detail.Legs if leg.Name == "short")]
        assert greeks.Mark is not None
        assert greeks.Mark.Delta is not None
        assert 100 * 0.35 < greeks.Mark.Delta < 100 * 0.55
        data = await desk.stack.enter_async_context(MesoLiveDataHubClient(desk.application.url, desk.token))
        quote = await data.get_contract_snapshot(
            models.GetContractSnapshotArgs(Contract=short, Provider=models.DataProviderType.Simulated)
        )
        assert quote.Prices is not None
        assert quote.Prices.Bid is not None
        assert on_tick([root], quote.Prices.Bid)

        book = market[0].book("ES")
        session = book.calendar.session(QUARTER_DAY)
        assert session is not None
        at = session[0] if settles == "opening" else session[1]
        await desk.advance((at - market[1].now()).total_seconds() - 1)
        assert (await desk.positions())[-1].State is models.LivePositionState.Open
        await desk.advance(2)
        await desk.position_in(models.LivePositionState.Closed)

        known = book.history.of_day(QUARTER_DAY)
        assert known is not None
        price = known.open if settles == "opening" else known.close
        assert price is not None
        legs = {leg.Name: leg for leg in detail.Legs}
        cash = sum(
            (
                leg.Qty * 50 * max(leg.LiveContract.Strike - Decimal(str(price)), Decimal(0))
                for leg in legs.values()
                if leg.LiveContract.Strike is not None
            ),
            Decimal(0),
        )
        paid = sum((leg.Qty * 50 * leg.AvgEntryPrice for leg in legs.values()), Decimal(0))
        account = await desk.control.get_account(models.GetAccountArgs(BrokerAccountId=SIM))
        assert account.Cash == 100_000 - paid + cash


async def test_the_quarterly_settles_at_the_expiring_future_and_the_price_continues_with_the_next() -> None:
    opening = datetime(2024, 3, 15, 9, 30, tzinfo=NEW_YORK).astimezone(UTC)
    market, clock = futures_market(opening - timedelta(minutes=30))
    await market.start()
    try:
        book = market.book("ES")
        await clock.advance(20 * 60)
        expiring = book.view().underlying.quote.last
        await clock.advance(40 * 60)
        known = book.history.of_day(QUARTER_DAY)
        view = book.view()
        after = view.underlying.quote.last
    finally:
        await market.stop()
    assert known is not None
    assert known.open is not None
    assert expiring is not None
    assert after is not None
    assert known.open == pytest.approx(expiring, rel=0.004)
    assert after / known.open == pytest.approx(1.0078, abs=0.004)  # a quarter's carry
    later = next(expiration for expiration in view.expirations if expiration.root == "ES")
    assert view.forward(later) == pytest.approx(after, rel=0.0005)


async def test_orders_on_the_future_are_refused_in_the_daily_break(tmp_path: Path) -> None:
    market = futures_market(datetime(2024, 3, 13, 16, 50, tzinfo=NEW_YORK).astimezone(UTC), "MES")
    async with desk_server(tmp_path, market=market) as desk:
        plan = await prepare(desk, await imported(desk, spread("MES", "MES")))
        assert plan.SelectedLegs["short"].LiveContract.Multiplier == 5
        await desk.advance(20 * 60)
        with pytest.raises(MesoLiveApiException) as refused:
            await desk.send(at_venue(plan))
        assert refused.value.error is not None
        assert refused.value.error.Code == "OutsideTradingHours"
        assert "orders in MES are taken from 18:00 to 17:00 New York" in str(refused.value)
        assert "and it is Wednesday 2024-03-13 17:10" in str(refused.value)
        of_class = models.GetSessionArgs(Symbol="MES", BrokerAccountId=SIM)
        session = await desk.control.get_session(of_class)
        opening = datetime(2024, 3, 13, 18, tzinfo=NEW_YORK)
        assert (session.IsOpen, session.TakesOrders) == (False, False)
        assert (session.SessionOpen, session.OrdersOpen) == (opening, opening)
        await desk.advance(60 * 60)
        session = await desk.control.get_session(of_class)
        assert (session.IsOpen, session.TakesOrders, session.SessionOpen) == (True, True, opening)
        assert not (await desk.control.get_session()).IsOpen, "the stocks' session"
        again = await desk.send(at_venue(await prepare(desk, (await listed(desk)))))
        await desk.order_in(again.LiveOrderId, models.OrderState.Filled)


async def test_a_position_on_the_future_is_watched_at_night_and_not_in_the_daily_break(tmp_path: Path) -> None:
    market = futures_market(datetime(2024, 3, 13, 16, 59, 30, tzinfo=NEW_YORK).astimezone(UTC), "MES")
    definition = spread("MES", "MES") | {"Exit": {"Conditions": ["underlying_price > 0"]}}
    async with desk_server(tmp_path, market=market) as desk:
        await desk.send(at_venue(await prepare(desk, await imported(desk, definition))))
        await desk.position_in(models.LivePositionState.Open)

        def signals() -> list[datetime]:
            return [event.EventTime for event in desk.events if isinstance(event, models.ExitSignalEvent)]

        await desk.advance(20 * 60)
        await desk.application.signals.evaluate()
        await desk.advance(60 * 60)
        await desk.application.signals.evaluate()
        await desk.until(lambda: bool(signals()))
        assert signals()[0].astimezone(NEW_YORK).hour == 18, "not in the break, and not at 9:30 tomorrow"


async def listed(desk: Desk) -> models.LiveStrategy:
    return (await desk.control.list_strategies(models.ListStrategiesArgs(Limit=1))).Strategies[0]


async def test_on_sunday_evening_minutes_count_to_the_stocks_session_of_monday(tmp_path: Path) -> None:
    sunday = datetime(2024, 3, 10, 18, 30, tzinfo=NEW_YORK).astimezone(UTC)
    leaving = {"Conditions": ["minutes_after_open > 30", "timing.minutes_before_close < 15"]}
    async with desk_server(tmp_path, market=futures_market(sunday, "MES")) as desk:
        definition = spread("X2C", "MES") | {"Exit": leaving}
        await desk.send(at_venue(await prepare(desk, await imported(desk, definition))))
        await desk.position_in(models.LivePositionState.Open)
        await desk.application.signals.evaluate()
        (evaluated,) = (await desk.control.get_evaluations()).Evaluations
        first, second = evaluated.Positions[0].Exit.Conditions
        assert (first.Result, first.Vars["minutes_after_open"]) == (False, -900)
        assert (second.Result, second.Vars["timing.minutes_before_close"]) == (False, 1290)
        assert not [event for event in desk.events if isinstance(event, models.ErrorEvent)]
