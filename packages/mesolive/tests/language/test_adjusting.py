"""Section D.7: what carrying out an adjustment closes, opens and sets."""

from __future__ import annotations

import math
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from mesolive.language import freeze_at_adjustment, select_adjustment
from mesolive.language.decision import (
    AccountState,
    AdjustmentSelection,
    Constraint,
    Operation,
    PositionState,
    SelectionError,
)
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
    strategy,
)

CONDITION = "pos_delta > 6 -- A"


def strangle(view: PlainView, **more: Any) -> PositionState:
    """Return a short strangle: a put at 4300 sold for 30.00, a call at 4700 sold for 20.00."""
    return position(
        replace(open_leg("p", contract(view, 4300.0), -2, price=30.0, opened_at=NOON), leg_group_id=1),
        open_leg("c", contract(view, 4700.0, Right.CALL), -2, price=20.0, opened_at=NOON),
        **more,
    )


def rules(actions: Json, **more: Any) -> Json:
    return definition(
        [leg("p", -2, StrikePrice=4300), leg("c", -2, "Call", StrikePrice=4700)],
        [expiration(), expiration("far", 61)],
        Adjustment={"ConditionalAdjustments": {CONDITION: actions}, **more},
    )


def carry_out(
    actions: Json,
    operation: Operation,
    view: PlainView | None = None,
    of: PositionState | None = None,
    *,
    account: AccountState = ACCOUNT,
    constraint: Constraint = Constraint.FULLY_UNIQUE,
    condition: str = CONDITION,
    **more: Any,
) -> AdjustmentSelection:
    market = view if view is not None else generated()
    return select_adjustment(
        strategy(rules(actions, **more)),
        market,
        account,
        of if of is not None else strangle(market),
        condition=condition,
        operation=operation,
        constraint=constraint,
        random=seeded(1),
    )


def move(**selector: Any) -> Json:
    return {"MoveLegAdjustment": {"LegName": "p", "StrikeSelector": selector}}


# --- MoveLeg


def test_decision_6_a_moved_leg_keeps_name_quantity_and_group() -> None:
    outcome = carry_out(move(StrikePrice="leg_p_strike + 50"), Operation.MOVE_LEG)
    (closing,), (opening,) = outcome.closing, outcome.opening
    assert (closing.name, closing.contract.strike) == ("p", 4300)
    assert (opening.name, opening.contract.strike, opening.qty, opening.leg_group_id) == ("p", 4350, -2, 1)
    assert opening.contract.day == closing.contract.day
    assert outcome.allowed


def test_a_leg_may_move_to_another_expiration_with_its_own_alias() -> None:
    actions = move(Delta="abs(leg_c_delta / leg_c_qty)")
    actions["MoveLegAdjustment"] |= {"ExpirationName": "next", "Expirations": [expiration("next", 60, Min=50, Max=75)]}
    outcome = carry_out(actions, Operation.MOVE_LEG)
    assert outcome.opening[0].contract.day == TODAY + timedelta(days=61)
    assert outcome.opening[0].expiration_name == "next"
    assert outcome.variables == {"expiration_next_dte": 61}


def test_an_alias_that_no_open_leg_holds_is_chosen_by_its_rule_anew() -> None:
    actions = move(StrikePrice=4300)
    actions["MoveLegAdjustment"]["ExpirationName"] = "far"
    outcome = carry_out(actions, Operation.MOVE_LEG)
    assert outcome.opening[0].contract.day == TODAY + timedelta(days=61)


def test_an_alias_that_an_open_leg_holds_is_that_legs_expiration() -> None:
    view = generated()
    far = open_leg("f", contract(view, 4200.0, days=7), 1, price=5.0, alias="far")
    actions = move(StrikePrice=4300)
    actions["MoveLegAdjustment"]["ExpirationName"] = "far"
    base = strangle(view)
    outcome = carry_out(actions, Operation.MOVE_LEG, view, replace(base, legs=(*base.legs, far)))
    assert outcome.opening[0].contract.day == TODAY + timedelta(days=7)


def test_when_the_best_contract_is_the_one_it_holds_there_is_nothing_to_move() -> None:
    with pytest.raises(SelectionError, match="nothing to move"):
        carry_out(move(StrikePrice="leg_p_strike + 1"), Operation.MOVE_LEG)


@pytest.mark.parametrize(
    ("constraint", "strike"),
    [(Constraint.FULLY_UNIQUE, 4360), (Constraint.UNIQUE_IN_POSITION, 4350), (Constraint.NONE, 4350)],
)
def test_d3_the_constraint_counts_for_adjustments_too(constraint: Constraint, strike: int) -> None:
    view = generated()
    of = strangle(view)
    other = position(open_leg("x", contract(view, 4350.0), 1), open_leg("y", contract(view, 4340.0), 1))
    account = replace(ACCOUNT, positions=(of, other))
    outcome = carry_out(move(StrikePrice=4350), Operation.MOVE_LEG, view, of, account=account, constraint=constraint)
    assert outcome.opening[0].contract.strike == strike


