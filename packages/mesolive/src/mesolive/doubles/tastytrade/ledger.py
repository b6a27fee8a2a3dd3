"""Ledger of the double of tastytrade: positions and cash, and positions as clients are shown them later."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Final

from mesolive.doubles.tastytrade.desk import Desk
from mesolive.doubles.tastytrade.instruments import FUTURE, FUTURE_OPTION, Instrument
from mesolive.doubles.tastytrade.matching import quote_of
from mesolive.doubles.tastytrade.order_views import mix_types
from mesolive.doubles.tastytrade.records import Account, Position
from mesolive.doubles.tastytrade.values import ZERO, JsonObject, Lagging, amount, effect_of, moment

PLACES: Final = Decimal("0.0001")
POSITION_SECONDS: Final = 0.002
"""From a fill to its position on the account stream: 2 to 57 ms were seen."""


class Ledger:
    """Positions and cash.

    Parameters
    ----------
    desk
        The books.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._quantities: dict[tuple[str, str], Lagging[int]] = {}
        self._views: dict[tuple[str, str], Lagging[JsonObject]] = {}

    def trade(self, account: Account, instrument: Instrument, quantity: int, price: Decimal, cost: Decimal) -> None:
        """Book a trade.

        Parameters
        ----------
        quantity
            Signed contracts.
        price
            Per unit of the underlying.
        cost
            Commission and fees.
        """
        desk = self._desk
        position = account.position(instrument.symbol)
        now = desk.now()
        if instrument.kind == FUTURE:
            account.cash -= cost  # gains and losses of futures are settled in cash, without a price paid
        else:
            account.cash -= quantity * price * instrument.factor + cost
        opening = quantity
        if position.quantity * quantity < 0:
            closing = min(abs(quantity), abs(position.quantity)) * (1 if position.quantity > 0 else -1)
            gain = closing * (price - position.average) * instrument.factor
            position.realized = gain + (position.realized if position.realized_on == desk.today() else ZERO)
            position.realized_on = desk.today()
            if instrument.kind == FUTURE:
                account.cash += gain
            position.quantity -= closing
            opening = quantity + closing
        if opening:
            before = position.quantity * position.average
            if not position.quantity:
                position.created_at = now
            position.quantity += opening
            position.average = ((before + opening * price) / position.quantity).quantize(PLACES)
        position.updated_at = now
        self.changed(account, instrument)

    def changed(self, account: Account, instrument: Instrument) -> None:
        """Tell of a changed position and of the cash, some time later."""
        desk = self._desk
        position = account.position(instrument.symbol)
        key = (account.number, instrument.symbol)
        at = desk.timer.now()
        self._quantities.setdefault(key, Lagging()).put(at, position.quantity)
        view = self.position_view(account, position, instrument)
        self._views.setdefault(key, Lagging()).put(at, view)
        desk.timeline.after(POSITION_SECONDS, lambda: desk.publish(account.number, "CurrentPosition", view))

    def restore(self, at: datetime) -> None:
        """Tell of all positions as they have been since a moment of the timer."""
        for account in self._desk.accounts.values():
            for symbol, position in account.positions.items():
                key = (account.number, symbol)
                view = self.position_view(account, position, self._desk.instrument(symbol))
                self._quantities.setdefault(key, Lagging()).put(at, position.quantity)
                self._views.setdefault(key, Lagging()).put(at, view)

    def quantity_known(self, account: str, symbol: str) -> int:
        """Return what the ledger holds that opening and closing is checked against: it lags."""
        desk = self._desk
        late = desk.faults.strike("ledger_late", account=account, symbol=symbol)
        lag = max(desk.settings.ledger_lag, 0.0 if late is None else float(late["seconds"]))
        known = self._quantities.get((account, symbol))
        return 0 if known is None else known.read(desk.seconds_ago(lag)) or 0

    def positions_shown(self, account: Account, *, closed: bool = False) -> Iterator[tuple[Instrument, JsonObject]]:
        """Return the positions as a read of them answers now; with `closed` those of zero too."""
        desk = self._desk
        late = desk.faults.strike("positions_late", account=account.number)
        lag = max(desk.settings.position_lag, 0.0 if late is None else float(late["seconds"]))
        zero_rows = closed or desk.faults.strike("zero_rows", account=account.number) is not None
        for symbol in account.positions:
            views = self._views.get((account.number, symbol))
            view = None if views is None else views.read(desk.seconds_ago(lag))
            if view is None or (view["quantity-direction"] == "Zero" and not zero_rows):
                continue
            if desk.faults.is_on("types_mixed", account=account.number):
                view = dict(view)
                mix_types(desk, view)
            yield desk.instrument(symbol), view

    def position_view(self, account: Account, position: Position, instrument: Instrument) -> JsonObject:
        """Return the JSON object of a position."""
        desk = self._desk
        quote = quote_of(desk, instrument)
        close = ZERO if quote is None else quote.middle or ZERO
        created = position.created_at or desk.now()
        today = desk.today()
        realized = position.realized if position.realized_on == today else ZERO
        view: JsonObject = {
            "account-number": account.number,
            "symbol": instrument.symbol,
            "instrument-type": instrument.kind,
            "underlying-symbol": instrument.underlying,
            "quantity": abs(position.quantity),
            "quantity-direction": "Zero" if not position.quantity else "Long" if position.quantity > 0 else "Short",
            "close-price": amount(close),
            "average-open-price": amount(position.average),
            "average-yearly-market-close-price": amount(position.average),
            "average-daily-market-close-price": amount(close),
            "multiplier": int(instrument.factor),
            "cost-effect": "Credit" if position.quantity > 0 else "Debit",
            "is-suppressed": False,
            "is-frozen": False,
            "restricted-quantity": 0,
        }
        if instrument.expiration is not None:
            view["expires-at"] = moment(instrument.expiration.settles_at)
        if instrument.kind in {FUTURE, FUTURE_OPTION}:
            view["streamer-symbol"] = instrument.streamer
        return view | {
            "realized-day-gain": amount(abs(realized)),
            "realized-day-gain-effect": effect_of(realized),
            "realized-day-gain-date": today.isoformat(),
            "realized-today": amount(abs(realized)),
            "realized-today-effect": effect_of(realized),
            "realized-today-date": today.isoformat(),
            "created-at": moment(created),
            "updated-at": moment(position.updated_at or created),
        }
