"""Night sessions of index options: refused and unwatched unless the account uses them, then traded and evaluated."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from mesolive.market.calendar import NEW_YORK
from mesolive.market.history import DailySeries, Day
from mesolive.market.quality import QuoteQuality
from mesolive.market.trading_hours import trading_hours
from mesolive_sdk import models
from mesolive_sdk.automation import Memory, Style, TaskKind, TaskState
from mesolive_sdk.exceptions import MesoLiveApiException
from mesolive_testkit.autopilot import Play, everywhere, play_server
from mesolive_testkit.signals import Json, ScriptedMarket, short_put, stage
from mesolive_testkit.venues.desk import SIM, at_venue

MORNING = datetime(2024, 3, 11, 11, 0, tzinfo=NEW_YORK).astimezone(UTC)
NIGHT = datetime(2024, 3, 11, 22, 0, tzinfo=NEW_YORK)
ONE: Json = {"Concurrency": {"MaxPositionsInFlight": 1}, "ReentryDays": 5}
LEAVING: Json = {"Conditions": ["underlying_price < 4900"]}
OF_SPX = models.GetSessionArgs(Symbol="SPX", BrokerAccountId=SIM)


@pytest.fixture
async def play(tmp_path: Path) -> AsyncGenerator[Play]:
    """Return a market with the hours of the exchange, and a position that was entered in the morning."""
    async with play_server(tmp_path, ScriptedMarket(MORNING, hours=trading_hours("SPX"))) as server:
        await server.strategy(short_put(Entry=ONE, Exit=LEAVING))
        with Memory(":memory:") as memory:
            pilot = server.pilot(memory, everywhere(style=Style.MARKET))
            await server.evaluate()
            await server.to_the_end(pilot, memory)
        yield server


async def use_nights(play: Play) -> None:
    changed = models.SetAccountLimitsArgs(BrokerAccountId=SIM, NightSessions=True)
    assert (await play.control.set_account_limits(changed)).NightSessions


async def falls_at_night(play: Play, memory: Memory) -> list[TaskState]:
    """Let the options fall at night, while the index stands still; return what became of the exit."""
    await play.market.clock.jump(NIGHT.astimezone(UTC), lambda: None)
    index = play.market.spot
    play.market.move(4850)
    play.market.index(index)
    pilot = play.pilot(memory, everywhere(style=Style.MARKET))
    await play.evaluate()
    for _ in range(3):
        await pilot.catch_up()
        await play.pass_time(5)
    return [task.state for task in memory.tasks() if task.kind is TaskKind.EXIT]


async def test_without_the_setting_nothing_is_decided_or_ordered_at_night(play: Play) -> None:
    with Memory(":memory:") as memory:
        assert await falls_at_night(play, memory) == []
    session = await play.control.get_session(OF_SPX)
    assert (session.IsOpen, session.TakesOrders) == (False, False)
    assert session.SessionOpen == session.OrdersOpen == datetime(2024, 3, 12, 9, 30, tzinfo=NEW_YORK)
    assert session.OrdersClose == datetime(2024, 3, 12, 16, 15, tzinfo=NEW_YORK)
    (position,) = await play.positions()
    plan = await play.desk.prepare_exit(position.Id)
    with pytest.raises(MesoLiveApiException, match="taken from 09:30 to 16:15 New York") as refused:
        await play.desk.send(at_venue(plan))
    assert refused.value.error is not None
    assert refused.value.error.Code == "OutsideTradingHours"


async def test_with_it_an_exit_is_decided_by_the_options_and_filled_at_night(play: Play) -> None:
    await use_nights(play)
    with Memory(":memory:") as memory:
        assert await falls_at_night(play, memory) == [TaskState.DONE]
    (position,) = await play.positions()
    assert position.State is models.LivePositionState.Closed
    order = (await play.orders())[-1]
    assert order.FilledAt is not None
    assert order.FilledAt - NIGHT < timedelta(minutes=1)
    session = await play.control.get_session(OF_SPX)
    assert (session.IsOpen, session.TakesOrders) == (True, True)
    assert (session.OrdersOpen, session.OrdersClose) == (
        datetime(2024, 3, 11, 20, 15, tzinfo=NEW_YORK),
        datetime(2024, 3, 12, 9, 25, tzinfo=NEW_YORK),
    )


@pytest.mark.parametrize("quality", [QuoteQuality.DELAYED, QuoteQuality.FROZEN, QuoteQuality.MODELLED])
async def test_at_night_the_price_of_an_index_is_of_no_better_quality_than_the_options_that_imply_it(
    play: Play, quality: QuoteQuality
) -> None:
    await use_nights(play)
    at = NIGHT.astimezone(UTC)
    await play.market.clock.jump(at, lambda: None)
    play.market.move(4850)
    play.market.book.update(at, slice(None), {}, quality)
    await play.evaluate()
    reported = await play.events.get_events(models.GetEventsArgs(Types=["OnExitSignal", "OnError"], Limit=10))
    (error,) = [envelope.Event for envelope in reported.Events]
    assert isinstance(error, models.ErrorEvent)
    assert f"the quotes of SPX are {quality.word}" in (error.Message or "")


async def test_at_night_an_index_is_priced_by_the_nearest_expiration_that_is_quoted_live(play: Play) -> None:
    await use_nights(play)
    at = NIGHT.astimezone(UTC)
    await play.market.clock.jump(at, lambda: None)
    play.market.move(4850)
    book = play.market.book
    first, end = next((start, behind) for start, _, behind in book.listing.bounds[-len(book.view().expirations) :])
    # As a provider with few lines shows it: modelled around the price of the day.
    book.update(at, slice(first, end), {"bid": 5000.0, "ask": 5001.0}, QuoteQuality.MODELLED)
    seen = book.view().accepting(QuoteQuality.LIVE, night=True).underlying.quote
    assert (seen.quality, round(seen.mark or 0)) == (QuoteQuality.LIVE, 4850)


async def test_the_outlook_states_the_session_in_which_each_strategy_is_evaluated(play: Play) -> None:
    async def reported() -> models.OutlookStrategy:
        (result,) = (await play.control.get_outlook()).Strategies or []
        return result

    day = await reported()
    assert (day.Symbol, day.IsOpen) == ("SPX", True)
    assert day.SessionOpen == datetime(2024, 3, 11, 9, 30, tzinfo=NEW_YORK)
    await play.market.clock.jump(NIGHT.astimezone(UTC), lambda: None)
    assert not (await reported()).IsOpen
    await use_nights(play)
    night = await reported()
    assert night.IsOpen
    assert night.SessionClose == datetime(2024, 3, 12, 9, 25, tzinfo=NEW_YORK)


RANKED = short_put(Entry={"VarDefines": {"rank": "underlying_iv_rank"}})
PAST = DailySeries.of([Day(date(2024, 2, 1) + timedelta(days=n), close=5000.0, iv=0.1 + n / 100) for n in range(25)])


async def test_an_entry_variable_that_failed_at_a_fill_in_the_night_is_made_up_for_in_that_night(
    tmp_path: Path,
) -> None:
    market = ScriptedMarket(NIGHT.astimezone(UTC), hours=trading_hours("SPX"))
    async with stage(tmp_path, market) as play:
        for account in (await play.kit.control.list_accounts(models.ListAccountsArgs())).Accounts:
            limits = models.SetAccountLimitsArgs(BrokerAccountId=account.BrokerAccountId, NightSessions=True)
            await play.kit.control.set_account_limits(limits)
        _, position_id = await play.enter(RANKED)
        market.book.history = PAST
        await market.at(NIGHT.astimezone(UTC) + timedelta(minutes=5))
        await play.evaluate()
        assert (await play.position(position_id)).Vars["rank"] > 0


async def test_without_nights_an_entry_variable_waits_for_the_opening_of_its_class(tmp_path: Path) -> None:
    late = datetime(2024, 3, 11, 16, 10, tzinfo=NEW_YORK).astimezone(UTC)
    market = ScriptedMarket(late, hours=trading_hours("SPX"))
    async with stage(tmp_path, market) as play:
        _, position_id = await play.enter(RANKED)
        market.book.history = PAST
        await market.at(NIGHT.astimezone(UTC))
        await play.evaluate()
        assert "rank" not in (await play.position(position_id)).Vars
        await market.at(datetime(2024, 3, 12, 9, 30, tzinfo=NEW_YORK).astimezone(UTC))
        await play.evaluate()
        assert (await play.position(position_id)).Vars["rank"] > 0


async def test_an_entry_variable_is_made_up_for_while_the_class_trades_behind_the_stocks_close(tmp_path: Path) -> None:
    late = datetime(2024, 3, 11, 16, 5, tzinfo=NEW_YORK).astimezone(UTC)
    market = ScriptedMarket(late, hours=trading_hours("SPX"))
    async with stage(tmp_path, market) as play:
        _, position_id = await play.enter(RANKED)
        market.book.history = PAST
        await market.at(late + timedelta(minutes=5))
        await play.evaluate()
        assert (await play.position(position_id)).Vars["rank"] > 0


@pytest.mark.parametrize("night_owl", ["ML1000", "ML2000"])
async def test_an_account_that_uses_nights_does_not_wake_the_strategies_of_another(
    tmp_path: Path, night_owl: str
) -> None:
    market = ScriptedMarket(NIGHT.astimezone(UTC), hours=trading_hours("SPX"))
    async with stage(tmp_path, market) as play:
        application = play.kit.application
        owner = await application.access.user("trader")
        await application.accounts.create_paper(owner, "ML2000", Decimal(50_000))
        await play.kit.control.set_account_limits(
            models.SetAccountLimitsArgs(BrokerAccountId=night_owl, NightSessions=True)
        )
        await play.kit.control.create_strategy(
            models.CreateStrategyArgs(StrategyDefinition=short_put(), ActiveOnAccounts=["ML1000", "ML2000"])
        )
        await play.evaluate()
        signals = await play.events(models.EntrySignalEvent)
        assert {signal.BrokerAccountId for signal in signals} == {night_owl}
