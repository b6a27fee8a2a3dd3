"""American options: volatilities and greeks of a stock's whole chain, and what its quotes imply.

The yardstick is `numpy.exp` over twenty numbers per contract in the same run. It depends on the machine more than the
rest does: 0.6 ns a number with AVX-512, up to 10 ns without. The normal distribution of SciPy, which the method calls
most, takes 6 to 13 ns everywhere, so the ratio to it is shown too.
"""

from __future__ import annotations

import gc
import importlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from bench.report import Absolute, Reported, Row
from bench.yardsticks import python_loop
from mesolive.pricing.american import AmericanOptions, values
from mesolive.pricing.black import FloatArray
from mesolive.pricing.forwards import PairQuotes, imply_forwards

ql: Any = importlib.import_module("QuantLib")  # no types of its own
SPOT = 600.0
RATE = 0.043
DIVIDENDS = 0.012
CONTRACTS = 7_000
NUMBERS_PER_CONTRACT = 20
ROUNDS = 9
TARGET = 150.0
# Days to the expirations of an index fund, dailies first.
DAYS = (1, 2, 3, 4, 7, 8, 9, 10, 11, 14, 15, 16, 17, 18, 21, 28, 35, 42, 49, 63, 77, 91, 119, 154, 182, 217, 273, 301)
LONG_DAYS = (365, 392, 546, 637, 756)
SAMPLE = 240
"""Contracts that are compared with QuantLib's most precise engine."""

MIN_TIME_VALUE = 0.005
CENT = 0.01


@dataclass(frozen=True)
class Chain:
    """A generated chain; arrays have one element per contract."""

    is_call: npt.NDArray[np.bool_]
    strike: FloatArray
    years: FloatArray
    volatility: FloatArray
    price: FloatArray
    discount: FloatArray
    forward: FloatArray


def run() -> Sequence[Reported]:
    chain = generated()
    count = chain.strike.size
    numbers = np.linspace(0.5, 2.0, NUMBERS_PER_CONTRACT * count)
    spot = np.full(count, SPOT)

    def solve() -> None:
        options = AmericanOptions(chain.is_call, spot, chain.strike, chain.years, chain.discount, chain.forward)
        options.greeks(options.implied_volatility(chain.price))

    quotes = as_quotes(chain)
    exponential, normal = quickest(lambda: np.exp(numbers), 5 * ROUNDS), quickest(lambda: ndtr(numbers), ROUNDS)
    whole = quickest(solve, ROUNDS)
    curve = quickest(lambda: imply_forwards(SPOT, quotes), 3)
    return [
        Row(
            f"{count:,} contracts, volatility and greeks : exp over 20 numbers a contract",
            whole / exponential,
            TARGET,
            absolutes=[
                Absolute("the chain", whole * 1e3, "ms"),
                Absolute("per contract", whole / count * 1e6, "µs"),
                Absolute("exp", exponential * 1e3, "ms"),
            ],
        ),
        Row("the same : the normal distribution over as many", whole / normal),
        *accuracy_figures(chain),
        Row(
            f"forwards and rates of {len(quotes)} expirations : 2 M loop",
            curve / python_loop(),
            absolutes=[Absolute("a curve", curve * 1e3, "ms")],
        ),
    ]


def accuracy_figures(chain: Chain) -> list[Row]:
    """Compare a sample of the chain with QuantLib: values, volatilities, and greeks by differences of its values."""
    alive = np.flatnonzero(chain.price > np.maximum(np.where(chain.is_call, 1, -1) * (SPOT - chain.strike), 0.0) + 1e-4)
    chosen = np.random.default_rng(1).choice(alive, SAMPLE, replace=False)
    theirs = np.array([by_quantlib(chain, int(place)) for place in chosen])
    right, strike = chain.is_call[chosen], chain.strike[chosen]
    years, volatility = chain.years[chosen], chain.volatility[chosen]
    options = AmericanOptions(
        right, np.full(SAMPLE, SPOT), strike, years, chain.discount[chosen], chain.forward[chosen]
    )
    computed = options.greeks(volatility)
    solved = options.implied_volatility(theirs[:, 0])
    clear = theirs[:, 0] > np.maximum(np.where(right, SPOT - strike, strike - SPOT), 0.0) + MIN_TIME_VALUE
    # Relative to what a contract at the money has.
    vega_size, rho_size = SPOT * np.sqrt(years) * 0.004, SPOT * years
    worst = {
        "price, relative": np.abs(computed.price - theirs[:, 0]) / np.maximum(theirs[:, 0], CENT),
        "volatility": np.abs(solved - volatility) * clear,
        "delta": np.abs(computed.delta - theirs[:, 1]) * clear,
        "gamma, relative": np.abs(computed.gamma / theirs[:, 2] - 1.0) * clear,
        "vega, of one at the money": np.abs(computed.vega - theirs[:, 3]) / vega_size * clear,
        "rho, of strike and time": np.abs(computed.rho - theirs[:, 4]) / rho_size * clear,
    }
    targets = (1e-6, 1e-5, 1e-4, 1e-4, 1e-4, 1e-4)
    return [
        Row(f"worst of {SAMPLE} against QuantLib: {name}", float(np.nanmax(error)), target, unit="")
        for (name, error), target in zip(worst.items(), targets, strict=True)
    ]


