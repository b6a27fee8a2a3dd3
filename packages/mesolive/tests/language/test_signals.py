"""Sections D.5 to D.8: whether something may be traded now."""

from __future__ import annotations

import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from mesolive.language import evaluate_adjustments, evaluate_entry_gate, evaluate_exit, evaluate_signals
from mesolive.language.decision import (
    AccountState,
    AdjustmentEvaluation,
    EntryGate,
    ExitEvaluation,
    Operation,
    PositionState,
    StatementKind,
)
from mesolive.market.contracts import Right
from mesolive.records import replace
from mesolive_testkit.language.market import NOON, TODAY, PlainCalendar, PlainView, at, generated
from mesolive_testkit.language.strategies import (
    ACCOUNT,
    Json,
    contract,
    definition,
    leg,
    open_leg,
    position,
    seeded,
    strategy,
)

NOON_EVERY_DAY = {"AfterMarketOpenMinutes": 150, "Every": "day"}


def gate(raw: Json, account: AccountState = ACCOUNT, view: PlainView | None = None) -> EntryGate:
    return evaluate_entry_gate(strategy(raw), view if view is not None else generated(), account, random=seeded(1))


def entry(**rules: Any) -> Json:
    return definition(Entry={"Schedule": NOON_EVERY_DAY, **rules})


# --- entry


def test_an_entry_is_allowed_when_everything_that_gates_it_holds() -> None:
    selection = gate(entry(Conditions=["underlying_iv_rank < 70"]))
    assert (selection.schedule_ok, selection.concurrency_ok, selection.reentry_ok, selection.entry_allowed) == (
        True,
    ) * 4
    assert selection.conditions[0].result is True


def test_outside_of_its_schedule_an_entry_is_not_allowed() -> None:
    selection = gate(entry(), view=generated(now=NOON + timedelta(minutes=5)))
    assert (selection.schedule_ok, selection.entry_allowed) == (False, False)
    assert selection.next_entry_at == NOON + timedelta(days=1)


@pytest.mark.parametrize(("open_now", "ok"), [(0, True), (2, True), (3, False), (4, False)])
def test_d5_2_no_more_positions_than_max_positions_in_flight(open_now: int, ok: bool) -> None:
    selection = gate(entry(Concurrency={"MaxPositionsInFlight": 3}), replace(ACCOUNT, strategy_positions=open_now))
    assert (selection.concurrency_ok, selection.entry_allowed) == (ok, ok)


@pytest.mark.parametrize("concurrency", [None, {}, {"EntryShiftDays": 0}])
@pytest.mark.parametrize(("open_now", "ok"), [(0, True), (1, False), (5, False)])
def test_decision_13_without_max_positions_in_flight_there_is_one_position_at_a_time(
    concurrency: Json | None, open_now: int, ok: bool
) -> None:
    selection = gate(entry(Concurrency=concurrency), replace(ACCOUNT, strategy_positions=open_now))
    assert (selection.concurrency_ok, selection.entry_allowed) == (ok, ok)


@pytest.mark.parametrize(("days_ago", "ok"), [(0, False), (6, False), (7, True), (8, True), (None, True)])
def test_decision_8_entry_shift_days_count_calendar_days_since_the_last_entry(days_ago: int | None, ok: bool) -> None:
    last = None if days_ago is None else NOON - timedelta(days=days_ago)
    selection = gate(entry(Concurrency={"EntryShiftDays": 7}), replace(ACCOUNT, last_entry_at=last))
    assert selection.concurrency_ok is ok


@pytest.mark.parametrize(("days_ago", "ok"), [(0, False), (1, False), (2, True), (None, True)])
def test_decision_8_reentry_days_count_calendar_days_since_the_last_exit(days_ago: int | None, ok: bool) -> None:
    last = None if days_ago is None else NOON - timedelta(days=days_ago)
    selection = gate(entry(ReentryDays="2"), replace(ACCOUNT, last_exit_at=last))
    assert (selection.reentry_ok, selection.entry_allowed) == (ok, ok)


