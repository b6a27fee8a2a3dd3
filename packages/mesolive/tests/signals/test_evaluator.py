"""Signals and errors come and go on a market that the test moves."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mesolive.market.history import DailySeries, Day
from mesolive.signals.evaluator import next_evaluation
from mesolive_sdk import MesoLiveEventHubClient, models
from mesolive_testkit.market.chains import expiration
from mesolive_testkit.server import ACCOUNT
from mesolive_testkit.signals import MONDAY, Json, ScriptedMarket, Stage, on_both_databases, short_put, stage

CONDITION = "underlying_price < 4900 -- A"


def conditional(text: str, **actions: object) -> dict[str, object]:
    return {"ConditionalAdjustments": {text: actions}}


# --- entries


@on_both_databases
async def test_an_entry_signal_begins_once_when_all_conditions_hold_and_ends_when_one_does_not(play: Stage) -> None:
    strategy = await play.strategy(short_put(Entry={"Conditions": ["underlying_price > 5050"]}))
    await play.evaluate()
    assert await play.events(models.EntrySignalEvent) == []
    play.market.move(5100)
    await play.evaluate()
    await play.evaluate()
    (on,) = await play.events(models.EntrySignalEvent)
    assert (on.State, on.StrategyId, on.BrokerAccountId) == (models.SignalState.On, strategy.Id, ACCOUNT)
    assert on.EntrySignalResult is not None
    assert on.EntrySignalResult.EntryAllowed is True
    (seen,) = on.EntrySignalResult.Conditions
    assert (seen.Statement, seen.Result, seen.Vars) == ("underlying_price > 5050", True, {"underlying_price": 5100})
    play.market.move(5000)
    await play.evaluate()
    _, off = await play.events(models.EntrySignalEvent)
    assert off.State is models.SignalState.Off
    assert off.EntrySignalResult is not None
    assert off.EntrySignalResult.Conditions[0].Result is False


async def test_a_full_strategy_ends_its_entry_signal_and_may_enter_again_after_the_days_to_wait(play: Stage) -> None:
    rules = {"ReentryDays": 1, "Concurrency": {"MaxPositionsInFlight": 1}}
    strategy = await play.strategy(short_put(Entry=rules))
    await play.evaluate()
    position = await play.kit.enter(strategy.Id)
    await play.market.at(MONDAY + timedelta(minutes=1))
    await play.evaluate()
    on, off = await play.events(models.EntrySignalEvent)
    assert off.EntrySignalResult is not None
    assert (on.State.name, off.State.name, off.EntrySignalResult.ConcurrencyOk) == ("On", "Off", False)
    await play.kit.leave(position.PositionId)
    await play.evaluate()
    assert len(await play.events(models.EntrySignalEvent)) == 2
    await play.market.at(MONDAY + timedelta(days=1))
    await play.evaluate()
    assert await play.states(models.EntrySignalEvent) == ["On", "Off", "On"]


@pytest.mark.parametrize(
    ("day", "open_at", "last"),
    [
        (date(2024, 3, 8), datetime(2024, 3, 8, 20, 30, tzinfo=UTC), datetime(2024, 3, 8, 20, 35, tzinfo=UTC)),
        (date(2024, 3, 11), datetime(2024, 3, 11, 19, 30, tzinfo=UTC), datetime(2024, 3, 11, 19, 35, tzinfo=UTC)),
        (date(2024, 7, 3), datetime(2024, 7, 3, 16, 30, tzinfo=UTC), datetime(2024, 7, 3, 16, 35, tzinfo=UTC)),
    ],
    ids=["winter time", "summer time", "early close"],
)
async def test_a_schedule_window_follows_the_exchanges_day(
    tmp_path: Path, day: date, open_at: datetime, last: datetime
) -> None:
    """Half an hour before the close, for five minutes."""
    market = ScriptedMarket(open_at - timedelta(minutes=1), [expiration("SPXW", day + timedelta(days=37))])
    async with stage(tmp_path, market) as play:
        await play.strategy(short_put(Entry={"Schedule": {"BeforeMarketCloseMinutes": 30, "Every": "day"}}))
        await play.evaluate()
        assert await play.events(models.EntrySignalEvent) == []
        await market.at(open_at)
        await play.evaluate()
        assert await play.states(models.EntrySignalEvent) == ["On"]
        await market.at(last - timedelta(seconds=1))
        await play.evaluate()
        assert await play.states(models.EntrySignalEvent) == ["On"]
        await market.at(last)
        await play.evaluate()
        assert await play.states(models.EntrySignalEvent) == ["On", "Off"]


@pytest.mark.parametrize(
    ("friday", "openings"),
    [
        (date(2024, 3, 8), [datetime(2024, 3, 8, 15, 30, tzinfo=UTC), datetime(2024, 3, 11, 14, 30, tzinfo=UTC)]),
        (date(2024, 11, 1), [datetime(2024, 11, 1, 14, 30, tzinfo=UTC), datetime(2024, 11, 4, 15, 30, tzinfo=UTC)]),
    ],
    ids=["put forward", "put back"],
)
async def test_a_window_follows_the_exchange_over_a_change_of_its_clocks(
    tmp_path: Path, friday: date, openings: list[datetime]
) -> None:
    """An hour after the opening, on Friday and on the Monday after the weekend of the change."""
    market = ScriptedMarket(openings[0] - timedelta(minutes=1), [expiration("SPXW", friday + timedelta(days=42))])
    async with stage(tmp_path, market) as play:
        await play.strategy(short_put(Entry={"Schedule": {"AfterMarketOpenMinutes": 60, "Every": "day"}}))
        for opening in openings:
            for moment in (opening - timedelta(seconds=1), opening, opening + timedelta(minutes=5)):
                await market.at(moment)
                await play.evaluate()
        reported = await play.events(models.EntrySignalEvent)
        assert [(event.State.name, event.EventTime) for event in reported] == [
            (state, opening + later)
            for opening in openings
            for state, later in (("On", timedelta(0)), ("Off", timedelta(minutes=5)))
        ]
        assert reported[0].EntrySignalResult is not None
        assert reported[0].EntrySignalResult.NextEntryAt == openings[1]


async def test_at_the_close_entries_end_and_positions_keep_their_signals(play: Stage) -> None:
    await play.enter(short_put(Exit={"Conditions": ["underlying_price < 4900"]}))
    play.market.move(4850)
    await play.evaluate()
    await play.market.at(datetime(2024, 3, 11, 20, 0, tzinfo=UTC), spot=5200)
    await play.evaluate()
    assert await play.states(models.EntrySignalEvent) == ["On", "Off"]
    assert await play.states(models.ExitSignalEvent) == ["On"]


async def test_a_strategy_taken_off_an_account_or_deleted_ends_its_signals(play: Stage) -> None:
    first = await play.strategy(short_put())
    second = await play.strategy(short_put(Entry={"Conditions": ["underlying_iv_rank < 50"]}))
    await play.evaluate()
    assert await play.states(models.EntrySignalEvent) == ["On"]
    assert await play.states(models.ErrorEvent) == ["Active"]
    await play.kit.control.update_strategy(models.UpdateStrategyArgs(StrategyId=first.Id, ActiveOnAccounts=[]))
    await play.kit.control.delete_strategy(models.DeleteStrategyArgs(StrategyId=second.Id))
    await play.evaluate()
    assert await play.states(models.EntrySignalEvent) == ["On", "Off"]
    active, resolved = await play.events(models.ErrorEvent)
    assert (resolved.State, resolved.ErrorId) == (models.ErrorState.Resolved, active.ErrorId)


async def test_a_strategy_taken_off_an_account_may_not_enter_there_even_while_nothing_can_be_evaluated(
    play: Stage,
) -> None:
    strategy, _ = await play.enter(short_put())
    await play.evaluate()
    assert await play.states(models.EntrySignalEvent) == ["On"]
    await play.kit.control.update_strategy(models.UpdateStrategyArgs(StrategyId=strategy.Id, ActiveOnAccounts=[]))
    play.market.blank("SPXW", date(2024, 4, 19))
    await play.evaluate()
    assert await play.states(models.EntrySignalEvent) == ["On", "Off"]
    assert await play.states(models.ErrorEvent) == ["Active"]


async def test_a_strategy_is_watched_on_each_of_its_accounts_by_itself(play: Stage) -> None:
    application = play.kit.application
    owner = await application.access.user("trader")
    await application.accounts.create_paper(owner, "ML2000", Decimal(50_000))
    definition = short_put(Entry={"Conditions": ["initial_cash > 0"], "Concurrency": {"MaxPositionsInFlight": 1}})
    args = models.CreateStrategyArgs(StrategyDefinition=definition, ActiveOnAccounts=[ACCOUNT, "ML2000"])
    strategy = await play.kit.control.create_strategy(args)
    await play.evaluate()
    on = await play.events(models.EntrySignalEvent)
    assert {(signal.BrokerAccountId, signal.State.name) for signal in on} == {(ACCOUNT, "On"), ("ML2000", "On")}
    seen = {
        signal.BrokerAccountId: signal.EntrySignalResult.Conditions[0].Vars for signal in on if signal.EntrySignalResult
    }
    assert seen == {ACCOUNT: {"initial_cash": 100_000}, "ML2000": {"initial_cash": 50_000}}
    await play.kit.enter(strategy.Id)
    await play.evaluate()
    (off,) = (await play.events(models.EntrySignalEvent))[2:]
    assert (off.BrokerAccountId, off.State.name) == (ACCOUNT, "Off")


async def test_signals_are_evaluated_without_a_request(play: Stage) -> None:
    """The evaluator runs in time with the market's clock."""
    received: asyncio.Queue[models.EntrySignalEvent] = asyncio.Queue(10)
    client = await play.kit.events()
    client.on_entry_signal(received.put_nowait)
    await play.strategy(short_put(Entry={"Conditions": ["underlying_price > 5050"]}))
    await client.subscribe_to_strategies()
    minutes = iter(range(1, 90))

    async def next_signal(spot: float) -> models.EntrySignalEvent:
        for minute in minutes:
            await play.market.at(MONDAY + timedelta(minutes=minute), spot=spot)
            with contextlib.suppress(TimeoutError):
                return await asyncio.wait_for(received.get(), 1.0)
        raise AssertionError("nothing was evaluated in an hour and a half of market time")

    on = await next_signal(5100)
    off = await next_signal(5000)
    assert [item.State.name for item in (on, off)] == ["On", "Off"]
    assert MONDAY < on.EventTime < off.EventTime


