"""One call for European and American exercise: European formulas where early exercise is worth nothing."""

from __future__ import annotations

import numpy as np
import pytest

from mesolive.market.contract_models import ContractTerms
from mesolive.market.view import FloatArray
from mesolive.pricing import binomial_tree, black

SPOT, YEARS, VOLATILITY = 100.0, 0.5, 0.25
STRIKES = np.arange(70.0, 131.0, 5.0)


def terms(*, rate: float = 0.0, dividends: float = 0.0, early: bool = True, is_call: bool = False) -> ContractTerms:
    full = np.ones_like(STRIKES)
    return ContractTerms(
        is_call=np.full(STRIKES.size, is_call),
        strikes=STRIKES,
        spot=SPOT * full,
        forward=SPOT * np.exp((rate - dividends) * YEARS) * full,
        discount=np.exp(-rate * YEARS) * full,
        years=YEARS * full,
        may_exercise_early=np.full(STRIKES.size, early),
    )


def european(contract_terms: ContractTerms, volatility: FloatArray) -> FloatArray:
    return black.values(
        contract_terms.is_call,
        contract_terms.forward,
        contract_terms.strikes,
        contract_terms.years,
        volatility,
        contract_terms.discount,
    )


@pytest.mark.parametrize(
    "contract_terms",
    [
        pytest.param(terms(rate=0.05, early=False), id="European"),
        pytest.param(terms(rate=0.05, is_call=True), id="a call on shares that yield nothing"),
        pytest.param(terms(dividends=0.04), id="a put without interest"),
    ],
)
def test_where_early_exercise_is_worth_nothing_the_formulas_are_exact(contract_terms: ContractTerms) -> None:
    volatility = np.full(STRIKES.size, VOLATILITY)
    assert np.array_equal(contract_terms.values(volatility), european(contract_terms, volatility))
    assert contract_terms.volatility(european(contract_terms, volatility)) == pytest.approx(volatility, rel=1e-9)
    expected = black.greeks(
        contract_terms.is_call,
        contract_terms.forward,
        contract_terms.strikes,
        contract_terms.years,
        volatility,
        contract_terms.discount,
        SPOT,
    )
    for mine, theirs in zip(contract_terms.greeks(volatility), expected, strict=True):
        assert np.array_equal(mine, theirs)


@pytest.mark.parametrize(
    "contract_terms",
    [
        pytest.param(terms(rate=0.06), id="a put with interest"),
        pytest.param(terms(dividends=0.06, is_call=True), id="a call with dividends"),
    ],
)
def test_where_it_is_worth_something_values_and_greeks_are_the_trees(contract_terms: ContractTerms) -> None:
    volatility = np.full(STRIKES.size, VOLATILITY)
    arguments = (
        contract_terms.is_call,
        SPOT,
        contract_terms.strikes,
        YEARS,
        volatility,
        contract_terms.discount,
        contract_terms.forward,
    )
    expected = binomial_tree.greeks(*arguments, steps=801)
    assert contract_terms.values(volatility) == pytest.approx(expected.price, abs=1e-3)
    assert np.max(contract_terms.values(volatility) - european(contract_terms, volatility)) > 0.1
    greeks = contract_terms.greeks(volatility)
    exercised = greeks.price == contract_terms.intrinsic
    assert greeks.delta == pytest.approx(expected.delta, abs=1e-3)
    assert greeks.vega[~exercised] == pytest.approx(expected.vega[~exercised], abs=2e-3)


@pytest.mark.parametrize("contract_terms", [terms(rate=0.06), terms(dividends=0.06, is_call=True)])
def test_the_volatility_of_a_price_gives_the_price_back(contract_terms: ContractTerms) -> None:
    volatility = np.linspace(0.1, 0.6, STRIKES.size)
    price = contract_terms.values(volatility)
    solved = contract_terms.volatility(price)
    alive = price > contract_terms.intrinsic + 0.01
    assert alive.sum() >= 9
    assert contract_terms.values(solved)[alive] == pytest.approx(price[alive], abs=1e-7)
    near = alive & (np.abs(STRIKES - SPOT) <= 15.0)
    assert solved[near] == pytest.approx(volatility[near], abs=1e-6)


def test_a_price_at_or_below_immediate_exercise_has_no_volatility() -> None:
    one = terms(rate=0.06)
    price = np.maximum(STRIKES - SPOT, 0.0)
    assert np.isnan(one.volatility(price)).all()
    assert np.isnan(one.volatility(np.full(STRIKES.size, np.nan))).all()
    assert np.isnan(one.greeks(np.full(STRIKES.size, np.nan)).delta).all()
