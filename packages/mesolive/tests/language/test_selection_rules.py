"""Sections B.3 and D.2 to D.5, rule by rule: which strike, how many contracts."""

from __future__ import annotations

import math
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from mesolive.language import select_entry
from mesolive.language.decision import AccountState, Constraint, SelectionError
from mesolive.market.contracts import Right
from mesolive.records import replace
from mesolive_testkit.language.market import NOON, SPOT, TODAY, PlainView, generated, priced_slice
from mesolive_testkit.language.market import expiration as listed
from mesolive_testkit.language.strategies import (
    ACCOUNT,
    contract,
    definition,
    expiration,
    leg,
    open_leg,
    position,
    seeded,
    select,
    strategy,
    strikes,
)

PUTS_30 = ("SPXW", TODAY + timedelta(days=30), Right.PUT)


# --- B.3, D.2 simple selectors


def nearest_strike(view: PlainView, field: str, target: float, key: tuple[Any, ...] = PUTS_30) -> float:
    part = view.slice(*key)
    assert part is not None
    values = getattr(part, field)
    pairs = [(abs(value - target), strike) for value, strike in zip(values, part.strikes, strict=True)]
    return float(min(pairs)[1])


@pytest.mark.parametrize(
    ("selector", "field", "target"),
    [
        ({"Delta": 20}, "delta", -0.20),
        ({"Delta": "-20"}, "delta", -0.20),
        ({"BidPrice": 12.5}, "bid", 12.5),
        ({"AskPrice": "12.5"}, "ask", 12.5),
        ({"StrikePrice": "underlying_price - 123"}, "strikes", SPOT - 123),
        ({"IV": 16}, "iv", 0.16),
        ({"Vega": 300}, "vega", 3.0),
        ({"Theta": 80}, "theta", -0.8),
        ({"Gamma": 0.2}, "gamma", 0.002),
        ({"Rho": 20_000}, "rho", -200.0),
    ],
)
def test_b3_each_selector_takes_the_nearest_by_its_measure(selector: dict[str, Any], field: str, target: float) -> None:
    view = generated(width=600)
    selection = strikes(select(definition([leg("a", **selector)]), view))["a"]
    part = view.slice(*PUTS_30)
    assert part is not None
    values = getattr(part, field)
    index = list(part.strikes).index(selection)
    assert abs(values[index] - target) == pytest.approx(min(abs(values - target)))


def test_b3_mid_price_is_the_middle_of_bid_and_ask() -> None:
    view = generated()
    part = view.slice(*PUTS_30)
    assert part is not None
    selection = strikes(select(definition([leg("a", MidPrice=20)]), view))["a"]
    middles = (part.bid + part.ask) / 2
    assert abs(middles[list(part.strikes).index(selection)] - 20) == pytest.approx(min(abs(middles - 20)))


def test_b3_weighted_vega_is_per_contract_and_weighted_by_days() -> None:
    view = generated()
    part = view.slice(*PUTS_30)
    assert part is not None
    weight = math.sqrt(30 / (30 + 4 / 24))
    selection = strikes(select(definition([leg("a", WVega=250)]), view))["a"]
    values = part.vega * 100 * weight
    assert abs(values[list(part.strikes).index(selection)] - 250) == pytest.approx(min(abs(values - 250)))


def test_d2_delta_compares_absolute_values_for_calls_and_puts() -> None:
    for side, target in (("Call", 15), ("Call", -15), ("Put", 15), ("Put", -15)):
        selection = select(definition([leg("a", 1, side, Delta=target)]))
        assert selection.legs[0].trace.target == 15
        assert selection.legs[0].trace.value == pytest.approx(15, abs=1)


@pytest.mark.parametrize(
    ("selector", "inside"),
    [
        ({"Delta": 20, "Max": 10}, (0, 10)),
        ({"Delta": 20, "Min": 30}, (30, 100)),
        ({"Delta": 20, "Min": "-18", "Max": "-12"}, (12, 18)),
        ({"StrikePrice": 4500, "Max": "underlying_price - 200"}, (0, 4300)),
        ({"MidPrice": 3, "Min": 10}, (10, 9999)),
    ],
)
def test_d2_min_and_max_bound_the_measure_in_the_selectors_unit(
    selector: dict[str, Any], inside: tuple[float, float]
) -> None:
    trace = select(definition([leg("a", **selector)])).legs[0].trace
    assert trace.value is not None
    assert inside[0] <= trace.value <= inside[1]
    assert trace.passed_over
    assert "Min" in trace.passed_over[0][1] or "Max" in trace.passed_over[0][1]