def test_decision_8_days_are_differences_of_exchange_local_dates() -> None:
    late_in_new_york = datetime.fromisoformat("2023-09-12T23:30:00-04:00")  # the 13th in UTC
    selection = gate(entry(ReentryDays=1), replace(ACCOUNT, last_exit_at=late_in_new_york))
    assert selection.reentry_ok is True
    early = datetime.fromisoformat("2023-09-13T00:30:00-04:00")
    assert gate(entry(ReentryDays=1), replace(ACCOUNT, last_exit_at=early)).reentry_ok is False


def test_the_next_entry_waits_for_re_entry_and_shift_days() -> None:
    friday = NOON + timedelta(days=2)
    account = replace(ACCOUNT, last_exit_at=NOON, last_entry_at=NOON - timedelta(days=1))
    selection = gate(entry(ReentryDays=3, Concurrency={"EntryShiftDays": 2}), account)
    assert selection.next_entry_at == NOON + timedelta(days=5)  # three days on is a Saturday
    assert gate(entry(ReentryDays=2), account).next_entry_at == friday
    assert gate(entry(), account).next_entry_at == NOON + timedelta(days=1)
    assert gate(definition(), account).next_entry_at is None


def test_before_there_are_legs_position_sums_are_zero_and_a_legs_value_fails() -> None:
    selection = gate(entry(Conditions=["pos_delta == 0"]))
    assert selection.entry_allowed is True
    failed = gate(entry(Conditions=["leg_a_delta > 0", "true"]))
    assert failed.conditions[0].result is None
    assert failed.entry_allowed is False


# --- exit


def spread(view: PlainView, *, opened: datetime = NOON - timedelta(days=10), **variables: float) -> PositionState:
    """Return a short put spread, sold for 10.00 more than its present worth."""
    price = {strike: mark(view, strike) for strike in (4400.0, 4350.0)}
    return position(
        open_leg("s", contract(view, 4400.0), -1, price=price[4400.0] + 10.0, opened_at=opened),
        open_leg("l", contract(view, 4350.0), 1, price=price[4350.0], opened_at=opened),
        opened_at=opened,
        variables={name: Decimal(repr(value)) for name, value in variables.items()},
    )


def mark(view: PlainView, strike: float) -> float:
    location = view.find(contract(view, strike))
    assert location is not None
    return float(location[0].mark[location[1]])


def leaving(raw: Json, of: PositionState, view: PlainView | None = None) -> ExitEvaluation:
    return evaluate_exit(strategy(raw), view if view is not None else generated(), ACCOUNT, of, random=seeded(1))


RULES = definition(
    [leg("s", -1, StrikePrice=4400), leg("l", 1, StrikePrice=4350)],
    Exit={
        "ProfitTarget": "1",
        "StopLoss": "1",
        "MaxDaysInTrade": 28,
        "Conditions": ["pos_pnl > 5000", "days_in_trade > 9"],
    },
)


@pytest.mark.parametrize(("target", "reached"), [(999.99, True), (1000.01, False)])
def test_d6_the_profit_target_is_reached_at_its_amount(target: float, reached: bool) -> None:
    view = generated()
    evaluation = leaving(RULES, spread(view, profit_target=target, stop_loss=5000, max_days_in_trade=28), view)
    assert evaluation.profit_target is not None
    assert evaluation.profit_target.result is reached
    assert evaluation.profit_target.kind is StatementKind.PROFIT_TARGET
    assert evaluation.profit_target.variables["pos_pnl"] == pytest.approx(1000)


@pytest.mark.parametrize(("stop", "reached"), [(1999.99, True), (2000.01, False)])
def test_d6_the_stop_is_reached_when_the_loss_has_its_amount(stop: float, reached: bool) -> None:
    view = generated()
    losing = replace(spread(view, profit_target=1, stop_loss=stop, max_days_in_trade=28), realized_pnl=Decimal(-3000))
    evaluation = leaving(RULES, losing, view)
    assert evaluation.stop_loss is not None
    assert evaluation.stop_loss.result is reached


@pytest.mark.parametrize(("days", "reached"), [(27.9, False), (28.0, True), (29.0, True)])
def test_d6_max_days_in_trade_counts_decimal_days(days: float, reached: bool) -> None:
    view = generated()
    opened = NOON - timedelta(days=days)
    evaluation = leaving(
        RULES, spread(view, opened=opened, profit_target=9e9, stop_loss=9e9, max_days_in_trade=28), view
    )
    assert evaluation.max_days_in_trade is not None
    assert evaluation.max_days_in_trade.result is reached