# --- exits


@pytest.mark.parametrize(
    ("rule", "check"),
    [
        ({"ProfitTarget": "500"}, "ProfitTarget"),
        ({"StopLoss": "500"}, "StopLoss"),
        ({"Conditions": ["underlying_price > 5100 or underlying_price < 4900"]}, None),
    ],
)
async def test_an_exit_signal_carries_every_check_and_ends_with_its_reason(
    play: Stage, rule: dict[str, object], check: str | None
) -> None:
    strategy, position_id = await play.enter(short_put(Exit=rule))
    await play.evaluate()
    assert await play.events(models.ExitSignalEvent) == []
    play.market.move(4850 if check == "StopLoss" else 5150)
    await play.evaluate()
    await play.evaluate()
    (on,) = await play.events(models.ExitSignalEvent)
    assert (on.State.name, on.StrategyId, on.PositionId) == ("On", strategy.Id, position_id)
    assert (on.PositionName, on.BrokerAccountId) == ("a position", ACCOUNT)
    assert on.ExitSignalResult is not None
    seen = getattr(on.ExitSignalResult, check) if check else on.ExitSignalResult.Conditions[0]
    assert seen.Result is True
    play.market.move(5000)
    await play.evaluate()
    assert await play.states(models.ExitSignalEvent) == ["On", "Off"]