def test_d2_no_strike_within_the_bounds_is_an_error_that_names_the_nearest() -> None:
    with pytest.raises(SelectionError, match=r"leg 'a': strike not found.*SPXW231013P0.* is above Max 3"):
        select(definition([leg("a", Delta=20, Min=2.99, Max=3)]))


@pytest.mark.parametrize(("side", "strike"), [("Put", 4490.0), ("Call", 4500.0)])
def test_decision_9_of_equally_near_strikes_puts_take_the_lower_and_calls_the_higher(side: str, strike: float) -> None:
    assert strikes(select(definition([leg("a", -1, side, StrikePrice=4495)])))["a"] == strike


def test_decision_9_ties_are_found_in_spite_of_rounding() -> None:
    view = generated()
    part = view.slice(*PUTS_30)
    assert part is not None
    part = part.changed(4400.0, bid=1.25).changed(4300.0, bid=1.15)
    selection = select(definition([leg("a", BidPrice=1.2)]), view.with_slice(part))
    others = {float(strike) for strike, bid in zip(part.strikes, part.bid, strict=True) if abs(bid - 1.2) < 0.049}
    assert not others or strikes(selection)["a"] in others
    if not others:
        assert strikes(selection)["a"] == 4300.0


def test_contracts_without_a_value_are_no_candidates() -> None:
    view = generated()
    part = view.slice(*PUTS_30)
    assert part is not None
    best = strikes(select(definition(), view))["a"]
    holed = view.with_slice(part.changed(best, delta=math.nan))
    selection = select(definition(), holed)
    assert strikes(selection)["a"] != best
    assert selection.legs[0].trace.candidates == len(part.strikes) - 1


def test_a_crossed_market_has_no_mid_price() -> None:
    view = generated()
    part = view.slice(*PUTS_30)
    assert part is not None
    raw = definition([leg("a", MidPrice=20)])
    best = strikes(select(raw, view))["a"]
    crossed = view.with_slice(part.changed(best, ask=0.01))
    assert strikes(select(raw, crossed))["a"] != best


def test_a_slice_without_any_value_is_an_error() -> None:
    view = generated()
    part = view.slice(*PUTS_30)
    assert part is not None
    empty = view.with_slice(replace(part, delta=part.delta * math.nan))
    with pytest.raises(SelectionError, match="none of 201 contracts has a value"):
        select(definition(), empty)


def test_d2_later_legs_see_earlier_ones_and_the_position_so_far() -> None:
    raw = definition(
        [
            leg("ps", -1, "Put", Delta=16),
            leg("pl", 1, "Put", StrikePrice="leg_ps_strike - 50"),
            leg("cs", -1, "Call", Delta="pos_delta"),
            leg("cl", 1, "Call", StrikePrice="leg_cs_strike + (leg_ps_strike - leg_pl_strike)"),
        ]
    )
    selection = select(raw)
    at = strikes(selection)
    assert at["ps"] - at["pl"] == 50
    assert at["cl"] - at["cs"] == 50
    view = generated()
    so_far = [(leg.qty, view.find(leg.contract)) for leg in selection.legs[:2]]
    delta = sum(100 * float(qty) * float(where[0].delta[where[1]]) for qty, where in so_far if where)
    assert selection.legs[2].trace.target == pytest.approx(abs(delta))


# --- quantities


def test_d2_quantity_may_use_the_legs_own_values() -> None:
    raw = definition([leg("a", "-floor(2000 / (100 * leg_a_price))", Delta=20)])
    view = generated()
    selection = select(raw, view).legs[0]
    where = view.find(selection.contract)
    assert where is not None
    assert selection.qty == -math.floor(2000 / (100 * float(where[0].mark[where[1]])))


def test_quantity_zero_is_a_marker_leg() -> None:
    raw = definition([leg("m", 0, StrikePrice=4500), leg("a", -1, Delta="abs(leg_m_delta) / 2")])
    selection = select(raw)
    assert selection.legs[0].qty == 0
    view = generated()
    where = view.find(selection.legs[0].contract)
    assert where is not None
    assert selection.legs[1].trace.target == pytest.approx(abs(100 * float(where[0].delta[where[1]])) / 2)


