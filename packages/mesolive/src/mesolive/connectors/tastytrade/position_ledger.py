"""Expected positions at the venue: whether a leg opens or closes, while the venue's own ledger lags behind fills.

The venue lists a position one to three seconds after its fill. Until then our own fills say more than its ledger: a
list that contradicts them is believed only when nothing was filled for a while.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

ZERO: Final = Decimal(0)
LAG_SECONDS: Final = 10.0
"""For how long after a fill the venue's ledger may be behind."""


class PositionLedger:
    """Signed contracts by symbol, of one account."""

    def __init__(self) -> None:
        self._held: dict[str, Decimal] = {}
        self._filled_at: dict[str, float] = {}
        self._fills: set[tuple[str, str]] = set()
        self._was_listed = False

    def held(self, symbol: str) -> Decimal:
        """Return what is held of a contract, positive for long."""
        return self._held.get(symbol, ZERO)

    def listed(self, positions: Mapping[str, Decimal], now: float) -> None:
        """Take the venue's list, except for contracts that were filled just now."""
        for symbol in self._held.keys() | positions.keys():
            self.told(symbol, positions.get(symbol, ZERO), now)
        self._was_listed = True

    def told(self, symbol: str, quantity: Decimal, now: float) -> None:
        """Take what the venue says of one contract."""
        filled_at = self._filled_at.get(symbol)
        if filled_at is not None and now - filled_at < LAG_SECONDS:
            return
        self._set(symbol, quantity)

    def filled(self, symbol: str, fill_key: str, quantity: Decimal, now: float) -> None:
        """Take a fill, once; fills that are older than the first list are in it already."""
        key = symbol, fill_key
        if key in self._fills:
            return
        self._fills.add(key)
        if self._was_listed:
            self._set(symbol, self.held(symbol) + quantity)
            self._filled_at[symbol] = now

    def shows(self, closings: Mapping[str, Decimal], positions: Mapping[str, Decimal]) -> bool:
        """Return whether a list of the venue has what shall be closed (signed quantities of the orders)."""
        return all(-positions.get(symbol, ZERO) * _sign(qty) >= abs(qty) for symbol, qty in closings.items())

    def _set(self, symbol: str, quantity: Decimal) -> None:
        if quantity:
            self._held[symbol] = quantity
        else:
            self._held.pop(symbol, None)


def _sign(quantity: Decimal) -> int:
    return -1 if quantity < 0 else 1