def test_d3_another_leg_of_the_position_keeps_its_contract() -> None:
    view = generated()
    base = strangle(view)
    of = replace(base, legs=(*base.legs, open_leg("q", contract(view, 4350.0), 1)))
    outcome = carry_out(move(StrikePrice=4350), Operation.MOVE_LEG, view, of, constraint=Constraint.UNIQUE_IN_POSITION)
    assert outcome.opening[0].contract.strike == 4340


def test_d4_complex_works_in_a_move_with_the_candidate_in_the_legs_place() -> None:
    view = generated()
    actions = move(Complex={"Statement": "pos_delta", "Target": "40", "Constraints": ["leg_p_strike < 4500"]})
    outcome = carry_out(actions, Operation.MOVE_LEG, view)
    part = view.slice("SPXW", TODAY + timedelta(days=30), Right.PUT)
    call = view.find(contract(view, 4700.0, Right.CALL))
    assert part is not None
    assert call is not None
    others = -200 * float(call[0].delta[call[1]])
    sums = {
        strike: abs(others - 200 * delta - 40)
        for strike, delta in zip(part.strikes.tolist(), part.delta.tolist(), strict=True)
        if strike < 4500 and strike != 4300
    }
    assert float(outcome.opening[0].contract.strike) == min(sums, key=lambda strike: sums[strike])


def test_what_the_moved_leg_earned_is_realised_for_the_variables() -> None:
    view = generated()
    actions = move(StrikePrice=4350)
    actions["MoveLegAdjustment"]["VarDefines"] = {"pnl": "pos_pnl", "fresh": "leg_p_dit", "moved": "leg_p_strike"}
    outcome = carry_out(actions, Operation.MOVE_LEG, view).variables
    place, call = view.find(contract(view, 4300.0)), view.find(contract(view, 4700.0, Right.CALL))
    assert place is not None
    assert call is not None
    expected = 200 * (30 - float(place[0].mark[place[1]])) + 200 * (20 - float(call[0].mark[call[1]]))
    assert float(outcome["pnl"]) == pytest.approx(expected)
    assert (outcome["fresh"], outcome["moved"]) == (0, 4350)


def test_a_leg_without_a_price_can_be_moved_but_its_result_is_unknown() -> None:
    view = generated()
    part = view.slice("SPXW", TODAY + timedelta(days=30), Right.PUT)
    assert part is not None
    broken = view.with_slice(part.changed(4300.0, mark=math.nan))
    actions = move(StrikePrice=4350)
    actions["MoveLegAdjustment"]["VarDefines"] = {"pnl": "pos_pnl", "other": "leg_p_strike"}
    outcome = carry_out(actions, Operation.MOVE_LEG, broken, strangle(view))
    assert outcome.variables == {"other": 4350}
    assert "has no price" in str(outcome.definitions[0].error)


# --- RemoveLegs, AddLegs, UpdateVars


def test_removing_closes_the_named_legs_that_are_open() -> None:
    actions = {"RemoveLegsAdjustment": {"LegNames": ["c", "p"], "VarDefines": {"left": "open_trades_cnt"}}}
    view = generated()
    outcome = carry_out(actions, Operation.REMOVE_LEGS, view)
    assert [leg.name for leg in outcome.closing] == ["c", "p"]
    assert outcome.variables == {"left": 0}
    only_put = replace(strangle(view), legs=strangle(view).legs[:1])
    assert [leg.name for leg in carry_out(actions, Operation.REMOVE_LEGS, view, only_put).closing] == ["p"]


def test_removing_legs_of_which_none_is_open_is_an_error() -> None:
    actions = {"RemoveLegsAdjustment": {"LegNames": ["c"]}}
    view = generated()
    only_put = replace(strangle(view), legs=strangle(view).legs[:1])
    with pytest.raises(SelectionError, match="none of its legs is open"):
        carry_out(actions, Operation.REMOVE_LEGS, view, only_put)


def test_the_older_form_removes_one_leg() -> None:
    outcome = carry_out({"RemoveLegAdjustment": {"LegName": "c"}}, Operation.REMOVE_LEGS)
    assert [leg.name for leg in outcome.closing] == ["c"]


def add(*aborts: str, **more: Any) -> Json:
    legs = [
        {**leg("h", "-1 * leg_p_qty", "Put", "e", Delta=5), "LegGroupId": 3},
        leg("k", 1, "Put", "later", StrikePrice="leg_h_strike"),
    ]
    return {
        "AddLegsAdjustment": {
            "Legs": legs,
            "Expirations": [expiration("later", 60)],
            "AbortConditions": list(aborts),
            "VarDefines": {"hedged": "leg_h_price", "in_all": "open_trades_cnt"},
            **more,
        }
    }


def test_adding_builds_legs_one_by_one_with_existing_and_new_expirations() -> None:
    outcome = carry_out(add(), Operation.ADD_LEGS)
    hedge, later = outcome.opening
    assert (hedge.qty, hedge.leg_group_id, hedge.expiration_name) == (2, 3, "e")
    assert hedge.contract.day == TODAY + timedelta(days=30)
    assert (later.contract.day, later.contract.strike) == (TODAY + timedelta(days=61), hedge.contract.strike)
    assert outcome.closing == ()
    assert outcome.variables["in_all"] == 4
    assert outcome.variables["expiration_later_dte"] == 61