@pytest.mark.parametrize("qty", ["1.5", "nav / 50001", "1 / 0", "nil", "0 / 0", "1e9"])
def test_a_quantity_that_is_no_whole_number_of_contracts_is_an_error(qty: str) -> None:
    with pytest.raises(SelectionError, match="leg 'a'"):
        select(definition([leg("a", qty)]))


def test_fractions_are_allowed_for_crypto_currencies() -> None:
    raw = definition([leg("a", "-0.25", StrikePrice="underlying_price")])
    raw["Symbol"] = "BTCUSD"
    view = generated([("BTCD", 30)], symbol="BTCUSD")
    assert select(raw, view).legs[0].qty == Decimal("-0.25")


def test_a_whole_number_that_floats_miss_by_rounding_is_whole() -> None:
    assert select(definition([leg("a", "0.1 * 3 * 10")])).legs[0].qty == 3


def test_d5_6_qty_multiplier_sees_all_legs_and_conditions_see_what_would_be_traded() -> None:
    raw = definition(
        [leg("a", -2, Delta=20)],
        Entry={
            "QtyMultiplier": "floor(nav / 40000) + 0 * leg_a_price",
            "VarDefines": {"contracts": "leg_a_qty"},
            "AbortConditions": ["abs(leg_a_qty) > 6"],
        },
    )
    selection = select(raw)
    assert selection.qty_multiplier == 3
    assert selection.legs[0].qty == -2
    assert selection.variables["contracts"] == -6
    assert selection.abort_conditions[0].result is False


@pytest.mark.parametrize("text", ["0", "-1", "floor(nav / 1e9)", "1.25", "nil"])
def test_a_multiplier_with_which_nothing_can_be_traded_is_an_error(text: str) -> None:
    with pytest.raises(SelectionError, match="QtyMultiplier"):
        select(definition(Entry={"QtyMultiplier": text}))


def test_leg_group_ids_are_expressions() -> None:
    grouped = [
        {**leg("a"), "LegGroupId": "1"},
        {**leg("b", 1, Delta=10), "LegGroupId": "1 + (leg_b_qty > 0 and 1 or 0)"},
    ]
    assert [selected.leg_group_id for selected in select(definition(grouped)).legs] == [1, 2]
    assert select(definition()).legs[0].leg_group_id == 0
    with pytest.raises(SelectionError, match=r"LegGroupId gives 1\.5"):
        select(definition([{**leg("a"), "LegGroupId": 1.5}]))


# --- D.3 which contracts may be used again


def occupied(view: PlainView, *strikes_held: float, side: Right = Right.PUT) -> AccountState:
    """Return an account with one other position that holds the given strikes."""
    legs = [open_leg(f"h{index}", contract(view, strike, side), 1) for index, strike in enumerate(strikes_held)]
    return replace(ACCOUNT, positions=(position(*legs),))


@pytest.mark.parametrize(
    ("constraint", "first", "second"),
    [
        (Constraint.FULLY_UNIQUE, 4490.0, 4510.0),
        (Constraint.UNIQUE_IN_POSITION, 4500.0, 4490.0),
        (Constraint.NONE, 4500.0, 4500.0),
    ],
)
def test_d3_a_contract_in_use_gives_way_to_the_next_nearest(
    constraint: Constraint, first: float, second: float
) -> None:
    view = generated()
    raw = definition([leg("a", StrikePrice=4500), leg("b", StrikePrice=4500)])
    selection = select(raw, view, occupied(view, 4500.0), constraint=constraint)
    assert strikes(selection) == {"a": first, "b": second}


def test_d3_fully_unique_says_why_a_nearer_contract_was_passed_over() -> None:
    view = generated()
    raw = definition([leg("a", StrikePrice=4500), leg("b", StrikePrice=4500)])
    trace = select(raw, view, occupied(view, 4500.0)).legs[1].trace
    assert dict(trace.passed_over) == {
        "SPXW231013P04500000": "held by another position",
        "SPXW231013P04490000": "used by leg 'a'",
    }


def test_d3_calls_and_puts_and_other_expirations_do_not_take_each_other() -> None:
    view = generated()
    raw = definition(
        [
            leg("p", StrikePrice=4500),
            leg("c", -1, "Call", StrikePrice=4500),
            leg("f", -1, "Put", expiration="far", StrikePrice=4500),
        ],
        [expiration(), expiration("far", 61)],
    )
    assert set(strikes(select(raw, view)).values()) == {4500.0}


