"""The module `options`: values at other prices and moments, break-evens, best and worst points."""

from __future__ import annotations

import math
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest

from mesolive.language.problems import StatementError
from mesolive.language.scope import Scope
from mesolive.market.contracts import ExerciseStyle, Right
from mesolive.records import replace
from mesolive_testkit.language.market import NOON, SPOT, TODAY, PlainView, generated
from mesolive_testkit.language.strategies import compiled, open_leg, position, scope, value
from mesolive_testkit.language.strategies import contract as contract_of


@pytest.fixture
def view() -> PlainView:
    return generated()


def mark(view: PlainView, strike: float, side: Right, days: int = 30) -> float:
    location = view.find(contract_of(view, strike, side, days))
    assert location is not None
    return float(location[0].mark[location[1]])


@pytest.fixture
def condor(view: PlainView) -> Scope:
    """Return a short put spread and a short call spread, entered at the present marks."""
    legs = [("ps", 4400.0, Right.PUT, -1), ("pl", 4350.0, Right.PUT, 1)]
    legs += [("cs", 4600.0, Right.CALL, -1), ("cl", 4650.0, Right.CALL, 1)]
    return scope(
        view,
        position(*(open_leg(n, contract_of(view, k, side), q, price=mark(view, k, side)) for n, k, side, q in legs)),
    )


def credit(view: PlainView) -> float:
    short = mark(view, 4400.0, Right.PUT) + mark(view, 4600.0, Right.CALL)
    return 100 * (short - mark(view, 4350.0, Right.PUT) - mark(view, 4650.0, Right.CALL))


def test_now_and_at_the_present_price_the_model_repeats_the_market(view: PlainView, condor: Scope) -> None:
    now = f"leg_ps_dte, {SPOT}"
    assert value(f"options.model(position, 9999, {SPOT}, pnl)", condor) == pytest.approx(0, abs=1e-6)
    assert value(f"options.model(leg_ps, 9999, {SPOT}, price)", condor) == pytest.approx(mark(view, 4400.0, Right.PUT))
    for metric in ("delta", "gamma", "vega"):
        modelled = value(f"options.model(position, 9999, {SPOT}, {metric})", condor)
        assert modelled == pytest.approx(value(f"pos_{metric}", condor), rel=1e-6), now


def test_at_the_settlement_the_position_is_worth_its_payoff(view: PlainView, condor: Scope) -> None:
    earned = credit(view)
    for price, expected in [(SPOT, earned), (4300.0, earned - 5000), (4380.0, earned - 2000), (4700.0, earned - 5000)]:
        assert value(f"options.model(position, 0, {price}, pnl)", condor) == pytest.approx(expected)
        assert value(f"options.model(position, leg_ps_dte, {price}, pnl)", condor) == pytest.approx(expected)
        assert value(f"options.model(position, 0, {price}, vega)", condor) == 0


def test_break_evens_are_found_in_the_direction_of_the_scan(view: PlainView, condor: Scope) -> None:
    half = credit(view) / 100
    ask = "options.model_solver(position, leg_ps_dte, {}, {}, pnl, zero, return_price)"
    assert value(ask.format(SPOT * 0.8, SPOT * 1.2), condor) == pytest.approx(4400 - half, abs=1e-4)
    assert value(ask.format(SPOT * 1.2, SPOT * 0.8), condor) == pytest.approx(4600 + half, abs=1e-4)


def test_best_and_worst_values_and_where_they_are(view: PlainView, condor: Scope) -> None:
    ask = "options.model_solver(position, 0, {low}, {high}, pnl, {mode}, {what})"
    wide = {"low": 3600, "high": 5400}
    earned = credit(view)
    best = value(ask.format(**wide, mode="maximize", what="return_value"), condor)
    assert best == pytest.approx(earned)
    assert value(ask.format(**wide, mode="minimize", what="return_value"), condor) == pytest.approx(earned - 5000)
    where = value(ask.format(**wide, mode="maximize", what="return_price"), condor)
    assert isinstance(where, float)
    assert 4400 <= where <= 4600


