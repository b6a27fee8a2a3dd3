"""Risk graphs: what a position will be worth at other prices and later days."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesolive.pricing import american
from mesolive.pricing.american_chain import AmericanChain
from mesolive.pricing.black import greeks
from mesolive.pricing.cash_dividends import CashDividends
from mesolive.pricing.risk_graph import RiskLeg, price_range, risk_graph, thirds_to_expiration

SPOT = 5000.0
RATE, CARRY = 0.05, 0.035


def leg(
    strike: float,
    quantity: float,
    *,
    days: float = 30.0,
    is_call: bool = True,
    volatility: float = 0.2,
    cost: float = 0.0,
) -> RiskLeg:
    years = days / 365.0
    return RiskLeg(
        is_call=is_call,
        strike=strike,
        quantity=quantity,
        cost=0.0,
        volatility=volatility,
        years=years,
        days=days,
        forward=SPOT * math.exp(CARRY * years),
        discount=math.exp(-RATE * years),
    )


@settings(max_examples=20)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([4600.0, 4900.0, 5000.0, 5400.0]),
            st.sampled_from([-200.0, 100.0, 300.0]),
            st.sampled_from([0.0, 7.0, 30.0]),
            st.booleans(),
        ),
        max_size=6,
    )
)
def test_the_graph_of_many_legs_is_the_sum_of_their_graphs(shapes: list[tuple[float, float, float, bool]]) -> None:
    legs = [leg(strike, quantity, days=days, is_call=right) for strike, quantity, days, right in shapes]
    prices, days = np.array([4700.0, 5000.0, 5300.0]), np.array([0.0, 5.0, 7.0, 31.0])
    whole = risk_graph(legs, SPOT, prices, days)
    alone = [risk_graph([item], SPOT, prices, days) for item in legs]
    for name in ("pnl", "value", "delta", "gamma", "theta", "vega", "wvega"):
        expected = sum((getattr(run, name) for run in alone), np.zeros((4, 3)))
        assert getattr(whole, name) == pytest.approx(expected, rel=1e-9, abs=1e-7), name


def at_cost(risk_leg: RiskLeg) -> RiskLeg:
    """Return the leg as bought now at its value."""
    now = risk_graph([risk_leg], SPOT, np.array([SPOT]), np.array([0.0]))
    return RiskLeg(
        risk_leg.is_call,
        risk_leg.strike,
        risk_leg.quantity,
        float(now.value[0, 0]),
        risk_leg.volatility,
        risk_leg.years,
        risk_leg.days,
        risk_leg.forward,
        risk_leg.discount,
    )


CONDOR = [
    at_cost(one)
    for one in (
        leg(4700.0, 100.0, is_call=False, volatility=0.24),
        leg(4800.0, -100.0, is_call=False, volatility=0.22),
        leg(5200.0, -100.0, volatility=0.16),
        leg(5300.0, 100.0, volatility=0.15),
    )
]


def test_profit_is_zero_now_at_the_spot() -> None:
    graph = risk_graph(CONDOR, SPOT, np.array([SPOT]), np.array([0.0]))
    assert float(graph.pnl[0, 0]) == pytest.approx(0.0, abs=1e-9)


def test_today_the_greeks_are_those_of_the_model() -> None:
    one = leg(5100.0, -200.0)
    graph = risk_graph([one], SPOT, np.array([SPOT]), np.array([0.0]))
    model = greeks(True, one.forward, 5100.0, one.years, 0.2, one.discount, SPOT)
    assert float(graph.delta[0, 0]) == pytest.approx(-200 * float(model.delta))
    assert float(graph.gamma[0, 0]) == pytest.approx(-200 * float(model.gamma))
    assert float(graph.theta[0, 0]) == pytest.approx(-200 * float(model.theta))
    assert float(graph.vega[0, 0]) == pytest.approx(-200 * float(model.vega))
    assert float(graph.wvega[0, 0]) == pytest.approx(float(graph.vega[0, 0]))  # 30 days: the weight is one


@settings(deadline=None)
@given(st.floats(3000.0, 7000.0))
def test_at_expiration_the_pnl_is_the_payoff_less_the_cost(price: float) -> None:
    graph = risk_graph(CONDOR, SPOT, np.array([price]), np.array([30.0]), realized=12.0)
    payoff = sum(
        item.quantity * max(price - item.strike if item.is_call else item.strike - price, 0.0) for item in CONDOR
    )
    assert float(graph.pnl[0, 0]) == pytest.approx(payoff - sum(item.cost for item in CONDOR) + 12.0, abs=1e-6)


def test_the_loss_of_a_condor_is_its_width_less_the_credit() -> None:
    graph = risk_graph(CONDOR, SPOT, price_range(SPOT), thirds_to_expiration(CONDOR))
    credit = -sum(item.cost for item in CONDOR)
    assert credit > 0.0
    assert graph.pnl.shape == (4, 121)
    assert float(graph.pnl[-1].max()) == pytest.approx(credit)
    assert float(graph.pnl[-1].min()) == pytest.approx(credit - 100 * 100)


def test_from_its_settlement_on_a_leg_has_its_payoff_and_no_greeks() -> None:
    graph = risk_graph([leg(4900.0, 100.0)], SPOT, np.array([4800.0, 5000.0]), np.array([30.0, 45.0]))
    assert graph.value.tolist() == [[0.0, 10_000.0]] * 2
    for greek in (graph.delta, graph.gamma, graph.theta, graph.vega, graph.wvega):
        assert not greek.any()


def test_a_calendar_continues_after_its_near_leg_has_settled() -> None:
    near, far = leg(5000.0, -100.0, days=30.0), leg(5000.0, 100.0, days=60.0)
    graph = risk_graph([near, far], SPOT, np.array([5000.0, 5100.0]), np.array([30.0, 45.0, 60.0]))
    alone = risk_graph([far], SPOT, np.array([5000.0, 5100.0]), np.array([30.0, 45.0, 60.0]))
    np.testing.assert_allclose(graph.value - alone.value, [[0.0, -10_000.0]] * 3)
    assert float(graph.delta[1, 0]) == float(alone.delta[1, 0]) > 0.0


def test_deltas_are_the_slopes_of_the_pnl() -> None:
    prices = np.linspace(4500.0, 5500.0, 2001)
    graph = risk_graph(CONDOR, SPOT, prices, np.array([0.0, 10.0]))
    slopes = np.gradient(graph.pnl, prices, axis=1)
    np.testing.assert_allclose(graph.delta[:, 1:-1], slopes[:, 1:-1], atol=2e-3)


def test_thetas_are_the_slopes_over_the_days_at_a_constant_spot() -> None:
    days = np.linspace(0.0, 20.0, 4001)
    graph = risk_graph(CONDOR, SPOT, np.array([4900.0]), days)
    slopes = np.gradient(graph.pnl[:, 0], days)
    np.testing.assert_allclose(graph.theta[1:-1, 0], slopes[1:-1], rtol=2e-3, atol=0.05)


def test_a_leg_without_a_volatility_leaves_the_graph_without_values() -> None:
    graph = risk_graph([*CONDOR, leg(5000.0, 100.0, volatility=math.nan)], SPOT, price_range(SPOT), np.array([0.0]))
    assert np.isnan(graph.pnl).all()


def test_the_days_of_a_graph_reach_the_first_settlement_in_thirds() -> None:
    days = thirds_to_expiration([leg(5000.0, 1.0, days=60.0), leg(5000.0, 1.0, days=30.0)])
    assert days.tolist() == [0.0, 10.0, 20.0, 30.0]
    assert thirds_to_expiration([]).tolist() == [0.0] * 4


def test_the_prices_of_a_graph_have_the_spot_in_their_middle() -> None:
    prices = price_range(SPOT, width=0.1, points=11)
    assert (prices[0], prices[5], prices[-1]) == (4500.0, 5000.0, 5500.0)


def test_a_position_without_legs_has_what_it_realised() -> None:
    graph = risk_graph([], SPOT, price_range(SPOT, points=3), np.array([0.0, 1.0]), realized=7.0)
    assert graph.pnl.tolist() == [[7.0] * 3] * 2


def stock_put(quantity: float = -100.0) -> RiskLeg:
    """Return the 120 put of a stock at 100, a year at 25 % with 5 % interest: near its exercise boundary."""
    value = float(american.values(False, 100.0, 120.0, 1.0, 0.25, math.exp(-0.05), 100.0 * math.exp(0.05)))
    return RiskLeg(
        is_call=False,
        strike=120.0,
        quantity=quantity,
        cost=quantity * value,
        volatility=0.25,
        years=1.0,
        days=365.0,
        forward=100.0 * math.exp(0.05),
        discount=math.exp(-0.05),
        may_exercise_early=True,
    )


def test_an_american_put_is_valued_with_its_right_of_early_exercise() -> None:
    graph = risk_graph([stock_put()], 100.0, np.array([100.0]), np.array([0.0]))
    assert float(graph.pnl[0, 0]) == pytest.approx(0.0, abs=1e-6)
    assert float(graph.delta[0, 0]) == pytest.approx(77.2, abs=0.05)


def test_an_american_leg_is_never_worth_less_than_its_intrinsic_value() -> None:
    prices = np.linspace(40.0, 160.0, 61)
    graph = risk_graph([stock_put(100.0)], 100.0, prices, np.array([0.0, 120.0, 300.0, 364.9, 365.0, 400.0]))
    payoff = 100.0 * np.maximum(120.0 - prices, 0.0)
    assert (graph.value >= payoff - 1e-6).all()
    np.testing.assert_allclose(graph.value[-2:], [payoff, payoff])
    exercised = prices < 80.0
    assert (graph.delta[:4, exercised] == -100.0).all()
    assert (graph.theta[:4, exercised] == 0.0).all()


def test_the_greeks_of_an_american_leg_are_the_slopes_of_its_values() -> None:
    prices = np.linspace(80.0, 140.0, 1201)
    graph = risk_graph([stock_put()], 100.0, prices, np.array([0.0, 182.0]))
    np.testing.assert_allclose(graph.delta[:, 1:-1], np.gradient(graph.value, prices, axis=1)[:, 1:-1], atol=0.02)
    days = np.linspace(0.0, 300.0, 3001)
    later = risk_graph([stock_put()], 100.0, np.array([110.0]), days)
    slopes = np.gradient(later.value[:, 0], days)
    np.testing.assert_allclose(later.theta[1:-1, 0], slopes[1:-1], atol=2e-3)


def holding(*, is_call: bool, strike: float, known: bool = True) -> RiskLeg:
    """Return one American option for 60 days on a fund at 600 that pays 1.8 in 15 days."""
    years, discount = 60 / 365, math.exp(-RATE * 60 / 365)
    net = 600.0 - 1.8 * math.exp(-RATE * 15 / 365)
    dividends = ((0.25, 1.8),) if known else ()
    return RiskLeg(is_call, strike, 1.0, 0.0, 0.2, years, 60.0, net / discount, discount, True, dividends)


@pytest.mark.parametrize(("is_call", "strike"), [(True, 590.0), (False, 610.0)])
def test_a_risk_graph_knows_of_a_dividend_before_its_day_and_not_after_it(is_call: bool, strike: float) -> None:
    prices, days = np.array([570.0, 600.0, 630.0]), np.array([0.0, 14.5, 15.5, 45.0])
    graph = risk_graph([holding(is_call=is_call, strike=strike)], 600.0, prices, days)
    for row, day in enumerate(days.tolist()):
        years = (60.0 - day) / 365
        paid = [((15.0 - day) / (60.0 - day), 1.8)] if day < 15.0 else []
        discount = math.exp(-RATE * years)
        net = prices - sum(amount * discount**part for part, amount in paid)
        options = AmericanChain(
            np.full(3, is_call),
            prices,
            np.full(3, strike),
            np.full(3, years),
            np.full(3, discount),
            net / discount,
            CashDividends.of([paid], [3]),
        )
        np.testing.assert_allclose(graph.value[row], options.values(np.full(3, 0.2)), rtol=1e-4)


def test_a_price_below_the_dividends_is_worth_something_in_a_risk_graph() -> None:
    graph = risk_graph([holding(is_call=False, strike=610.0)], 600.0, np.array([0.5, 1.0]), np.array([0.0, 30.0, 60.0]))
    assert np.all(np.isfinite(graph.value))
    assert graph.value[-1].tolist() == [609.5, 609.0]