def test_d3_legs_that_are_closed_take_nothing() -> None:
    view = generated()
    closed = replace(open_leg("h", contract(view, 4500.0), 1), closed_at=NOON)
    account = replace(ACCOUNT, positions=(position(closed),))
    assert strikes(select(definition([leg("a", StrikePrice=4500)]), view, account)) == {"a": 4500.0}


def test_d3_marker_legs_are_legs_and_take_their_contract() -> None:
    raw = definition([leg("m", 0, StrikePrice=4500), leg("a", StrikePrice=4500)])
    assert strikes(select(raw)) == {"m": 4500.0, "a": 4490.0}


def test_d3_when_every_contract_is_in_use_the_strike_is_not_found() -> None:
    view = generated(width=10)
    raw = definition([leg("a", StrikePrice=4500)])
    with pytest.raises(SelectionError, match="held by another position"):
        select(raw, view, occupied(view, 4490.0, 4500.0, 4510.0))


# --- D.4 Complex


def complex_leg(statement: str, target: str, *constraints: str, qty: object = 1) -> dict[str, Any]:
    inner = {"Statement": statement, "Target": target, "Constraints": list(constraints)}
    return leg("lo", qty, "Put", Complex=inner)


def test_d4_a_spread_is_found_by_its_price_difference() -> None:
    view = generated()
    raw = definition(
        [leg("sh", Delta=25), complex_leg("leg_sh_price - leg_lo_price", "4", "leg_lo_strike < leg_sh_strike")]
    )
    selection = strikes(select(raw, view))
    part = view.slice(*PUTS_30)
    assert part is not None
    price = dict(zip(part.strikes.tolist(), part.mark.tolist(), strict=True))
    below = [strike for strike in price if strike < selection["sh"]]
    best = min(below, key=lambda strike: abs(price[selection["sh"]] - price[strike] - 4))
    assert selection["lo"] == best


def test_d4_position_values_describe_the_candidate_structure() -> None:
    view = generated()
    raw = definition([leg("sh", -2, Delta=25), complex_leg("pos_delta", "0", qty=3)])
    selection = strikes(select(raw, view))
    part = view.slice(*PUTS_30)
    assert part is not None
    delta = dict(zip(part.strikes.tolist(), part.delta.tolist(), strict=True))
    candidates = [strike for strike in delta if strike != selection["sh"]]
    assert selection["lo"] == min(
        candidates, key=lambda strike: abs(-200 * delta[selection["sh"]] + 300 * delta[strike])
    )


def test_d4_a_quantity_that_depends_on_the_candidate_is_evaluated_for_each() -> None:
    view = generated(width=300)
    raw = definition([complex_leg("leg_lo_qty * leg_lo_price", "100", qty="floor(100 / leg_lo_price)")])
    selection = select(raw, view).legs[0]
    part = view.slice(*PUTS_30)
    assert part is not None
    prices = zip(part.strikes.tolist(), part.mark.tolist(), strict=True)
    spent = {strike: math.floor(100 / price) * price for strike, price in prices}
    assert abs(spent[float(selection.contract.strike)] - 100) == pytest.approx(
        min(abs(x - 100) for x in spent.values())
    )


def test_d4_target_is_evaluated_once_after_the_scan() -> None:
    raw = definition([complex_leg("leg_lo_strike", "4400 + random(0, 1) * 100")])
    assert {strikes(select(raw, seed=seed))["lo"] for seed in range(12)} == {4400.0, 4500.0}


def test_d4_bounds_apply_to_the_statements_value() -> None:
    rule = complex_leg("leg_lo_strike", "4500")
    rule["StrikeSelector"] |= {"Max": "4405"}
    assert strikes(select(definition([rule])))["lo"] == 4400.0


@pytest.mark.parametrize(
    ("statement", "constraint"), [("leg_lo_price", "leg_lo_strike < 0"), ("1 / 0", "true"), ("leg_lo_price", "0")]
)
def test_d4_no_survivor_is_strike_not_found(statement: str, constraint: str) -> None:
    raw = definition([complex_leg(statement, "5", constraint)])
    with pytest.raises(SelectionError, match="leg 'lo': strike not found"):
        select(raw)


def test_d4_contracts_in_use_are_not_tried() -> None:
    view = generated()
    raw = definition([complex_leg("leg_lo_strike", "4500")])
    assert strikes(select(raw, view, occupied(view, 4500.0))) == {"lo": 4490.0}


