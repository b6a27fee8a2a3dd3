"""American options by QuantLib's most precise engine: an oracle that shares no code with the product.

The engine without cash dividends is written by others from the same paper as ours (`QdFpAmericanEngine`, its high
precision scheme), and integrates otherwise (tanh-sinh). Its own error is about 1e-6 of the price where the rate is
large against the variance. With cash dividends it is a scheme of finite differences. Their times are whole days.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest

ql: Any = pytest.importorskip("QuantLib", reason="QuantLib, with which American options are compared, is missing")


class Case(NamedTuple):
    """An option and its market; rates are annual and continuous."""

    is_call: bool
    spot: float
    strike: float
    days: int
    volatility: float
    rate: float
    dividends: float


def american_value(case: Case) -> float:
    """Return the value of an option."""
    option, process = _option(case)
    option.setPricingEngine(ql.QdFpAmericanEngine(process, ql.QdFpAmericanEngine.highPrecisionScheme()))
    return float(option.NPV())


def value_with_dividends(case: Case, paid: Sequence[tuple[int, float]]) -> float:
    """Return the value of an option by QuantLib's finite differences, its escrowed model of cash dividends.

    Parameters
    ----------
    paid
        In how many days each goes off the price, and its amount.
    """
    option, process = _option(case)
    dividends = [ql.FixedDividend(amount, ql.Date(2, 1, 2020) + days) for days, amount in paid]
    scheme, escrowed = ql.FdmSchemeDesc.Douglas(), ql.FdBlackScholesVanillaEngine.Escrowed
    engine = ql.FdBlackScholesVanillaEngine(process, dividends, 300, 500, 0, scheme, False, -1.0, escrowed)
    option.setPricingEngine(engine)
    return float(option.NPV())


def _option(case: Case) -> tuple[Any, Any]:
    """Return an option without an engine, and its process."""
    today = ql.Date(2, 1, 2020)
    ql.Settings.instance().evaluationDate = today
    count = ql.Actual365Fixed()

    def flat(level: float) -> Any:
        return ql.YieldTermStructureHandle(ql.FlatForward(today, level, count))

    surface = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), case.volatility, count))
    process = ql.BlackScholesMertonProcess(
        ql.QuoteHandle(ql.SimpleQuote(case.spot)), flat(case.dividends), flat(case.rate), surface
    )
    payoff = ql.PlainVanillaPayoff(ql.Option.Call if case.is_call else ql.Option.Put, case.strike)
    return ql.VanillaOption(payoff, ql.AmericanExercise(today, today + case.days)), process
