"""Futures prices implied by options on futures: each expiration's options have a future of their own.

European options give the price of their future and a discount factor by put-call parity. American options give no
discount factor by parity: the European ones give all of them. At the money an American call on a future is worth as
much as the put, by symmetry of the rates of both, whatever the right of early exercise is worth: the strike at which
they cost the same is the price of the future.

Source: R. McDonald, M. Schroder, "A parity result for American options" (Journal of Computational Finance 1, 1998).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from mesolive.pricing.forwards import (
    ForwardSource,
    ImpliedForward,
    PairQuotes,
    ParityFit,
    fit_forwards,
    imply_forwards,
)
from mesolive.records import replace

EQUAL_PRICE_PAIRS: Final = 6
"""Pairs of call and put that determine the price of a future from American options."""


def imply_futures(spot: float, expirations: Sequence[PairQuotes]) -> list[ImpliedForward]:
    """Return the price of each expiration's future, its rate and its discount factor, in the order given.

    Parameters
    ----------
    spot
        Price of the future nearest to its expiration; only where quotes are missing does it enter a price.
    expirations
        The quotes of each expiration, in any order.
    """
    result = imply_forwards(spot, [_as_european(quotes) for quotes in expirations])
    for place, quotes in enumerate(expirations):
        future = None if quotes.european else _equal_price_strike(quotes)
        if future is not None:
            result[place] = replace(
                result[place], forward=future, source=ForwardSource.PARITY, pairs=EQUAL_PRICE_PAIRS, spot=spot
            )
    return result


def fit_futures(spot: float, expirations: Sequence[PairQuotes], rates: Sequence[float]) -> list[ParityFit | None]:
    """Return the futures of some expirations at rates that are known; see `fit_forwards`."""
    result = fit_forwards(spot, [_as_european(quotes) for quotes in expirations], rates)
    for place, (quotes, rate) in enumerate(zip(expirations, rates, strict=True)):
        future = None if quotes.european else _equal_price_strike(quotes)
        if future is not None:
            discount = math.exp(-rate * max(quotes.years, 0.0))
            result[place] = ParityFit(future, discount, EQUAL_PRICE_PAIRS, np.full(quotes.strikes.shape, np.nan))
    return result


def _as_european(quotes: PairQuotes) -> PairQuotes:
    """Return European quotes as they are, and American ones as if there were none."""
    if quotes.european:
        return quotes
    return replace(quotes, call_bid=np.full(quotes.strikes.shape, np.nan), european=True)


def _equal_price_strike(quotes: PairQuotes) -> float | None:
    """Return the strike at which call and put cost the same, by a line through the pairs nearest to it, or `None`."""
    with np.errstate(invalid="ignore"):
        sound = (quotes.call_bid > 0.0) & (quotes.put_bid > 0.0)
        sound &= (quotes.call_ask >= quotes.call_bid) & (quotes.put_ask >= quotes.put_bid)
    if np.count_nonzero(sound) < EQUAL_PRICE_PAIRS:
        return None
    strikes = quotes.strikes[sound]
    difference = 0.5 * (quotes.call_bid + quotes.call_ask - quotes.put_bid - quotes.put_ask)[sound]
    near = np.argsort(np.abs(difference), kind="stable")[:EQUAL_PRICE_PAIRS]
    x, y = strikes[near], difference[near]
    dx = x - x.mean()
    slope = float(dx @ y) / float(dx @ dx)
    return float(x.mean() - y.mean() / slope) if slope < 0.0 else None