def test_d6_any_condition_closes_the_position() -> None:
    view = generated()
    evaluation = leaving(RULES, spread(view, profit_target=9e9, stop_loss=9e9, max_days_in_trade=99), view)
    assert [condition.result for condition in evaluation.conditions] == [False, True]
    assert evaluation.triggered


def test_rules_that_are_not_written_do_not_close_anything() -> None:
    view = generated()
    evaluation = leaving(definition(), spread(view, profit_target=1.0, stop_loss=1.0), view)
    assert (evaluation.profit_target, evaluation.stop_loss, evaluation.max_days_in_trade, evaluation.conditions) == (
        None,
        None,
        None,
        (),
    )
    assert not evaluation.triggered


def test_a_target_that_could_not_be_fixed_fails_and_does_not_trigger() -> None:
    view = generated()
    evaluation = leaving(RULES, spread(view, opened=NOON, stop_loss=9e9), view)
    assert evaluation.profit_target is not None
    assert evaluation.profit_target.result is None
    assert "profit_target" in str(evaluation.profit_target.error)
    assert not evaluation.triggered


def test_a_leg_without_price_makes_the_stop_fail_and_not_false() -> None:
    view = generated()
    part = view.slice("SPXW", TODAY + timedelta(days=30), Right.PUT)
    assert part is not None
    broken = view.with_slice(part.changed(4400.0, mark=math.nan))
    evaluation = leaving(RULES, spread(view, opened=NOON, profit_target=1, stop_loss=1, max_days_in_trade=9), broken)
    assert evaluation.stop_loss is not None
    assert evaluation.stop_loss.result is None
    assert "leg 's' (SPXW231013P04400000) has no price" in str(evaluation.stop_loss.error)


def test_the_exit_schedule_is_stated_and_decides_nothing_itself() -> None:
    raw = definition(Exit={"Schedule": {"AfterMarketOpenMinutes": 40, "Every": "5min"}, "Conditions": ["true"]})
    view = generated()
    assert leaving(raw, spread(view), view).schedule_ok is True
    before = generated(now=at(TODAY, time(9, 45)))
    evaluation = leaving(raw, spread(before), before)
    assert evaluation.schedule_ok is False
    assert evaluation.triggered


# --- adjustments


def update(name: str = "x", text: str = "1") -> Json:
    return {"UpdateVarsAdjustment": {"VarDefines": {name: text}}}


def remove(name: str = "s") -> Json:
    return {"RemoveLegsAdjustment": {"LegNames": [name]}}


def adjusting(conditions: Json, of: PositionState, view: PlainView, **more: Any) -> tuple[AdjustmentEvaluation, ...]:
    raw = definition(
        [leg("s", -1, StrikePrice=4400), leg("l", 1, StrikePrice=4350)],
        Adjustment={"ConditionalAdjustments": conditions, **more},
    )
    return evaluate_adjustments(strategy(raw), view, ACCOUNT, of, random=seeded(1))


def test_d7_conditions_are_evaluated_in_the_alphabetical_order_of_their_full_text() -> None:
    view = generated()
    conditions = {
        "pos_pnl > 5 -- Step 2": remove(),
        "nav > 1": update(),
        "pos_pnl > 5 -- Step 1": remove("l"),
    }
    texts = [evaluation.condition for evaluation in adjusting(conditions, spread(view), view)]
    assert texts == ["nav > 1", "pos_pnl > 5 -- Step 1", "pos_pnl > 5 -- Step 2"]


def test_decision_4_all_conditions_are_judged_on_one_snapshot() -> None:
    view = generated()
    result = adjusting(
        {"pos_pnl > 999": remove(), "pos_pnl < 1001": remove("l"), "false": update()}, spread(view), view
    )
    assert [evaluation.evaluation.result for evaluation in result] == [False, True, True]
    assert all(evaluation.evaluation.kind is StatementKind.ADJUSTMENT for evaluation in result)


