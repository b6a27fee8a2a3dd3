"""Expected positions at the venue: whether a leg opens or closes, while the venue's own ledger lags behind fills.

The venue lists a position one to three seconds after its fill. Until then our own fills say more than its ledger: a
list that contradicts them is believed only when nothing was filled for a while. Orders that are read later, over more
days, have fills that an earlier list has in it: by their time they are known.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

ZERO: Final = Decimal(0)
LAG_SECONDS: Final = 10.0
"""For how long after a fill the venue's ledger may be behind."""
LAG: Final = timedelta(seconds=LAG_SECONDS)


class PositionLedger:
    """Signed contracts by symbol, of one account."""

    def __init__(self) -> None:
        self._positions: dict[str, Decimal] = {}
        self._filled_at: dict[str, float] = {}
        self._fills: set[tuple[str, str]] = set()
        self._listed_at: datetime | None = None
        self._seen_at: dict[str, datetime | None] = {}
        """When a contract was listed last, where later lists were not believed of it."""
        self._stated_at: dict[str, datetime] = {}
        """As of when a message has stated a contract, by the venue's time."""

    def position(self, symbol: str) -> Decimal:
        """Return the position in a contract, positive for long."""
        return self._positions.get(symbol, ZERO)

    def listed(self, positions: Mapping[str, Decimal], now: float, at: datetime) -> None:
        """Take the venue's list, except for contracts that were filled just now.

        Parameters
        ----------
        now
            Time of the event loop.
        at
            The market's time at which the list was asked for.
        """
        for symbol in self._positions.keys() | self._seen_at.keys() | positions.keys():
            if self.record(symbol, positions.get(symbol, ZERO), now):
                self._seen_at.pop(symbol, None)
            else:
                self._seen_at.setdefault(symbol, self._listed_at)
        self._listed_at = at

    def record(self, symbol: str, quantity: Decimal, now: float, as_of: datetime | None = None) -> bool:
        """Take what the venue says of one contract; return whether it was believed.

        Parameters
        ----------
        as_of
            When the position changed last, by the venue's time: fills until then are in it, also those that are heard
            of later.
        """
        if self.is_recent(symbol, now):
            return False
        self._set(symbol, quantity)
        if as_of is not None:
            self._stated_at[symbol] = as_of
        return True

    def filled(self, symbol: str, fill_key: str, quantity: Decimal, now: float, at: datetime) -> None:
        """Take a fill, once; what a list has in it already is not added to it.

        Parameters
        ----------
        at
            The market's time of the fill. Fills that are heard of before the first list are in it, and so is every
            fill that was older than the lag of the venue's ledger when a list was asked for.
        """
        key = symbol, fill_key
        if key in self._fills:
            return
        self._fills.add(key)
        stated_at = self._stated_at.get(symbol)
        if stated_at is not None and at <= stated_at:
            return  # its position's message has overtaken its order's
        seen_at = self._seen_at.get(symbol, self._listed_at)
        if seen_at is not None and at > seen_at - LAG:
            self._set(symbol, self.position(symbol) + quantity)
            self._filled_at[symbol] = now

    def is_recent(self, symbol: str, now: float) -> bool:
        """Return whether a contract was filled so recently that the venue's ledger may be behind."""
        filled_at = self._filled_at.get(symbol)
        return filled_at is not None and now - filled_at < LAG_SECONDS

    def shows(self, closings: Mapping[str, Decimal], positions: Mapping[str, Decimal]) -> bool:
        """Return whether a list of the venue has what shall be closed (signed quantities of the orders)."""
        return all(-positions.get(symbol, ZERO) * _sign(qty) >= abs(qty) for symbol, qty in closings.items())

    def _set(self, symbol: str, quantity: Decimal) -> None:
        if quantity:
            self._positions[symbol] = quantity
        else:
            self._positions.pop(symbol, None)


def _sign(quantity: Decimal) -> int:
    return -1 if quantity < 0 else 1
