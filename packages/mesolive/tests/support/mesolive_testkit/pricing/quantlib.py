"""American options by QuantLib's most precise engine: an oracle that shares no code with the product.

The engine is written by others from the same paper as ours (`QdFpAmericanEngine`, its high precision scheme), and
integrates otherwise (tanh-sinh). Its times are whole days. Its own error is about 1e-6 of the price where the rate is
large against the variance.
"""

from __future__ import annotations

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
    option = ql.VanillaOption(payoff, ql.AmericanExercise(today, today + case.days))
    option.setPricingEngine(ql.QdFpAmericanEngine(process, ql.QdFpAmericanEngine.highPrecisionScheme()))
    return float(option.NPV())