def test_d4_candidates_whose_values_are_missing_are_passed_by() -> None:
    view = generated()
    part = view.slice(*PUTS_30)
    assert part is not None
    holed = view.with_slice(part.changed(4500.0, bid=math.nan))
    raw = definition([complex_leg("leg_lo_strike", "4500", "leg_lo_bid > 0")])
    assert strikes(select(raw, holed)) == {"lo": 4490.0}
    nothing = view.with_slice(replace(part, bid=part.bid * math.nan))
    with pytest.raises(SelectionError, match="has no bid"):
        select(raw, nothing)


def test_d4_the_scan_leaves_no_trace_in_what_follows() -> None:
    raw = definition([leg("sh", Delta=25), complex_leg("pos_theta", "0"), leg("x", 1, Delta="abs(pos_delta)")])
    selection = select(raw)
    view = generated()
    places = [(leg.qty, view.find(leg.contract)) for leg in selection.legs[:2]]
    delta = sum(100 * float(qty) * float(where[0].delta[where[1]]) for qty, where in places if where)
    assert selection.legs[2].trace.target == pytest.approx(abs(delta))


# --- failures


def test_a_statement_that_fails_during_selection_is_named_with_its_evaluation() -> None:
    view = generated()
    bare = PlainView(view.now, replace(view.underlying, hv=None), view.slices)
    with pytest.raises(SelectionError, match="underlying") as caught:
        select(definition([leg("a", StrikePrice="underlying_hv * 100")]), bare)
    assert caught.value.what == "leg 'a'"
    assert caught.value.evaluation is not None
    assert caught.value.evaluation.statement == "underlying_hv * 100"
    assert "Structure.Legs[0].StrikeSelector.StrikePrice" in caught.value.reason


def test_an_expiration_that_lists_no_such_options_is_an_error() -> None:
    view = generated()
    calls_only = PlainView(view.now, view.underlying, [part for part in view.slices if part.right is Right.CALL])
    with pytest.raises(SelectionError, match="lists no puts"):
        select(definition(), calls_only)


def test_the_same_seed_gives_the_same_selection() -> None:
    raw = definition([leg("a", "-random(1, 5)", Delta="random(5, 40)")])
    first, again = select(raw, seed=3), select(raw, seed=3)
    assert (first.legs, first.variables) == (again.legs, again.variables)
    assert len({(result.legs[0].qty, strikes(result)["a"]) for result in (select(raw, seed=s) for s in range(8))}) > 2


def test_one_strategy_serves_many_views() -> None:
    ready = strategy(definition([leg("a", StrikePrice="underlying_price")]))
    for spot in (4300.0, 4500.0, 4700.0):
        view = generated(spot=spot)
        selection = select_entry(ready, view, ACCOUNT, constraint=Constraint.NONE, random=seeded(1))
        assert strikes(selection) == {"a": spot}


@pytest.mark.parametrize(("root", "multiplier"), [("SPXW", 150), ("SPX1", 100), ("2SPX", 100)])
def test_contracts_that_were_adjusted_are_never_selected(root: str, multiplier: int) -> None:
    base = generated()
    part = base.slice(*PUTS_30)
    assert part is not None
    of = listed(TODAY + timedelta(days=30), root, multiplier=multiplier)
    adjusted = priced_slice(of, Right.PUT, SPOT, NOON, part.strikes, 0.15, "SPX")
    later = listed(TODAY + timedelta(days=40), "SPXW")
    standard = priced_slice(later, Right.PUT, SPOT, NOON, part.strikes, 0.15, "SPX")
    raw = definition([leg("a", -1, StrikePrice=4500)], expirations=[expiration(DTE=30)])
    chosen = select(raw, PlainView(NOON, base.underlying, [adjusted, standard]))
    assert chosen.legs[0].contract.root == "SPXW"
    with pytest.raises(SelectionError, match=root):
        select(raw, PlainView(NOON, base.underlying, [adjusted]))


def test_unequal_multipliers_scale_greeks() -> None:
    of = listed(TODAY + timedelta(days=30), "MES", multiplier=5)
    base = generated()
    part = base.slice(*PUTS_30)
    assert part is not None
    mini = priced_slice(of, Right.PUT, SPOT, NOON, part.strikes, 0.15, "SPX")
    view = PlainView(NOON, base.underlying, [mini])
    raw = definition([leg("a", -1, StrikePrice=4500)], Entry={"VarDefines": {"d": "pos_delta"}})
    selection = select(raw, view)
    where = view.find(selection.legs[0].contract)
    assert where is not None
    assert float(selection.variables["d"]) == pytest.approx(-5 * float(where[0].delta[where[1]]))