def test_a_peak_between_two_points_of_the_scan_is_refined(view: PlainView) -> None:
    straddle = scope(
        view,
        position(
            open_leg("p", contract_of(view, 4490.0), -1, price=50.0),
            open_leg("c", contract_of(view, 4490.0, Right.CALL), -1, price=60.0),
        ),
    )
    ask = "options.model_solver(position, 0, 3000, 6007, pnl, maximize, {})"
    assert value(ask.format("return_price"), straddle) == pytest.approx(4490, abs=0.01)
    assert value(ask.format("return_value"), straddle) == pytest.approx(11_000, abs=1.5)


def test_decision_11_a_range_without_a_root_yields_nil(condor: Scope) -> None:
    ask = f"options.model_solver(position, 0, {SPOT}, {SPOT + 10}, pnl, zero, return_price)"
    assert value(ask, condor) is None
    assert value(f"{ask} or -1", condor) == -1
    with pytest.raises(StatementError, match="found nothing"):
        value(f"{ask} * 2", condor)


def test_a_calendar_is_modelled_at_the_settlement_of_its_near_leg(view: PlainView) -> None:
    near, far = contract_of(view, 4500.0, Right.CALL, 30), contract_of(view, 4500.0, Right.CALL, 61)
    calendar = scope(
        view,
        position(
            open_leg("s", near, -1, price=mark(view, 4500.0, Right.CALL)),
            open_leg("l", far, 1, price=mark(view, 4500.0, Right.CALL, 61), alias="far"),
        ),
    )
    part = view.slice("SPXW", TODAY + timedelta(days=61), Right.CALL)
    assert part is not None
    index = list(part.strikes).index(4500.0)
    # The clocks go back in between: the 31 days are an hour longer.
    years = (31 + 1 / 24) / 365
    total = float(part.iv[index]) * math.sqrt(years)
    # At the money without interest a call is worth S * (2 N(s / 2) - 1).
    worth = SPOT * math.erf(total / 2 / math.sqrt(2))
    paid = mark(view, 4500.0, Right.CALL, 61) - mark(view, 4500.0, Right.CALL)
    result = value(f"options.model(position, leg_s_dte, {SPOT}, pnl)", calendar)
    assert result == pytest.approx(100 * (worth - paid), rel=1e-9)
    assert value(f"options.model(position, 0, {SPOT}, pnl)", calendar) == result
    peak = value("options.model_solver(position, leg_s_dte, 4000, 5000, pnl, maximize, return_price)", calendar)
    assert peak == pytest.approx(SPOT, abs=5)


def test_interest_and_carry_of_the_chain_are_used(view: PlainView) -> None:
    with_rate = PlainView(view.now, view.underlying, view.slices, rate=0.05)
    within = scope(with_rate, position(open_leg("c", contract_of(view, 4400.0, Right.CALL), 1, price=0.0)))
    total = 30 + 4 / 24
    growth = math.exp(0.05 * (total - 10) / 365)
    days = 10.0
    price = value(f"options.model(leg_c, {days}, 6000, price)", within)
    # Deep in the money, with ten days left, a call is worth the spot less the discounted strike.
    assert price == pytest.approx(6000 - 4400 * math.exp(-0.05 * days / 365), rel=1e-6)
    assert growth > 1


def test_an_american_leg_is_worth_its_exercise_and_moves_as_one(view: PlainView) -> None:
    """A put far in the money with interest to earn: nobody holds it, so it is worth its payoff and delta is -100."""
    slices = [replace(part, expiration=replace(part.expiration, style=ExerciseStyle.AMERICAN)) for part in view.slices]
    stock = PlainView(view.now, view.underlying, slices, rate=0.05)
    index = PlainView(view.now, view.underlying, view.slices, rate=0.05)
    american, european = (
        scope(market, position(open_leg("p", contract_of(market, 4500.0), 1, price=0.0))) for market in (stock, index)
    )
    assert value("options.model(leg_p, 9999, 3500, price)", american) == pytest.approx(1000.0, abs=1e-9)
    assert value("options.model(leg_p, 9999, 3500, delta)", american) == -100.0
    below = value("options.model(leg_p, 9999, 3500, price)", european)
    assert isinstance(below, float)
    assert below < 990.0
    here, there = (value(f"options.model(leg_p, 9999, {SPOT}, price)", within) for within in (american, european))
    assert isinstance(here, float)
    assert isinstance(there, float)
    assert 0.05 < here - there < 3.0


