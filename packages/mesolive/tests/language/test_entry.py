"""Section D.5: the preview of an entry, and what is fixed once it is filled."""

from __future__ import annotations

import math
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesolive.language import freeze_at_entry
from mesolive.language.decision import FrozenVariables, PositionState, StatementKind, shown, to_decimal
from mesolive.market.contracts import Right
from mesolive.records import replace
from mesolive_testkit.language.market import NOON, TODAY, PlainView, generated
from mesolive_testkit.language.strategies import (
    ACCOUNT,
    Json,
    contract,
    definition,
    expiration,
    leg,
    open_leg,
    position,
    seeded,
    select,
    strategy,
)

PUT_SPREAD = [leg("s", -1, StrikePrice=4400), leg("l", 1, StrikePrice=4350)]


def frozen(raw: Json, of: PositionState, view: PlainView | None = None) -> FrozenVariables:
    return freeze_at_entry(
        strategy(raw),
        view if view is not None else generated(),
        ACCOUNT,
        of,
        external={"signal": 2.0},
        random=seeded(1),
    )


@pytest.mark.parametrize(
    ("conditions", "allowed"),
    [
        ([], True),
        (["true"], True),
        (["false"], False),
        (["false", "true"], True),
        (["0"], False),
        (["random(1, 1)"], True),
        (["nil"], False),
        (["pos_delta ~= 0"], True),
        (["leg_s_strike == 4400"], True),
    ],
)
def test_d5_3_any_true_condition_or_none_written_allows_the_entry(conditions: list[str], allowed: bool) -> None:
    selection = select(definition(PUT_SPREAD, Entry={"Conditions": conditions}))
    assert selection.allowed is allowed
    assert [condition.statement for condition in selection.conditions] == conditions


@pytest.mark.parametrize(
    ("aborts", "allowed"),
    [([], True), (["false"], True), (["true"], False), (["false", "true"], False), (["pos_theta < 0"], True)],
)
def test_d5_7_any_true_abort_condition_refuses_the_entry(aborts: list[str], allowed: bool) -> None:
    selection = select(definition(PUT_SPREAD, Entry={"AbortConditions": aborts}))
    assert selection.allowed is allowed


@pytest.mark.parametrize("section", ["Conditions", "AbortConditions"])
def test_a_condition_that_cannot_be_evaluated_does_not_allow_the_entry(section: str) -> None:
    view = generated()
    bare = PlainView(view.now, replace(view.underlying, iv_rank=None), view.slices)
    raw = definition(Entry={section: ["underlying_iv_rank > 50", "false" if section == "AbortConditions" else "true"]})
    selection = select(raw, bare)
    failed = (selection.conditions + selection.abort_conditions)[0]
    assert failed.result is None
    assert "rank" in str(failed.error)
    assert selection.allowed is False


def test_decision_3_variables_run_in_written_order_then_target_then_stop() -> None:
    raw = definition(
        PUT_SPREAD,
        Entry={"VarDefines": {"z": "2", "a": "z * 10", "z2": "a + z"}},
        Exit={"ProfitTarget": "z2 + a", "StopLoss": "profit_target * 2", "MaxDaysInTrade": "stop_loss / 4"},
    )
    selection = select(raw)
    assert selection.variables == {
        "z": 2,
        "a": 20,
        "z2": 22,
        "profit_target": 42,
        "stop_loss": 84,
        "max_days_in_trade": 21,
        "expiration_e_dte": 30,
    }
    assert [evaluation.kind for evaluation in selection.definitions] == [StatementKind.VAR_DEFINE] * 3 + [
        StatementKind.PROFIT_TARGET,
        StatementKind.STOP_LOSS,
        StatementKind.MAX_DAYS_IN_TRADE,
    ]


def test_conditions_of_the_preview_may_use_what_would_be_defined() -> None:
    raw = definition(
        PUT_SPREAD,
        Entry={"VarDefines": {"credit": "leg_s_price - leg_l_price"}, "Conditions": ["credit > 0 and stop_loss == 9"]},
        Exit={"StopLoss": "9"},
    )
    selection = select(raw)
    assert selection.allowed
    assert set(selection.conditions[0].variables) == {"credit", "stop_loss"}


def test_variables_are_exact_decimals_of_the_evaluated_floats() -> None:
    raw = definition(Entry={"VarDefines": {"third": "1 / 3", "whole": "10 / 2", "flag": "nav > 0", "tiny": "1e-9"}})
    selection = select(raw).variables
    assert selection["third"] == Decimal("0.3333333333333333")
    assert str(selection["whole"]) == "5"
    assert selection["flag"] == 1
    assert selection["tiny"] == Decimal("1e-9")


@settings(max_examples=200)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_stored_variable_reads_back_as_the_computed_number(number: float) -> None:
    """`pos_pnl > best` does not hold once `best = pos_pnl` was set."""
    assert float(to_decimal(number)) == number


def test_what_is_shown_is_free_of_the_noise_of_floats() -> None:
    noisy = {"credit": 1834.9999999999998, "kept": Decimal("0.30000000000000004"), "third": 1 / 3, "whole": 7.0}
    assert {name: str(number) for name, number in shown(noisy).items()} == {
        "credit": "1835",
        "kept": "0.3",
        "third": "0.333333333333",
        "whole": "7",
    }
    assert shown({"none": float("nan"), "endless": float("inf")}) == {}


@given(st.floats(min_value=1e-9, max_value=1e12))
def test_what_is_shown_is_right_to_twelve_digits(number: float) -> None:
    assert float(shown({"x": number})["x"]) == pytest.approx(number, rel=5.1e-12)


