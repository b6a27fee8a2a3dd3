"""Spot implied by put-call parity and time to expiration implied by straddles, to check a chain file.

Near the money a call less its put, plus the strike, is the forward whatever the volatility is (put-call parity). The
forwards of the nearest expirations, extrapolated to zero time, give the spot; each pair's bid and ask bound it.
An at-the-money straddle is worth 0.8 × forward × volatility × √time (Brenner and Subrahmanyam, 1988), so that straddles
and the vendor's volatilities give the time to expiration.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from msgspec import Struct

from mesolive.market.listing import Listing
from mesolive.market.view import FloatArray
from mesolive.pricing.business_time import calendar_years

MAX_EXPIRATIONS: Final = 6
MAX_PAIRS: Final = 10
MAX_CARRY: Final = 0.06
"""Rates less dividends, per year, that a single expiration leaves open."""
MAX_SLOPE: Final = 1.0
"""Of a stock that is dear to borrow, per year."""
MAX_APART: Final = 0.02
MAX_DIVIDEND: Final = 0.01
"""Of the price, that a stock may pay before the first expiration when that is further than `DIVIDEND_YEARS`."""
DIVIDEND_YEARS: Final = 7 / 365
PRINT_TOLERANCE: Final = 0.0025
"""Tolerance of a print against the implied spot, as a fraction of it, beyond the bid/ask uncertainty."""
WIDE_MARKET: Final = 0.02
"""Pairs with a wider bid/ask range than this, as a fraction of the strike, are ignored."""
MIN_VOLATILITY: Final = 0.03
"""Lower ones are placeholders of vendors without a value."""
MIN_YEARS: Final = 2 / 365
"""Expirations nearer than this are not used to check the date."""
MIN_LINE: Final = 3
MIN_SPAN: Final = 20 / 365
STRADDLE: Final = float(np.sqrt(2.0 / np.pi))


class Forward(Struct, frozen=True):
    """What an expiration's pairs imply.

    Attributes
    ----------
    years
        Until it settles.
    value, low, high
        The forward, and the bounds that all pairs' bids and asks agree on.
    straddle
        Middle price of call and put at the strike closest to the forward.
    volatility
        The vendor's there; NaN where the file has none.
    pairs
        Number of pairs used.
    """

    years: float
    value: float
    low: float
    high: float
    straddle: float
    volatility: float
    pairs: int


@dataclass(frozen=True, slots=True)
class ImpliedSpot:
    """The spot that a chain implies.

    Attributes
    ----------
    value
        The spot.
    uncertainty
        Half-width of the range that bids, asks and unknown carry allow.
    pairs, expirations
        From how many pairs in how many expirations.
    """

    value: float
    uncertainty: float
    pairs: int
    expirations: int

    def contradicts(self, price: float) -> bool:
        """Return whether a price cannot be the spot of these options."""
        return abs(price - self.value) > self.uncertainty + PRINT_TOLERANCE * self.value


def forwards(
    listing: Listing, at: datetime, bid: FloatArray, ask: FloatArray, volatility: FloatArray
) -> Sequence[Forward]:
    """Return the forwards of the nearest expirations that have sound pairs, by time.

    Parameters
    ----------
    listing
        The contracts; the arrays are aligned with it.
    at
        The time of the quotes.
    bid, ask
        NaN where there is none.
    volatility
        The vendor's, as fractions.
    """
    nearest: list[Forward] = []
    for position in range(listing.first_alive(at), len(listing.expirations)):
        calls, puts = listing.pairs(position)
        forward = _forward(
            listing.strikes[calls],
            (bid[calls], ask[calls], bid[puts], ask[puts]),
            (volatility[calls], volatility[puts]),
            calendar_years(at, listing.expirations[position].settles_at),
        )
        if forward is not None:
            nearest.append(forward)
        if len(nearest) == MAX_EXPIRATIONS:
            break
    return nearest


def _forward(
    strikes: FloatArray,
    quotes: tuple[FloatArray, FloatArray, FloatArray, FloatArray],
    volatilities: tuple[FloatArray, FloatArray],
    years: float,
) -> Forward | None:
    call_bid, call_ask, put_bid, put_ask = quotes
    with np.errstate(invalid="ignore"):
        sound = (call_bid > 0.0) & (put_bid > 0.0) & (call_ask >= call_bid) & (put_ask >= put_bid)
    if not sound.any():
        return None
    strikes = strikes[sound]
    low = strikes + call_bid[sound] - put_ask[sound]
    high = strikes + call_ask[sound] - put_bid[sound]
    middle = 0.5 * (low + high)
    nearest = np.argsort(np.abs(middle - strikes), kind="stable")[:MAX_PAIRS]
    # A pair far from the money is less informative: early exercise and the discount of its strike weigh in.
    nearest = nearest[np.abs(middle[nearest] - strikes[nearest]) <= 0.05 * strikes[nearest]]
    nearest = nearest[(high - low)[nearest] <= WIDE_MARKET * strikes[nearest]]
    if nearest.size == 0:
        return None
    value = float(np.median(middle[nearest]))
    # Bounds that most pairs agree on: one stale quote must not decide.
    bounds = float(np.median(low[nearest])), float(np.median(high[nearest]))
    at = int(nearest[0])
    call_mid, put_mid = 0.5 * (call_bid + call_ask)[sound], 0.5 * (put_bid + put_ask)[sound]
    known = [float(series[sound][at]) for series in volatilities if series[sound][at] > MIN_VOLATILITY]
    return Forward(
        years=years,
        value=value,
        low=bounds[0],
        high=bounds[1],
        straddle=float(call_mid[at] + put_mid[at]),
        volatility=float(np.mean(known)) if known else np.nan,
        pairs=int(nearest.size),
    )


def implied_spot(known: Sequence[Forward], *, dividends_in_steps: bool) -> ImpliedSpot | None:
    """Return the spot that forwards imply, or `None` without any.

    The forward of the nearest expiration is followed back by the rate at which the logarithms of the forwards grow.
    Where it lies far from the line through all of them, it is the one that is wrong, and the line is used.

    Parameters
    ----------
    known
        By time.
    dividends_in_steps
        Whether the underlying is a stock or fund: a dividend before the first expiration lowers all forwards, and
        cannot be distinguished from a lower spot.
    """
    if not known:
        return None
    pairs = sum(forward.pairs for forward in known)
    first = known[0]
    open_ = 0.5 * (first.high - first.low)
    if dividends_in_steps and first.years > DIVIDEND_YEARS:
        open_ += MAX_DIVIDEND * first.value
    years = np.array([forward.years for forward in known])
    logs = np.log([max(forward.value, 1e-9) for forward in known])
    # The median of the slopes between all pairs (Theil and Sen), so that one expiration cannot turn the line.
    slopes = [
        (logs[j] - logs[i]) / (years[j] - years[i])
        for i in range(len(known))
        for j in range(i + 1, len(known))
        if years[j] - years[i] >= 1 / 365
    ]
    if not slopes:
        return ImpliedSpot(first.value, open_ + MAX_CARRY * first.years * first.value, pairs, len(known))
    slope = float(np.median(slopes))
    line = float(np.exp(np.median(logs - slope * years)))
    nearest = first.value * float(np.exp(-np.clip(slope, -MAX_SLOPE, MAX_SLOPE) * first.years))
    apart = abs(line - nearest)
    if len(known) >= MIN_LINE and apart > MAX_APART * nearest:
        spread = float(np.median(np.abs(np.exp(logs - slope * years) - line)))
        return ImpliedSpot(line, open_ + spread, pairs, len(known))
    return ImpliedSpot(nearest, open_ + apart, pairs, len(known))


class TimeGap(Struct, frozen=True):
    """Time to the expirations by the file's date, compared with the time that its quotes imply.

    Attributes
    ----------
    years
        By how much it is longer; negative when it is shorter.
    ratio
        The quotes' time to the expirations over the date's.
    """

    years: float
    ratio: float

    @property
    def fits(self) -> bool:
        """Whether the date may be right, given that volatilities are rough."""
        return 0.4 <= self.ratio <= 2.5 or abs(self.years) <= 10 / 365

    @property
    def excludes(self) -> bool:
        """Whether the date cannot be right."""
        return not 0.25 <= self.ratio <= 4.0 and abs(self.years) > 0.5


def time_gap(known: Sequence[Forward]) -> TimeGap | None:
    """Return how the date fits the quotes, or `None` when they cannot decide.

    Two methods. With the vendor's volatilities a straddle implies its time. Without them the squares of the straddles
    are fitted against time, and the line must begin near zero.
    """
    known = [forward for forward in known if forward.years > MIN_YEARS]
    if not known:
        return None
    years = np.array([forward.years for forward in known])
    variance = np.array([(forward.straddle / (STRADDLE * forward.value)) ** 2 for forward in known])
    volatility = np.array([forward.volatility for forward in known])
    if np.isfinite(volatility).any():
        fits = np.isfinite(volatility)
        own = variance[fits] / volatility[fits] ** 2
        return TimeGap(float(np.median(years[fits] - own)), float(np.median(own / years[fits])))
    if len(known) < MIN_LINE or np.ptp(years) < MIN_SPAN:
        return None
    slope, start = np.polyfit(years, variance, 1)
    left_over = np.abs(variance - (slope * years + start)).max()
    if not (slope > 0 and left_over < 0.15 * np.ptp(variance)):
        return None
    gap = float(-start / slope)
    return TimeGap(gap, float(np.median((years - gap) / years)))
