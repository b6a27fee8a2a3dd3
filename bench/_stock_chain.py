"""A chain file of a stock with 7,000 American contracts, in the exchange's CSV, for benchmarks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import numpy.typing as npt

from mesolive.market.calendar import settlement_instant, us_options_calendar
from mesolive.pricing.american import values

TAKEN_AT = datetime(2026, 3, 16, 19, 0, tzinfo=UTC)
SPOT, RATE, DIVIDENDS = 600.0, 0.043, 0.012
EXPIRATIONS = 33
PAIRS = 107
LAST_DAY = 850
HEADER = (
    "Expiration Date,Calls,Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest,Strike,"
    "Puts,Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest"
)


def stock_chain_csv() -> str:
    """Return the file: quotes two cents wide around the values of a volatility with a skew."""
    lines = [
        "",
        f"Tesla Inc,Last: {SPOT:.2f},Change: 1.5",
        f'"Date: March 16, 2026 at 3:00 PM EDT",Bid: {SPOT - 0.01:.2f},Ask: {SPOT + 0.01:.2f},Size: 1*1,Volume: 0',
        HEADER,
    ]
    for day in _days():
        years = (settlement_instant("TSLA", day) - TAKEN_AT).total_seconds() / (365 * 86_400)
        root = float(np.sqrt(years))
        width = min(max(0.8 * root, 0.03), 0.45)
        strikes: npt.NDArray[np.float64] = np.unique(
            np.rint(np.linspace(SPOT * (1.0 - width), SPOT * (1.0 + 0.6 * width), PAIRS) * 2.0) / 2.0
        )
        moneyness = np.log(strikes / SPOT) / max(root, 0.074)
        volatility = np.clip(0.25 - 0.1 * moneyness + 0.12 * moneyness**2, 0.1, 1.2)
        discount, forward = np.exp(-RATE * years), SPOT * np.exp((RATE - DIVIDENDS) * years)
        calls, puts = (values(right, SPOT, strikes, years, volatility, discount, forward) for right in (True, False))
        for strike, call, put in zip(strikes.tolist(), calls.tolist(), puts.tolist(), strict=True):
            cells = [
                f"TSLA{day:%y%m%d}{letter}{round(strike * 1000):08d},0.5,0,"
                f"{max(round(value, 2) - 0.01, 0.0):.2f},{round(value, 2) + 0.01:.2f},7,0.2,0.5,0.01,11"
                for letter, value in (("C", call), ("P", put))
            ]
            lines.append(f"{day:%a %b %d %Y},{cells[0]},{strike:.2f},{cells[1]}")
    return "\n".join([*lines, ""])


def _days() -> list[date]:
    """Return the expirations: dense near, sparse far, on trading days."""
    calendar = us_options_calendar()
    collected: list[date] = []
    for place in range(EXPIRATIONS):
        offset = 2.0 * (LAST_DAY / 2.0) ** (place / (EXPIRATIONS - 1))
        day = calendar.next_trading_day(TAKEN_AT.date() + timedelta(days=int(offset)))
        while day in collected:
            day = calendar.next_trading_day(day)
        collected.append(day)
    return sorted(collected)
