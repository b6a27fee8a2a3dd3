"""Demo strategy: the sample iron condor with roots, days to expiration and widths fitted to the server's chain."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import numpy as np

from mesolive.market.listing import Listing
from mesolive.market.option_classes import roots_of

TARGET_DAYS: Final = 45
MIN_DAYS: Final = 30
MAX_DAYS: Final = 60
EXIT_DAYS: Final = 21
MAX_ROOTS: Final = 20
"""As many roots as a definition may name; weekly options on futures have a root for each week and weekday."""
ROOTS_WITHIN_DAYS: Final = 10
WING_SHARE: Final = 0.02
"""Width of a wing as part of the underlying's price: 100 points of the S&P 500 at 5,000."""
CREDIT_SHARE: Final = Decimal("0.01")
"""The least credit as part of the width."""


def fitted(definition: Mapping[str, Any], listing: Listing, spot: float, now: datetime) -> dict[str, Any]:
    """Return the sample definition for another underlying.

    Parameters
    ----------
    definition
        The sample: an iron condor of the structure in `mesolive.samples`, on SPX.
    listing
        The listed contracts.
    spot
        Price of the underlying.
    now
        Market time.

    Returns
    -------
    dict
        The roots are those of the chain. Where nothing expires in 30 to 60 days, the expiration nearest to 45 is
        allowed. The wings are as wide as 2 % of the price, at least two strikes.
    """
    made = copy.deepcopy(dict(definition))
    symbol = listing.underlying.symbol
    made["Symbol"] = symbol
    listed = {expiration.root for expiration in listing.expirations}
    days = _days(listing, now)
    if len(listed) > MAX_ROOTS and days is not None:
        near = [
            entry for entry in listing.expirations if abs((entry.day - now.date()).days - days) <= ROOTS_WITHIN_DAYS
        ]
        listed = {entry.root for entry in near}
    usual = [root for root in roots_of(symbol) if root in listed]
    target = made["Structure"]["Expirations"][0]
    target["Roots"] = {"Include": [*usual, *sorted(listed - set(usual))]}
    is_usual = days is None or MIN_DAYS <= days <= MAX_DAYS
    if days is not None and not is_usual:
        target |= {"DTE": str(days), "Min": str(max(days - 1, 0)), "Max": str(days + 1)}
        made["Exit"]["Conditions"] = [f"leg_short_put_dte < {min(EXIT_DAYS, days // 2)}"]
    if symbol != "SPX" or not is_usual:
        on = "" if symbol == "SPX" else f" on {symbol}"
        made["StrategyName"] = f"Iron condor{on}, {TARGET_DAYS if is_usual else days} days"
    width = _width(listing, spot, now)
    if symbol != "SPX":
        made["Description"] = (
            f"The sample iron condor fitted to {symbol}: sells a put of 16 and a call of 12 delta, buys wings {width} "
            "points further."
        )
        for leg in made["Structure"]["Legs"]:
            price = leg["StrikeSelector"].get("StrikePrice")
            if price is not None:
                leg["StrikeSelector"]["StrikePrice"] = price.replace("100", str(width))
        least = (width * CREDIT_SHARE).quantize(Decimal("0.01"))
        made["Entry"]["AbortConditions"] = [
            condition.replace("< 1 --", f"< {least:f} --") for condition in made["Entry"]["AbortConditions"]
        ]
    return made


def without_waits(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Return the definition without days between an exit and the next entry, or between two entries.

    The demonstration ends with a closed position, and the programs that it names enter the next one on the same day.
    """
    entry = {name: value for name, value in definition["Entry"].items() if name != "ReentryDays"}
    concurrency = {name: value for name, value in entry["Concurrency"].items() if name != "EntryShiftDays"}
    return dict(definition) | {"Entry": entry | {"Concurrency": concurrency}}


def in_range(listing: Listing, now: datetime) -> bool:
    """Return whether something expires in the days that the sample's expiration may be away."""
    days = _days(listing, now)
    return days is not None and MIN_DAYS <= days <= MAX_DAYS


def _days(listing: Listing, now: datetime) -> int | None:
    """Return the days to the expiration nearest to the target; `None` when all have settled."""
    alive = listing.expirations[listing.first_alive(now) :]
    today = now.date()
    return min(((entry.day - today).days for entry in alive), key=lambda days: abs(days - TARGET_DAYS), default=None)


def _width(listing: Listing, spot: float, now: datetime) -> Decimal:
    """Return a width of about the wing's share of the price, at least two steps between strikes near the money."""
    steps: list[float] = []
    for position in range(listing.first_alive(now), len(listing.expirations)):
        start, middle, _ = listing.bounds[position]
        strikes = listing.strikes[start:middle]
        near = strikes[np.abs(strikes - spot) <= 0.1 * spot]
        if near.size > 1:
            steps.append(float(np.median(np.diff(near))))
    step = float(np.median(steps)) if steps else 1.0
    wanted = max(WING_SHARE * spot, 2 * step)
    whole = max(round(wanted / step), 2) * step
    return Decimal(f"{Decimal(repr(round(whole, 3))).normalize():f}")
