"""Chain files of every format with known content, priced by a model: what a reader must give back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import numpy as np

from mesolive.market.calendar import settlement_instant
from mesolive.pricing.black import values
from mesolive.records import replace
from mesolive_testkit.market.files import HEADER

MARKET = "Bid: 0,Ask: 0,Size: 1*1,Volume: 0"
WHEN = datetime(2026, 3, 16, 20, 15, tzinfo=UTC)
"""A Monday, a quarter of an hour after the close."""


@dataclass(frozen=True)
class ChainText:
    """A chain priced at one volatility, and how it is written down.

    Attributes
    ----------
    printed
        The underlying's price that the file shows; the options are priced at `spot`.
    """

    root: str = "SPXW"
    name: str = "S&P 500 INDEX"
    spot: float = 6500.0
    printed: float | None = None
    volatility: float = 0.2
    strikes: Sequence[float] = tuple(range(6000, 7001, 50))
    days: Sequence[date] = (date(2026, 3, 20), date(2026, 4, 17), date(2026, 6, 18))
    when: datetime = WHEN
    extra: Sequence[str] = field(default=())

    def rows(self) -> list[tuple[date, float, tuple[float, float], tuple[float, float]]]:
        """Return expiration, strike, and bid and ask of call and put."""
        listed: list[tuple[date, float, tuple[float, float], tuple[float, float]]] = []
        strikes = np.array(self.strikes, dtype=np.float64)
        for day in self.days:
            years = (settlement_instant(self.root, day) - self.when).total_seconds() / 31_536_000
            sides: list[np.ndarray] = []
            for call in (True, False):
                count = len(strikes)
                forward = np.full(count, self.spot * np.exp(0.03 * years))
                discount = np.full(count, np.exp(-0.03 * years))
                time = np.full(count, years)
                sides.append(values(np.full(count, call), forward, strikes, time, self.volatility, discount))
            for strike, call_worth, put_worth in zip(self.strikes, *sides, strict=True):
                listed.append((day, strike, _market(call_worth), _market(put_worth)))
        return listed

    def csv(self, date_text: str = '"Date: March 16, 2026 at 4:15 PM EDT"') -> str:
        """Return the exchange's CSV export."""
        printed = self.spot if self.printed is None else self.printed
        head = [
            "",
            f"{self.name},Last: {printed:g},Change:  1.00",
            f"{date_text},Bid: 0,Ask: 0,Size: 1*1,Volume: 0",
            HEADER,
        ]
        return "\n".join([*head, *(self._csv_row(*row) for row in self.rows()), *self.extra, ""])

    def _csv_row(self, day: date, strike: float, call: tuple[float, float], put: tuple[float, float]) -> str:
        cells = [
            f"{self._symbol(day, letter, strike)},1.00,0,{bid:g},{ask:g},10,{self.volatility:g},0.5,0,100"
            for letter, (bid, ask) in (("C", call), ("P", put))
        ]
        return f"{day:%a %b %d %Y},{cells[0]},{strike:.2f},{cells[1]}"

    def _symbol(self, day: date, letter: str, strike: float) -> str:
        return f"{self.root}{day:%y%m%d}{letter}{round(strike * 1000):08d}"

    def json(self) -> str:
        """Return the exchange's delayed JSON."""
        options = [
            {
                "option": self._symbol(day, letter, strike),
                "bid": bid,
                "ask": ask,
                "iv": self.volatility,
                "open_interest": 100.0,
                "volume": 10.0,
                "last_trade_price": 1.0,
            }
            for day, strike, call, put in self.rows()
            for letter, (bid, ask) in (("C", call), ("P", put))
        ]
        data = {"symbol": "^SPX", "current_price": self.printed or self.spot, "options": options}
        return json.dumps({"timestamp": f"{self.when:%Y-%m-%d %H:%M:%S}", "data": data, "symbol": "_SPX"})

    def yfinance(self, letters: str = "CP") -> str:
        """Return a yfinance chain as CSV, calls and puts below each other."""
        lines = ["contractSymbol,lastTradeDate,strike,lastPrice,bid,ask,volume,openInterest,impliedVolatility"]
        lines += [
            f"{self._symbol(day, letter, strike)},{self.when:%Y-%m-%d %H:%M:%S}+00:00,{strike},1.0,{bid:g},{ask:g},"
            f"10,100,{self.volatility}"
            for letter in letters
            for day, strike, call, put in self.rows()
            for bid, ask in [call if letter == "C" else put]
        ]
        return "\n".join([*lines, ""])

    def optionsdx(self, moments: Sequence[datetime] = (WHEN,)) -> str:
        """Return an OptionsDX file with the chain at some times."""
        header = (
            "[QUOTE_UNIXTIME], [QUOTE_READTIME], [UNDERLYING_LAST], [EXPIRE_DATE], [EXPIRE_UNIX], [C_IV], [C_VOLUME], "
            "[C_LAST], [C_BID], [C_ASK], [STRIKE], [P_BID], [P_ASK], [P_LAST], [P_IV], [P_VOLUME]"
        )
        lines = [header]
        for moment in moments:
            for day, strike, call, put in replace(self, when=moment).rows():
                cells = (
                    f"{int(moment.timestamp())}, {moment:%Y-%m-%d %H:%M}, {self.spot}, {day}, 0",
                    f"{self.volatility}, 10, 1.0, {call[0]:g}, {call[1]:g}, {strike:g}",
                    f"{put[0]:g}, {put[1]:g}, 1.0, {self.volatility}, ",
                )
                lines.append(", ".join(cells))
        return "\n".join([*lines, ""])

    def quote_data(self) -> str:
        """Return a quotedata.dat as until 2020."""
        rows = self.csv().splitlines()[4:]
        old = [f"{day:%m/%d/%Y}," + row.split(",", 1)[1] for row, (day, *_) in zip(rows, self.rows(), strict=True)]
        header = HEADER.replace("Volume", "Vol").replace("Open Interest", "Open Int")
        head = [
            f"^SPX (S&P 500 INDEX),{self.spot:g},1.0",
            "Mar 16 2026 @ 16:15 ET,Bid,6499,Ask,6501,Size,1x1,Vol,",
            header,
        ]
        return "\r\n".join([*head, *(f"{row}," for row in old), ""])


def _market(worth: float) -> tuple[float, float]:
    half = max(0.005 * worth, 0.02)
    bid = float(np.floor(max(worth - half, 0.0) * 100) / 100)
    return bid, max(float(np.ceil((worth + half) * 100) / 100), bid + 0.01)