async def test_the_days_in_trade_end(play: Stage) -> None:
    await play.enter(short_put(Exit={"MaxDaysInTrade": 2}))
    await play.market.at(MONDAY + timedelta(days=1))
    await play.evaluate()
    assert await play.events(models.ExitSignalEvent) == []
    await play.market.at(MONDAY + timedelta(days=2))
    await play.evaluate()
    (on,) = await play.events(models.ExitSignalEvent)
    assert on.ExitSignalResult is not None
    assert on.ExitSignalResult.MaxDaysInTrade is not None
    assert on.ExitSignalResult.MaxDaysInTrade.Result is True


@on_both_databases
async def test_a_closed_position_ends_its_signals_and_errors(play: Stage) -> None:
    rules = {"Conditions": ["underlying_price < 4900", "underlying_iv_rank > 90"]}
    _, position_id = await play.enter(short_put(Exit=rules))
    play.market.move(4850)
    await play.evaluate()
    assert await play.states(models.ExitSignalEvent) == ["On"]
    await play.kit.leave(position_id)
    await play.evaluate()
    on, off = await play.events(models.ExitSignalEvent)
    assert (off.State.name, off.PositionId, off.ExitSignalResult) == ("Off", on.PositionId, None)
    assert off.EventId != on.EventId
    assert await play.states(models.ErrorEvent) == ["Active", "Resolved"]


