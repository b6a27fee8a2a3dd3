"""Maximum profit and loss of held legs, compared with exact payoffs and with what the model says at many prices."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mesolive.pricing.extremes import extremes
from mesolive.pricing.payoff import PayoffLeg, largest_payoff, least_payoff
from mesolive.pricing.risk_graph import RiskLeg, risk_graph

SPOT = 5000.0
NOW = datetime(2024, 4, 1, 20, tzinfo=UTC)


def leg(strike: float, quantity: float, is_call: bool, days: float = 30.0, cost: float = 0.0) -> RiskLeg:
    return RiskLeg(
        is_call=is_call,
        strike=strike,
        quantity=quantity,
        cost=cost,
        volatility=0.2,
        years=days / 365,
        days=days,
        forward=SPOT,
        discount=1.0,
    )


legs = st.lists(
    st.builds(
        leg,
        st.integers(90, 110).map(lambda n: 50.0 * n),
        st.integers(-3, 3).map(lambda n: 100.0 * n),
        st.booleans(),
        st.sampled_from([10.0, 30.0, 60.0]),
        st.integers(-5, 5).map(lambda n: 250.0 * n),
    ),
    max_size=8,
)


@example([leg(4500.0, 0.0, False, 10.0), leg(4500.0, 0.0, False, 30.0)], 0.0)
@example([leg(4500.0, 0.0, False), leg(4500.0, 100.0, True, 10.0), leg(4550.0, 100.0, False, 10.0)], 0.0)
@given(legs, st.integers(-3, 3).map(lambda n: 1000.0 * n))
def test_the_loss_is_that_of_the_risk_limits_and_the_profit_of_one_expiration_the_exact_payoff(
    held: list[RiskLeg], realized: float
) -> None:
    exact = [
        PayoffLeg(NOW + timedelta(days=each.days), each.is_call, Decimal(each.strike), Decimal(each.quantity))
        for each in held
    ]
    paid = sum(each.cost for each in held) - realized
    result = extremes(held, SPOT, realized=realized)
    least = least_payoff(exact)
    if least.uncovered_calls:
        assert result.loss is None
    elif not any(each.quantity for each in held):
        assert result.loss == paid
    else:
        assert result.loss == pytest.approx(paid - float(least.value))
    if not result.estimated:
        most = largest_payoff(exact)
        one_end = len({each.days for each in held if each.quantity}) <= 1
        assert one_end or result.profit is None
        if one_end:
            assert result.profit == (None if most is None else pytest.approx(float(most) - paid))


@settings(max_examples=25)
@given(legs)
def test_no_price_at_the_first_expiration_brings_more_than_the_estimated_profit(held: list[RiskLeg]) -> None:
    result = extremes(held, SPOT)
    if not result.estimated or result.profit is None:
        return
    prices = np.linspace(2600.0, 7400.0, 97)
    first = np.array([min(each.days for each in held)])
    seen = risk_graph(held, SPOT, prices, first).pnl.max()
    width = max(abs(each.quantity) for each in held)
    assert seen <= result.profit + 0.01 * width * 50


def test_the_usual_structures_have_their_textbook_profit_and_loss() -> None:
    condor = [leg(4700, 100, False), leg(4800, -100, False), leg(5200, -100, True), leg(5300, 100, True, cost=-1865)]
    result = extremes(condor, SPOT)
    assert (result.profit, result.loss, result.estimated) == (1865.0, 8135.0, False)
    naked = extremes([leg(5200, -100, True, cost=-500)], SPOT)
    assert (naked.profit, naked.loss) == (500.0, None)
    straddle = extremes([leg(5000, 100, True, cost=9000), leg(5000, 100, False, cost=8000)], SPOT)
    assert (straddle.profit, straddle.loss) == (None, 17_000.0)
    calendar = extremes([leg(5000, -100, True, 10.0, cost=-4000), leg(5000, 100, True, 60.0, cost=9000)], SPOT)
    assert calendar.loss == 5000.0
    assert calendar.estimated
    assert calendar.profit is not None
    assert 5000 < calendar.profit + 5000 < 20_000
    assert extremes([], SPOT, realized=120.0).profit == 120.0
    assert str(extremes([leg(5000, 0.0, True)], SPOT)).startswith("Extremes(profit=0.0, loss=0.0,")