@pytest.mark.parametrize(
    ("aborts", "allowed"),
    [
        ((), True),
        (("leg_h_price > 800",), True),
        (("leg_h_price > 0",), False),
        (("leg_p_bid < 0", "nil"), True),
        (("leg_p_bid / 0 < 0",), False),
    ],
)
def test_d7_abort_conditions_of_added_legs_refuse_them(aborts: tuple[str, ...], allowed: bool) -> None:
    outcome = carry_out(add(*aborts), Operation.ADD_LEGS)
    assert outcome.allowed is allowed
    assert [evaluation.statement for evaluation in outcome.abort_conditions] == list(aborts)


def test_a_leg_that_is_open_cannot_be_added_again() -> None:
    view = generated()
    base = strangle(view)
    of = replace(base, legs=(*base.legs, open_leg("h", contract(view, 4000.0), 1)))
    with pytest.raises(SelectionError, match="'h': is open already"):
        carry_out(add(), Operation.ADD_LEGS, view, of)


def test_updating_variables_trades_nothing() -> None:
    actions = {"UpdateVarsAdjustment": {"VarDefines": {"best": "max(best, pos_pnl)", "n": "best + 1"}}}
    view = generated()
    outcome = carry_out(actions, Operation.UPDATE_VARS, view, strangle(view, variables={"best": Decimal(90_000)}))
    assert (outcome.closing, outcome.opening) == ((), ())
    assert outcome.variables == {"best": 90_000, "n": 90_001}


# --- MaxAdjustmentCount, unknown adjustments, freezing


@pytest.mark.parametrize("operation", [Operation.REMOVE_LEGS, Operation.ADD_LEGS])
def test_d7_past_the_maximum_the_whole_position_is_closed_instead(operation: Operation) -> None:
    # Alone: a second operation of a condition belongs to the adjustment that its first has begun.
    actions = add() if operation is Operation.ADD_LEGS else {"RemoveLegsAdjustment": {"LegNames": ["c"]}}
    view = generated()
    of = strangle(view, adjustment_count=2)
    outcome = carry_out(actions, operation, view, of, MaxAdjustmentCount=2)
    assert outcome.liquidates
    assert outcome.allowed
    assert outcome.closing == of.legs
    assert outcome.opening == ()


def test_decision_5_variables_are_updated_beyond_the_maximum() -> None:
    actions = {"UpdateVarsAdjustment": {"VarDefines": {"n": "1"}}}
    view = generated()
    outcome = carry_out(actions, Operation.UPDATE_VARS, view, strangle(view, adjustment_count=9), MaxAdjustmentCount=2)
    assert (outcome.liquidates, outcome.variables) == (False, {"n": 1})


def test_an_unknown_condition_or_operation_is_an_error() -> None:
    with pytest.raises(SelectionError, match="did you mean 'pos_delta > 6 -- A'"):
        carry_out(move(Delta=5), Operation.MOVE_LEG, condition="pos_delta > 6 -- B")
    with pytest.raises(SelectionError, match="has no AddLegs; it has MoveLeg"):
        carry_out(move(Delta=5), Operation.ADD_LEGS)


def test_a_leg_that_is_not_open_cannot_be_moved() -> None:
    view = generated()
    only_call = replace(strangle(view), legs=strangle(view).legs[1:])
    with pytest.raises(SelectionError, match="'p': is not open"):
        carry_out(move(Delta=5), Operation.MOVE_LEG, view, only_call)


def test_variables_are_fixed_on_the_position_as_it_is_after_the_fills() -> None:
    view = generated()
    ready = strategy(rules(add()))
    base = strangle(view)
    hedge = open_leg("h", contract(view, 4000.0), 2, price=4.0)
    later = open_leg("k", contract(view, 4000.0, days=61), 1, price=9.0, alias="later")
    result = freeze_at_adjustment(
        ready,
        view,
        ACCOUNT,
        replace(base, legs=(*base.legs, hedge, later)),
        condition=CONDITION,
        operation=Operation.ADD_LEGS,
        random=seeded(1),
    )
    assert result.variables["in_all"] == 4
    assert result.variables["expiration_later_dte"] == 61
    assert all(evaluation.error is None for evaluation in result.evaluations)


def test_account_sums_see_the_position_as_it_would_be() -> None:
    view = generated()
    of, other = strangle(view), position(open_leg("x", contract(view, 4200.0), 3))
    account = replace(ACCOUNT, positions=(other, of))
    actions = move(StrikePrice=4350)
    actions["MoveLegAdjustment"]["VarDefines"] = {"all": "acc_delta", "own": "pos_delta"}
    outcome = carry_out(actions, Operation.MOVE_LEG, view, of, account=account).variables
    place = view.find(contract(view, 4200.0))
    assert place is not None
    elsewhere = 300 * float(place[0].delta[place[1]])
    assert float(outcome["all"]) == pytest.approx(elsewhere + float(outcome["own"]))