async def test_a_position_that_is_closed_while_it_is_evaluated_raises_nothing(
    play: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is told is looked at again in the transaction that tells it."""
    _, position_id = await play.enter(short_put(Exit={"Conditions": ["underlying_price < 4900"]}))
    play.market.move(4850)
    evaluator = play.kit.application.signals._evaluator
    run = evaluator.run

    async def slow(*args: Any) -> Any:
        result = await run(*args)
        if "signals" in args[1]:
            monkeypatch.undo()
            await play.kit.leave(position_id)
        return result

    monkeypatch.setattr(evaluator, "run", slow)
    await play.evaluate()
    assert (await play.position(position_id)).State is models.LivePositionState.Closed
    await play.evaluate()
    assert await play.events(models.ExitSignalEvent) == []


# --- adjustments


async def test_an_adjustment_signal_says_whether_its_window_is_open(play: Stage) -> None:
    rules = conditional(CONDITION, RemoveLegsAdjustment={"LegNames": ["p"]})
    await play.enter(short_put(Adjustment={"Schedule": {"BeforeMarketCloseMinutes": 30, "Every": "day"}, **rules}))
    play.market.move(4850)
    await play.evaluate()
    (on,) = await play.events(models.AdjustmentSignalEvent)
    assert (on.State.name, on.AdjustmentTimeOk, on.Condition.Statement) == ("On", False, CONDITION)
    assert on.Condition.Vars == {"underlying_price": 4850}
    play.market.move(5000)
    await play.evaluate()
    assert await play.states(models.AdjustmentSignalEvent) == ["On", "Off"]


async def test_positions_of_a_strategy_deleted_by_force_are_watched_no_more(play: Stage) -> None:
    strategy, position_id = await play.enter(short_put(Exit={"Conditions": ["underlying_price < 4900"]}))
    play.market.move(4850)
    await play.evaluate()
    await play.kit.control.delete_strategy(models.DeleteStrategyArgs(StrategyId=strategy.Id, Force=True))
    await play.evaluate()
    assert await play.states(models.ExitSignalEvent) == ["On", "Off"]
    play.market.move(5000)
    await play.evaluate()
    play.market.move(4850)
    await play.evaluate()
    assert await play.states(models.ExitSignalEvent) == ["On", "Off"]
    assert (await play.position(position_id)).State is models.LivePositionState.Open


@pytest.mark.parametrize(("minutes_before_close", "open_now"), [(31, False), (30, True), (26, True), (25, False)])
async def test_exits_and_adjustments_say_whether_their_window_is_open(
    play: Stage, minutes_before_close: int, open_now: bool
) -> None:
    window = {"BeforeMarketCloseMinutes": 30, "Every": "day"}
    rules = conditional(CONDITION, RemoveLegsAdjustment={"LegNames": ["p"]})
    leave = {"Schedule": window, "Conditions": ["underlying_price < 4900"]}
    await play.enter(short_put(Exit=leave, Adjustment={"Schedule": window, **rules}))
    close = datetime(2024, 3, 11, 20, 0, tzinfo=UTC)
    await play.market.at(close - timedelta(minutes=minutes_before_close), spot=4850)
    await play.evaluate()
    (exit_on,), (adjust,) = await play.events(models.ExitSignalEvent), await play.events(models.AdjustmentSignalEvent)
    assert exit_on.ExitSignalResult is not None
    assert (exit_on.ExitSignalResult.ScheduleOk, adjust.AdjustmentTimeOk) == (open_now, open_now)


@on_both_databases
async def test_a_condition_that_was_taken_out_of_the_definition_ends_its_signal(play: Stage) -> None:
    rules = conditional(CONDITION, RemoveLegsAdjustment={"LegNames": ["p"]})
    strategy, _ = await play.enter(short_put(Adjustment=rules))
    play.market.move(4850)
    await play.evaluate()
    await play.kit.control.update_strategy(
        models.UpdateStrategyArgs(StrategyId=strategy.Id, StrategyDefinition=short_put())
    )
    await play.evaluate()
    _, off = await play.events(models.AdjustmentSignalEvent)
    assert (off.State.name, off.Condition.Statement, off.Condition.Result) == ("Off", CONDITION, None)


# --- errors


@on_both_databases
async def test_a_missing_price_is_an_error_with_the_contracts_name_and_no_false_condition(play: Stage) -> None:
    _, position_id = await play.enter(short_put(Exit={"Conditions": ["leg_p_price > 50"]}))
    play.market.move(4850)
    await play.evaluate()
    assert await play.states(models.ExitSignalEvent) == ["On"]
    play.market.blank("SPXW", date(2024, 4, 19))
    await play.evaluate()
    await play.evaluate()
    (error,) = await play.events(models.ErrorEvent)
    assert error.State is models.ErrorState.Active
    assert error.Message is not None
    assert "SPX.SPXW.2024-04-19.4800.Put.100" in error.Message
    assert await play.states(models.ExitSignalEvent) == ["On"], "unknown is not false"
    assert await play.states(models.EntrySignalEvent) == ["On", "Off"], "who does not know the account may not enter"
    play.market.reprice()
    await play.evaluate()
    _, resolved = await play.events(models.ErrorEvent)
    assert (resolved.State.name, resolved.ErrorId) == ("Resolved", error.ErrorId)
    assert await play.states(models.ExitSignalEvent) == ["On"]
    assert (await play.position(position_id)).State is models.LivePositionState.Open


async def test_a_failing_statement_is_one_error_with_its_text_and_the_same_id_each_time(
    play: Stage,
) -> None:
    statement = "underlying_iv_rank < 50"
    await play.strategy(short_put(Entry={"Conditions": [statement]}))
    for _ in range(3):
        await play.evaluate()
    (error,) = await play.events(models.ErrorEvent)
    assert (error.ConditionType, error.Statement) == (models.ConditionType.Entry, statement)
    past = [Day(date(2024, 2, 1) + timedelta(days=n), close=5000.0, iv=0.1 + n / 100) for n in range(25)]
    play.market.book.history = DailySeries.of(past)
    await play.evaluate()
    play.market.book.history = DailySeries()
    await play.evaluate()
    reported = await play.events(models.ErrorEvent)
    assert [event.State.name for event in reported] == ["Active", "Resolved", "Active"]
    assert {event.ErrorId for event in reported} == {error.ErrorId}


async def test_an_error_is_not_resolved_by_an_evaluation_that_could_not_be_made(play: Stage) -> None:
    await play.enter(short_put())
    statement = "underlying_iv_rank < 50"
    await play.strategy(short_put(Entry={"Conditions": [statement]}))
    await play.evaluate()
    assert [event.Statement for event in await play.events(models.ErrorEvent)] == [statement]
    play.market.blank("SPXW", date(2024, 4, 19))
    await play.evaluate()
    reported = [(event.State.name, event.Statement) for event in await play.events(models.ErrorEvent)]
    assert reported == [("Active", statement), ("Active", None), ("Active", None)], "one more for each strategy"
    play.market.reprice()
    await play.evaluate()
    ended = (await play.events(models.ErrorEvent))[3:]
    assert [(signal.State.name, signal.Statement) for signal in ended] == [("Resolved", None)] * 2


async def test_a_condition_written_twice_is_one_error_and_another_one_is_another(play: Stage) -> None:
    failing = ["underlying_iv_rank > 90", "underlying_iv_rank > 90", "underlying_iv_pct > 90"]
    await play.enter(short_put(Exit={"Conditions": failing}))
    await play.evaluate()
    await play.evaluate()
    errors = await play.events(models.ErrorEvent)
    assert sorted(error.Statement or "" for error in errors) == ["underlying_iv_pct > 90", "underlying_iv_rank > 90"]
    assert len({error.ErrorId for error in errors}) == 2


async def test_a_silent_provider_is_an_error_and_not_an_old_price(play: Stage) -> None:
    await play.strategy(short_put())
    await play.evaluate()
    play.market.mute = True
    await play.market.at(MONDAY + timedelta(minutes=5))
    await play.evaluate()
    (error,) = [event for event in await play.events(models.ErrorEvent) if event.StrategyId is not None]
    assert "no quotes of SPX are coming in" in (error.Message or "")
    assert await play.states(models.EntrySignalEvent) == ["On", "Off"]


# --- restarts


@on_both_databases
async def test_a_restart_neither_repeats_nor_forgets(tmp_path: Path, database_settings: Json) -> None:
    rules = conditional(CONDITION, RemoveLegsAdjustment={"LegNames": ["p"]})
    leave = {"Conditions": ["underlying_price < 4900", "underlying_iv_rank > 90"]}
    async with stage(tmp_path, **database_settings) as play:
        await play.enter(short_put(Adjustment=rules, Exit=leave))
        play.market.move(4850)
        await play.evaluate()
    market = ScriptedMarket(MONDAY + timedelta(minutes=10))
    market.move(4850)
    async with stage(tmp_path, market, **database_settings) as play:
        await play.evaluate()
        kinds = (
            models.EntrySignalEvent,
            models.ExitSignalEvent,
            models.AdjustmentSignalEvent,
            models.ErrorEvent,
        )
        assert [len(await play.events(kind)) for kind in kinds] == [1, 1, 1, 1]
        market.move(5000)
        await play.evaluate()
        assert await play.states(models.ExitSignalEvent) == ["On"], "the failing condition keeps it unknown"
        assert await play.states(models.AdjustmentSignalEvent) == ["On", "Off"]


@on_both_databases
async def test_a_new_connection_hears_what_is_on_first_with_its_original_ids(play: Stage) -> None:
    leave = {"Conditions": ["underlying_price < 4900", "underlying_iv_rank > 90"]}
    await play.enter(short_put(Exit=leave, Entry={"Conditions": ["underlying_price > 4900"]}))
    await play.evaluate()
    play.market.move(4850)
    await play.evaluate()
    (exit_on,) = await play.events(models.ExitSignalEvent)
    (error,) = await play.events(models.ErrorEvent)
    assert await play.states(models.EntrySignalEvent) == ["On", "Off"]
    received: list[models.MesoLiveEvent] = []
    client = MesoLiveEventHubClient(play.kit.url, play.kit.token)
    client.on_exit_signal(received.append)
    client.on_error(received.append)
    client.on_entry_signal(received.append)
    async with client:
        await client.get_latest_event_seq_id()
    assert [(item.EventId, item.EventSeqId) for item in received] == sorted(
        ((item.EventId, item.EventSeqId) for item in (exit_on, error)), key=lambda pair: pair[1]
    )


def test_the_evaluator_runs_by_itself_every_minute_and_at_five_minute_marks() -> None:
    minute, seven = timedelta(minutes=1), timedelta(minutes=7)
    assert next_evaluation(MONDAY, minute) == MONDAY + minute
    assert next_evaluation(MONDAY + timedelta(seconds=61), minute) == MONDAY + 2 * minute
    assert next_evaluation(MONDAY, seven) - MONDAY <= timedelta(minutes=5)
    assert next_evaluation(MONDAY + timedelta(minutes=4, seconds=59), seven) == MONDAY + timedelta(minutes=5)