def test_a_multiplier_is_free_of_the_noise_of_floats() -> None:
    raw = definition(PUT_SPREAD, Entry={"QtyMultiplier": "(0.1 + 0.2) * 10"})
    assert str(select(raw).qty_multiplier) == "3"


def test_external_values_are_read_in_selection() -> None:
    raw = definition(
        [leg("a", StrikePrice="4000 + level")],
        Entry={"Conditions": ["signal == 1"]},
        ExternalData={"CsvUrl": "https://docs.google.com/x"},
    )
    selection = select(raw, external={"level": 500.0, "signal": 1.0})
    assert selection.allowed
    assert selection.legs[0].contract.strike == 4500
    missing = select(raw, external={"level": 500.0})
    assert missing.conditions[0].result is None


def filled(view: PlainView, *, multiplier: int = 2) -> PositionState:
    """Return the put spread as filled at 40.00 and 30.00, times a multiplier."""
    return position(
        open_leg("s", contract(view, 4400.0), -multiplier, price=40.0, opened_at=NOON),
        open_leg("l", contract(view, 4350.0), multiplier, price=30.0, opened_at=NOON),
        opened_at=NOON,
        qty_multiplier=Decimal(multiplier),
    )


def test_d6_target_and_stop_are_fixed_from_the_filled_position() -> None:
    view = generated()
    raw = definition(
        PUT_SPREAD,
        Entry={"VarDefines": {"theta": "pos_theta", "contracts": "leg_l_qty"}},
        Exit={"ProfitTarget": "80 * theta", "StopLoss": "3 * profit_target", "MaxDaysInTrade": "28"},
    )
    result = frozen(raw, filled(view)).variables
    where = [view.find(leg.contract) for leg in filled(view).legs]
    theta = sum(
        sign * 200 * float(place[0].theta[place[1]]) for sign, place in zip((-1, 1), where, strict=True) if place
    )
    assert float(result["theta"]) == pytest.approx(theta)
    assert float(result["profit_target"]) == pytest.approx(80 * theta)
    assert float(result["stop_loss"]) == pytest.approx(240 * theta)
    assert (result["contracts"], result["max_days_in_trade"], result["expiration_e_dte"]) == (2, 28, 30)


def test_d6_what_is_fixed_does_not_move_with_the_market() -> None:
    view = generated()
    raw = definition(PUT_SPREAD, Exit={"ProfitTarget": "100 * pos_theta"})
    before = frozen(raw, filled(view), view).variables["profit_target"]
    later = view.at(NOON + timedelta(days=3))
    after = frozen(raw, filled(view), later).variables["profit_target"]
    assert before == after  # the arrays are the same; only the clock moved
    assert frozen(raw, filled(view), generated(volatility=0.3)).variables["profit_target"] != before


def test_decision_7_a_negative_stop_is_taken_by_its_absolute_value() -> None:
    view = generated()
    result = frozen(definition(PUT_SPREAD, Exit={"StopLoss": "-250"}), filled(view))
    assert result.variables["stop_loss"] == 250


def test_a_definition_that_fails_leaves_only_its_variable_unset() -> None:
    view = generated()
    part = view.slice("SPXW", TODAY + timedelta(days=30), Right.PUT)
    assert part is not None
    broken = view.with_slice(part.changed(4400.0, theta=math.nan))
    raw = definition(
        PUT_SPREAD,
        Entry={"VarDefines": {"bad": "leg_s_theta", "worse": "bad + 1", "good": "7"}},
        Exit={"StopLoss": "good * 2"},
    )
    result = frozen(raw, filled(view), broken)
    assert result.variables == {"good": 7, "stop_loss": 14, "expiration_e_dte": 30}
    assert [evaluation.error is None for evaluation in result.evaluations] == [False, False, True, True]
    assert "no theta" in str(result.evaluations[0].error)
    assert "'bad' has no value" in str(result.evaluations[1].error)


def test_expirations_are_stored_by_alias() -> None:
    view = generated()
    raw = definition(
        [leg("n", -1, StrikePrice=4400, expiration="near"), leg("f", 1, StrikePrice=4400, expiration="far")],
        [expiration("near", 30), expiration("far", 61)],
    )
    assert select(raw, view).variables == {
        "expiration_near_dte": 30,
        "expiration_far_dte": 61,
    }


def test_the_trace_shows_every_choice() -> None:
    selection = select(definition(PUT_SPREAD))
    assert [trace.what for trace in selection.traces] == ["expiration 'e'", "leg 's'", "leg 'l'"]
    assert all(trace.candidates > 0 and trace.target is not None for trace in selection.traces)


def delta_of(view: PlainView, of: PositionState) -> float:
    """Return a position's delta from the chain itself."""
    places = [(float(leg.qty), view.find(leg.contract)) for leg in of.legs]
    return sum(100 * qty * float(place[0].delta[place[1]]) for qty, place in places if place is not None)


def test_account_sums_include_the_position_that_is_being_entered() -> None:
    view = generated()
    other = position(open_leg("x", contract(view, 4200.0), 3))
    account = replace(ACCOUNT, positions=(other,), strategy_positions=1)
    raw = definition(PUT_SPREAD, Entry={"VarDefines": {"all": "acc_delta", "own": "pos_delta", "n": "pos_in_flight"}})
    preview = select(raw, view, account).variables
    expected = delta_of(view, other) + delta_of(view, filled(view, multiplier=1))
    assert float(preview["all"]) == pytest.approx(expected)
    assert preview["n"] == 1
    of = filled(view, multiplier=1)
    ready = strategy(raw)
    for positions in ((other,), (other, of)):
        holding = replace(account, positions=positions)
        result = freeze_at_entry(ready, view, holding, of, random=seeded(1)).variables
        assert float(result["all"]) == pytest.approx(expected)
