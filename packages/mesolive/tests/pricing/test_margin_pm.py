"""Margin by risk graph, and what a definition's rules make of both models."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesolive.pricing import american
from mesolive.pricing.black import greeks
from mesolive.pricing.margin import MarginModel, MarginRules, pm_like_margin, reg_t_margin
from mesolive.pricing.margin_pm import pm_like
from mesolive.pricing.margin_regt import BROAD_INDEX, RegTLeg, RegTMode
from mesolive.pricing.risk_graph import RiskLeg

SPOT = 5000.0
RATE, CARRY = 0.05, 0.035


def leg(
    strike: float, quantity: float, *, is_call: bool = True, days: float = 30.0, volatility: float = 0.2
) -> RiskLeg:
    years = days / 365.0
    forward = SPOT * math.exp(CARRY * years)
    return RiskLeg(is_call, strike, quantity, 0.0, volatility, years, days, forward, math.exp(-RATE * years))


def price(risk_leg: RiskLeg, spot: float) -> float:
    """Return what one unit is worth today at another price of the underlying, straight from the pricing formula."""
    forward = np.array([spot * risk_leg.forward / SPOT])
    return float(
        greeks(
            risk_leg.is_call, forward, risk_leg.strike, risk_leg.years, risk_leg.volatility, risk_leg.discount, spot
        ).price[0]
    )


def test_a_short_put_loses_most_at_the_lower_end() -> None:
    short = leg(4800.0, -100.0, is_call=False)
    loss = 100.0 * (price(short, 0.88 * SPOT) - price(short, SPOT))
    assert pm_like([short], SPOT, 0.12, 0.10) == pytest.approx(loss, rel=1e-12)


def test_a_short_strangle_loses_most_at_the_worse_of_both_ends() -> None:
    legs = [leg(4800.0, -100.0, is_call=False), leg(5200.0, -100.0)]
    ends = [sum(-100.0 * (price(item, end * SPOT) - price(item, SPOT)) for item in legs) for end in (0.9, 1.1)]
    assert pm_like(legs, SPOT, 0.1, 0.1) == pytest.approx(-min(ends), rel=1e-12)


def test_each_leg_keeps_its_own_volatility() -> None:
    calm = pm_like([leg(5400.0, -100.0, volatility=0.10), leg(5600.0, 100.0, volatility=0.10)], SPOT, 0.1, 0.1)
    skewed = pm_like([leg(5400.0, -100.0, volatility=0.10), leg(5600.0, 100.0, volatility=0.20)], SPOT, 0.1, 0.1)
    assert calm != pytest.approx(skewed, rel=0.01)


def test_a_long_butterfly_on_its_last_minutes_loses_what_it_is_worth() -> None:
    # The peak stands between two of the evenly spaced prices; the price is at it.
    legs = [leg(strike, many, days=1e-4) for strike, many in ((4990.0, 100.0), (5000.0, -200.0), (5010.0, 100.0))]
    worth = sum(item.quantity * price(item, SPOT) for item in legs)
    assert worth > 700.0
    assert pm_like(legs, SPOT, 0.1, 0.1) == pytest.approx(worth, rel=1e-9)


def test_a_short_butterfly_on_its_last_minutes_loses_at_a_strike_between_the_evenly_spaced_prices() -> None:
    legs = [leg(strike, many, days=1e-10) for strike, many in ((5110.3, -100.0), (5111.3, 200.0), (5112.3, -100.0))]
    assert pm_like(legs, SPOT, 0.1, 0.1) == pytest.approx(100.0, rel=0.01)


def test_nothing_held_loses_nothing_and_a_leg_without_volatility_makes_the_loss_unknown() -> None:
    assert pm_like([], SPOT, 0.1, 0.1) == 0.0
    unknown = [leg(5000.0, -100.0), leg(5100.0, 100.0, volatility=math.nan)]
    assert math.isnan(pm_like(unknown, SPOT, 0.1, 0.1))
    assert pm_like_margin(unknown, SPOT, MarginRules(MarginModel.PM_LIKE)) is None


@st.composite
def legs_of(draw: st.DrawFn) -> RiskLeg:
    return leg(
        float(draw(st.integers(4000, 6000))),
        100.0 * draw(st.sampled_from([-3, -2, -1, 1, 2, 3])),
        is_call=draw(st.booleans()),
        days=draw(st.floats(0.01, 200.0)),
        volatility=draw(st.floats(0.05, 0.8)),
    )


@pytest.mark.slow
@given(st.lists(legs_of(), min_size=1, max_size=6), st.floats(0.0, 0.5), st.floats(0.0, 0.5))
@settings(max_examples=60, deadline=None)
def test_the_loss_is_never_negative_and_grows_with_the_range(legs: list[RiskLeg], lower: float, upper: float) -> None:
    loss = pm_like(legs, SPOT, lower, upper)
    assert loss >= 0.0
    # The wider range is sampled less finely. A minimum between two of its prices is missed by less than a millionth of
    # the legs' notional (3 contracts of 100 at 5,000: 1.50), however small the loss itself is.
    unseen = 1e-6 * SPOT * sum(abs(item.quantity) for item in legs)
    assert pm_like(legs, SPOT, lower + 0.2, upper + 0.2) >= loss * 0.99 - unseen


@given(st.lists(legs_of(), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_what_is_only_long_never_loses_more_than_it_is_worth(legs: list[RiskLeg]) -> None:
    bought = [leg(o.strike, abs(o.quantity), is_call=o.is_call, days=o.days, volatility=o.volatility) for o in legs]
    worth = sum(item.quantity * price(item, SPOT) for item in bought)
    assert pm_like(bought, SPOT, 0.3, 0.3) <= worth * (1 + 1e-12)


@given(st.lists(legs_of(), max_size=5), st.lists(legs_of(), max_size=5))
@settings(max_examples=60, deadline=None)
def test_two_parts_never_lose_less_than_the_whole(some: list[RiskLeg], others: list[RiskLeg]) -> None:
    apart = pm_like(some, SPOT, 0.1, 0.1) + pm_like(others, SPOT, 0.1, 0.1)
    assert pm_like([*some, *others], SPOT, 0.1, 0.1) <= apart * 1.01 + 1.0  # each looks at its own strikes too


@given(st.decimals(Decimal("0.5"), Decimal(3), places=2))
def test_the_house_multiplier_scales_both_models(house: Decimal) -> None:
    day = datetime(2026, 1, 16, 21, tzinfo=UTC)
    put = RegTLeg(False, Decimal(950), day, Decimal(-1), Decimal(12))
    for mode, plain in ((RegTMode.VANILLA, 11_200), (RegTMode.PERMISSIVE, 10_000)):
        rules = MarginRules(house_multiplier=house, mode=mode)
        assert reg_t_margin([put], Decimal(1000), BROAD_INDEX, rules) == plain * house
    short = [leg(4800.0, -100.0, is_call=False)]
    once = pm_like(short, SPOT, 0.1, 0.1)
    scaled = pm_like_margin(short, SPOT, MarginRules(MarginModel.PM_LIKE, house))
    assert scaled is not None
    assert float(scaled) == pytest.approx(once * float(house), abs=0.005)


def test_an_american_put_loses_what_its_holder_can_exercise_it_for() -> None:
    """Ten percent down the put is exercised: it is worth its intrinsic value, which is more than the European one."""
    growth, discount = math.exp(0.05), math.exp(-0.05)
    now = float(american.values(False, 100.0, 120.0, 1.0, 0.25, discount, 100.0 * growth))
    short = RiskLeg(False, 120.0, -100.0, 0.0, 0.25, 1.0, 365.0, 100.0 * growth, discount, may_exercise_early=True)
    assert pm_like([short], 100.0, 0.15, 0.1) == pytest.approx(100.0 * (35.0 - now), abs=1e-6)
