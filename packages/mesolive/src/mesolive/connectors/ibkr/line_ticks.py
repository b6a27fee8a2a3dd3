"""Ticks of one market data line of TWS: the quote, its quality and IB's option model, as the last messages state them.

TWS writes -1 for a price that is not there, and sizes of 0 with it. The quality of a quote is what message 58 states
for its own request, never what was asked for. Ticks only set values here; the provider reads them once a turn.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from mesolive.connectors.ibkr.tws_messages import UNSET_DOUBLE
from mesolive.market.quality import QuoteQuality

BID, ASK, LAST = 1, 2, 4
BID_SIZE, ASK_SIZE = 0, 3
CLOSE, OPEN = 9, 14
MARK = 37
MODEL, DELAYED_MODEL = 13, 83
HALTED, DELAYED_HALTED = 49, 90
FROM_DELAYED: Final = {66: BID, 67: ASK, 68: LAST, 69: BID_SIZE, 70: ASK_SIZE, 75: CLOSE, 76: OPEN}
"""Ids of delayed ticks, and those of the live ones that they stand for."""

QUALITIES: Final = {
    1: QuoteQuality.LIVE,
    2: QuoteQuality.FROZEN,
    3: QuoteQuality.DELAYED,
    4: QuoteQuality.FROZEN,
}
"""By the type of data of message 58: live, frozen, delayed, delayed and frozen."""

NOT_THERE: Final = -1.0
NAN: Final = math.nan


@dataclass(frozen=True, slots=True)
class IbGreeks:
    """IB's own option model of a contract, NaN for a figure that it does not state.

    Attributes
    ----------
    volatility
        As a fraction.
    vega, theta
        Per point of volatility, and per day.
    spot
        The underlying's price that the model took.
    """

    volatility: float
    delta: float
    price: float
    gamma: float
    vega: float
    theta: float
    spot: float

    @classmethod
    def of(cls, values: Sequence[float]) -> IbGreeks:
        """Return the figures of a computation: iv, delta, price, dividends, gamma, vega, theta, underlying."""
        iv, delta, price, _, gamma, vega, theta, spot = values
        return cls(
            volatility=_stated(iv, -1.0),
            delta=_stated(delta, -2.0),
            price=_stated(price, -1.0),
            gamma=_stated(gamma, -2.0),
            vega=_stated(vega, -2.0),
            theta=_stated(theta, -2.0),
            spot=_stated(spot, -1.0),
        )


def _stated(value: float, missing: float) -> float:
    return NAN if value == missing or not abs(value) < UNSET_DOUBLE else value


class LineTicks:
    """What the messages of one subscription say; a `LineSink` of the session.

    Parameters
    ----------
    changed
        Called at the first tick after each `take`, with this object.
    failed
        Called with an error of the subscription: this object, the code and its text.
    lost
        Called when the connection is lost.
    """

    __slots__ = (
        "_changed",
        "_failed",
        "_fresh",
        "_lost",
        "ask",
        "ask_size",
        "bid",
        "bid_size",
        "close",
        "data_type_stated",
        "greeks",
        "halted",
        "last",
        "mark",
        "opening",
        "sides",
        "ticked",
    )

    def __init__(
        self,
        changed: Callable[[LineTicks], None],
        failed: Callable[[LineTicks, int, str], None],
        lost: Callable[[LineTicks], None],
    ) -> None:
        self._changed = changed
        self._failed = failed
        self._lost = lost
        self._fresh = False
        self.bid = self.ask = self.last = self.mark = self.close = self.opening = NAN
        self.bid_size = self.ask_size = NAN
        self.greeks: IbGreeks | None = None
        self.halted = False
        self.data_type_stated = 0
        self.ticked = False
        """Whether a price has come."""
        self.sides = 0
        """Which sides were stated, there or not: 1 for the bid, 2 for the ask."""

    # --- what TWS writes ----------------------------------------------------------------------------------------------

    def tick_price(self, tick_type: int, price: float, size: float) -> None:
        """Take a price with its size."""
        if tick_type > MARK:
            known = FROM_DELAYED.get(tick_type)
            if known is None:
                return
            tick_type = known
            if not self.data_type_stated:
                self.data_type_stated = 3
        if not price < UNSET_DOUBLE or price == NOT_THERE:
            price = NAN
        if tick_type == BID:
            self.bid, self.bid_size = price, size
            self.sides |= 1
        elif tick_type == ASK:
            self.ask, self.ask_size = price, size
            self.sides |= 2
        elif tick_type == LAST:
            self.last = price
        elif tick_type == CLOSE:
            self.close = price
        elif tick_type == OPEN:
            self.opening = price
        elif tick_type == MARK:
            self.mark = price
        else:
            return
        self.ticked = True
        if not self._fresh:
            self._fresh = True
            self._changed(self)

    def tick_size(self, tick_type: int, size: float) -> None:
        """Take the size of a price that stays."""
        tick_type = FROM_DELAYED.get(tick_type, tick_type)
        if tick_type == BID_SIZE:
            self.bid_size = size
        elif tick_type == ASK_SIZE:
            self.ask_size = size
        else:
            return
        self._change()

    def tick_computation(self, tick_type: int, values: Sequence[float]) -> None:
        """Take IB's option model; those of bid, ask and last are left out."""
        if tick_type in {MODEL, DELAYED_MODEL}:
            self.greeks = IbGreeks.of(values)

    def tick_generic(self, tick_type: int, value: float) -> None:
        """Take a halt, and leave out what is not wanted."""
        if tick_type in {HALTED, DELAYED_HALTED}:
            self.halted = value > 0
            self._change()

    def tick_string(self, tick_type: int, value: str) -> None:
        """Leave out times of trades."""

    def data_type(self, data_type: int) -> None:
        """Take what the data really are."""
        self.data_type_stated = data_type
        if self.ticked:
            self._change()

    def line_error(self, code: int, text: str) -> None:
        """Report an error of the subscription."""
        self._failed(self, code, text)

    def snapshot_ended(self) -> None:
        """Do nothing: lines stream."""

    def line_lost(self) -> None:
        """Report the loss of the connection."""
        self._lost(self)

    def _change(self) -> None:
        if not self._fresh:
            self._fresh = True
            self._changed(self)

    # --- what the provider reads --------------------------------------------------------------------------------------

    def take(self) -> None:
        """Let the next tick be reported again."""
        self._fresh = False

    @property
    def quality(self) -> QuoteQuality:
        """What the quote is worth."""
        known = QUALITIES.get(self.data_type_stated, QuoteQuality.LIVE)
        return QuoteQuality.FROZEN if self.halted and known is QuoteQuality.LIVE else known

    @property
    def option_quote(self) -> tuple[float, float, float, float]:
        """Bid, ask and their sizes of an option; NaN for a side that is not there.

        Without a bid beside an offer nothing is paid: the bid is 0. A price of size 0 is no quote.
        """
        ask = self.ask if self.ask > 0.0 and self.ask_size != 0 else NAN
        bid = self.bid if self.bid >= 0.0 and (self.bid_size != 0 or self.bid == 0.0) else NAN
        if bid != bid and ask == ask:  # noqa: PLR0124 - NaN differs from itself
            return 0.0, ask, 0.0, self.ask_size
        return bid, ask, self.bid_size, self.ask_size