def test_realised_results_count_in_the_positions_pnl(view: PlainView) -> None:
    leg = open_leg("p", contract_of(view, 4400.0), -1, price=30.0)
    plain, realised = (scope(view, position(leg, realized_pnl=Decimal(amount))) for amount in (0, 250))
    ask = "options.model(position, 0, 4500, pnl)"
    before, after = value(ask, plain), value(ask, realised)
    assert isinstance(before, float)
    assert isinstance(after, float)
    assert after - before == pytest.approx(250)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("options.model(position, 0, 4500, pnl)", "needs a position"),
        ("options.model(leg_p, 0, 4500, pnl)", "'p' is not open"),
    ],
)
def test_without_a_position_it_fails(text: str, message: str) -> None:
    with pytest.raises(StatementError, match=message):
        value(text)


@pytest.mark.parametrize("arguments", ["0, -5, pnl", "0, 0, pnl", "-3, 4500, pnl", "nil, 4500, pnl"])
def test_senseless_arguments_fail(condor: Scope, arguments: str) -> None:
    with pytest.raises(StatementError):
        value(f"options.model(position, {arguments})", condor)


def test_a_leg_without_volatility_fails_and_is_named(view: PlainView) -> None:
    part = view.slice("SPXW", TODAY + timedelta(days=30), Right.PUT)
    assert part is not None
    broken = view.with_slice(part.changed(4400.0, iv=math.nan))
    within = scope(broken, position(open_leg("p", contract_of(view, 4400.0), -1, price=1.0)))
    with pytest.raises(StatementError, match=r"'p'.*implied volatility"):
        value("options.model(position, 0, 4500, pnl)", within)


def test_the_first_root_is_found_wherever_it_lies(view: PlainView) -> None:
    for strike in np.linspace(4300.0, 4700.0, 5):
        long_call = scope(view, position(open_leg("c", contract_of(view, float(strike), Right.CALL), 1, price=20.0)))
        ask = "options.model_solver(position, 0, 3500, 5500, pnl, zero, return_price)"
        assert value(ask, long_call) == pytest.approx(strike + 20, abs=1e-4)


def test_evidence_keeps_the_call_and_what_its_arguments_read(condor: Scope) -> None:
    _, variables = compiled("options.model(position, 0, underlying_price * 1.1, pnl) > 5").evaluate(condor)
    assert variables["underlying_price"] == SPOT
    assert "options.model(position, 0, underlying_price * 1.1, pnl)" in variables


def test_the_horizon_never_lies_before_now(condor: Scope) -> None:
    later = value(f"options.model(position, 20, {SPOT}, pnl)", condor)
    assert isinstance(later, float)
    assert later > 0
    assert value(f"options.model(position, 31, {SPOT}, pnl)", condor) == pytest.approx(0, abs=1e-6)
    assert condor.view.now == NOON


def test_weighted_vega_and_theta_are_modelled_too(condor: Scope) -> None:
    weight = math.sqrt(30 / 10)
    vega = value(f"options.model(position, 10, {SPOT}, vega)", condor)
    assert isinstance(vega, float)
    assert value(f"options.model(position, 10, {SPOT}, wvega)", condor) == pytest.approx(vega * weight)
    assert value(f"options.model(position, 0, {SPOT}, wvega)", condor) == 0
    theta = value(f"options.model(position, 10, {SPOT}, theta)", condor)
    assert isinstance(theta, float)
    assert theta > 0


def test_a_root_at_an_end_of_the_range_is_found(view: PlainView) -> None:
    long_call = scope(view, position(open_leg("c", contract_of(view, 4400.0, Right.CALL), 1, price=20.0)))
    for start, end in ((4420.0, 5000.0), (4000.0, 4420.0)):
        ask = f"options.model_solver(position, 0, {start}, {end}, pnl, zero, return_price)"
        assert value(ask, long_call) == pytest.approx(4420.0)