def test_d7_operations_come_in_the_order_remove_move_add_update() -> None:
    view = generated()
    everything = {
        **update(),
        "AddLegsAdjustment": {"Legs": [leg("n", Delta=5)]},
        "MoveLegAdjustment": {"LegName": "l", "StrikeSelector": {"Delta": 5}},
        **remove(),
    }
    (evaluation,) = adjusting({"true": everything}, spread(view), view)
    assert evaluation.operations == (
        Operation.REMOVE_LEGS,
        Operation.MOVE_LEG,
        Operation.ADD_LEGS,
        Operation.UPDATE_VARS,
    )
    assert not evaluation.automatic


@pytest.mark.parametrize(("count", "liquidates"), [(0, False), (3, False), (4, True), (5, True)])
def test_d7_after_max_adjustment_count_the_next_one_liquidates(count: int, liquidates: bool) -> None:
    view = generated()
    of = replace(spread(view), adjustment_count=count)
    result = adjusting({"nav > 1": remove(), "nav > 2": update()}, of, view, MaxAdjustmentCount="4")
    assert [(evaluation.liquidates, evaluation.automatic) for evaluation in result] == [
        (liquidates, False),
        (False, True),
    ]


def test_without_max_adjustment_count_nothing_liquidates() -> None:
    view = generated()
    (evaluation,) = adjusting({"nav > 1": remove()}, replace(spread(view), adjustment_count=1000), view)
    assert not evaluation.liquidates


def test_a_condition_on_a_leg_that_is_not_open_yet_fails_only_when_it_is_reached() -> None:
    view = generated()
    conditions = {
        "open_trades_cnt == 2": {"AddLegsAdjustment": {"Legs": [leg("hedge", 1, Delta=5)]}},
        "open_trades_cnt == 3 and leg_hedge_price > 8": remove("hedge"),
        "leg_hedge_price > 8": remove("hedge"),
    }
    result = {evaluation.condition: evaluation.evaluation for evaluation in adjusting(conditions, spread(view), view)}
    assert result["open_trades_cnt == 2"].result is True
    assert result["open_trades_cnt == 3 and leg_hedge_price > 8"].result is False
    assert result["leg_hedge_price > 8"].result is None


# --- all of it


def test_one_function_answers_for_a_strategy_with_and_without_a_position() -> None:
    view = generated()
    raw = definition(
        [leg("s", -1, StrikePrice=4400), leg("l", 1, StrikePrice=4350)],
        Exit={"Conditions": ["pos_pnl > 1"]},
        Adjustment={"ConditionalAdjustments": {"pos_pnl > 2": remove()}},
    )
    ready = strategy(raw)
    before = evaluate_signals(ready, view, ACCOUNT, None, random=seeded(1))
    assert before.entry is not None
    assert before.exit is None
    within = evaluate_signals(ready, view, ACCOUNT, spread(view), random=seeded(1))
    assert within.entry is None
    assert within.exit is not None
    assert within.exit.triggered
    assert within.adjustments[0].evaluation.result is True


def test_evaluating_changes_nothing_and_repeats_itself() -> None:
    view = generated()
    of = spread(view, profit_target=1.0, stop_loss=5.0, max_days_in_trade=3.0)
    copy = replace(of)
    ready = strategy(RULES)
    first, second = (evaluate_signals(ready, view, ACCOUNT, of, random=seeded(1)) for _ in range(2))
    assert first == second
    assert of == copy


def test_account_sums_are_those_of_the_account_and_view_that_are_given() -> None:
    ready = strategy(definition(Exit={"Conditions": ["acc_pnl > 1500"]}))
    view = generated()
    of = spread(view)
    for count, reached in ((1, False), (2, True), (1, False)):
        account = replace(ACCOUNT, positions=(of,) * count)
        assert evaluate_exit(ready, view, account, of, random=seeded(1)).triggered is reached


def test_an_early_close_moves_what_is_counted_from_the_close() -> None:
    short = date(2023, 11, 24)
    calendar = PlainCalendar(early=frozenset({short}))
    raw = definition(Entry={"Schedule": {"BeforeMarketCloseMinutes": 30, "Every": "day"}})
    for clock, ok in ((time(12, 30), True), (time(15, 30), False)):
        view = generated(now=at(short, clock), calendar=calendar)
        assert gate(raw, view=view).schedule_ok is ok