def by_quantlib(chain: Chain, place: int) -> tuple[float, float, float, float, float]:
    """Return QuantLib's value, delta, gamma, vega and rho of a contract, those by central differences."""
    is_call, strike = bool(chain.is_call[place]), float(chain.strike[place])
    days, volatility = round(float(chain.years[place]) * 365), float(chain.volatility[place])

    def value(spot: float = SPOT, sigma: float = volatility, rate: float = RATE) -> float:
        return quantlib_value(is_call, spot, strike, days, sigma, rate)

    step = SPOT * min(1e-3, 0.005 * volatility * (days / 365) ** 0.5)
    of_volatility, of_rate = 1e-3 * volatility, 2e-5
    low, middle, high = value(SPOT - step), value(), value(SPOT + step)
    return (
        middle,
        (high - low) / (2 * step),
        (high - 2 * middle + low) / step**2,
        (value(sigma=volatility + of_volatility) - value(sigma=volatility - of_volatility))
        / (2 * of_volatility)
        * 0.01,
        (value(rate=RATE + of_rate) - value(rate=RATE - of_rate)) / (2 * of_rate),
    )


def quantlib_value(is_call: bool, spot: float, strike: float, days: int, volatility: float, rate: float) -> float:
    """Return a value by QuantLib's engine of the same paper, at its high precision."""
    today = ql.Date(2, 1, 2020)
    ql.Settings.instance().evaluationDate = today
    count = ql.Actual365Fixed()
    dividends, interest = (
        ql.YieldTermStructureHandle(ql.FlatForward(today, level, count)) for level in (DIVIDENDS, rate)
    )
    surface = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), volatility, count))
    process = ql.BlackScholesMertonProcess(ql.QuoteHandle(ql.SimpleQuote(spot)), dividends, interest, surface)
    payoff = ql.PlainVanillaPayoff(ql.Option.Call if is_call else ql.Option.Put, strike)
    option = ql.VanillaOption(payoff, ql.AmericanExercise(today, today + days))
    option.setPricingEngine(ql.QdFpAmericanEngine(process, ql.QdFpAmericanEngine.highPrecisionScheme()))
    return float(option.NPV())


def generated() -> Chain:
    """Return a chain of an index fund: a skew, and strikes as wide as its exchange lists them."""
    per_side = CONTRACTS // (2 * len(DAYS + LONG_DAYS)) + 1
    sides: list[tuple[bool, FloatArray, FloatArray]] = []
    for days in DAYS + LONG_DAYS:
        years = days / 365
        width = min(max(0.8 * np.sqrt(years), 0.03), 0.45)
        strike = np.rint(np.linspace(float(SPOT * (1.0 - width)), float(SPOT * (1.0 + 0.6 * width)), per_side))
        sides += [(is_call, strike, np.full(per_side, years)) for is_call in (True, False)]
    is_call = np.repeat([side[0] for side in sides], per_side)
    strike, years = (np.concatenate([side[place] for side in sides]) for place in (1, 2))
    moneyness = np.log(strike / SPOT) / np.sqrt(np.maximum(years, 2 / 365))
    volatility = np.clip(0.15 - 0.10 * moneyness + 0.12 * moneyness**2, 0.07, 1.2)
    discount, forward = np.exp(-RATE * years), SPOT * np.exp((RATE - DIVIDENDS) * years)
    price = values(is_call, SPOT, strike, years, volatility, discount, forward)
    return Chain(is_call, strike, years, volatility, price, discount, forward)


def as_quotes(chain: Chain) -> list[PairQuotes]:
    """Return the chain's expirations as quotes two cents wide."""
    collected: list[PairQuotes] = []
    for years in np.unique(chain.years):
        call, put = (np.flatnonzero((chain.years == years) & (chain.is_call == right)) for right in (True, False))
        sides = [np.maximum(chain.price[own] + half, 0.0) for own in (call, put) for half in (-0.01, 0.01)]
        collected.append(PairQuotes(float(years), chain.strike[call], *sides, european=False))
    return collected


def quickest(work: Callable[[], object], rounds: int) -> float:
    """Return the CPU seconds of the quickest of some rounds, which leaves out what else the machine did."""
    taken: list[float] = []
    gc.collect()
    for _ in range(rounds):
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return min(taken)
