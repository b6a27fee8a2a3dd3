"""Orders as they are known from all sources: stream, lists, answers; an older state never undoes a newer one.

The stream repeats, skips and reorders states. Of two states of an order the later one counts, and fills are united by
their ids: what was filled once stays filled.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from mesolive.connectors.tastytrade.combo_fills import ComboFill, LegFill, leftovers, new_combos, ratios_of
from mesolive.connectors.tastytrade.symbols import contract_of
from mesolive.tastytrade_client import OPTIONS, SOURCE, Order, OrderLeg
from mesolive.venues.base import OrderStatus

LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
ZERO: Final = Decimal(0)
PRODUCT: Final = SOURCE.partition("/")[0]


class TrackedOrder:
    """One order.

    Attributes
    ----------
    order
        Its latest state.
    fills
        All fills of its option legs by leg and id.
    unpriced
        Fills whose price no state has stated yet, by leg and id; they bear a price of zero, and are not reported.
    filled_at
        Time of the event loop at which a new fill was last heard of; `None` without one.
    reported
        The combos that were reported to the server.
    reference
        Ours; `None` for an order by hand. It stays when a later state leaves it out.
    is_accepted, is_ended
        Whether its acceptance and its end were reported.
    """

    def __init__(self, order: Order) -> None:
        self.order = order
        self.fills: dict[tuple[str, str], LegFill] = {}
        self.unpriced: dict[tuple[str, str], LegFill] = {}
        self.filled_at: float | None = None
        self.reported: list[ComboFill] = []
        self.reference: str | None = None
        self.is_accepted = False
        self.is_ended = False
        self.ask_at = 0.0
        self._lacking_since: float | None = None

    @property
    def id(self) -> str:
        """The venue's permanent id."""
        return self.order.order_id

    @property
    def legs(self) -> list[OrderLeg]:
        """The legs that are options."""
        return [
            leg
            for leg in self.order.legs or ()
            if leg.instrument_type in OPTIONS and leg.quantity > 0 and contract_of(leg.symbol) is not None
        ]

    @property
    def quantities(self) -> dict[str, Decimal]:
        """Contracts ordered by leg, unsigned."""
        return {leg.symbol: leg.quantity for leg in self.legs}

    @property
    def ratios(self) -> dict[str, Decimal]:
        """Contracts per combo by leg, unsigned."""
        return ratios_of(self.quantities)

    @property
    def size(self) -> Decimal:
        """Combos ordered."""
        quantities, ratios = self.quantities, self.ratios
        return min((quantities[symbol] / ratios[symbol] for symbol in ratios), default=ZERO)

    @property
    def filled(self) -> Decimal:
        """Whole combos filled, as far as fills are known."""
        return Decimal(len(self.reported) + len(self.unreported))

    @property
    def unreported(self) -> list[ComboFill]:
        """Combos that are filled and were not reported."""
        ratios = self.ratios
        return new_combos(ratios, self.fills.values(), self.reported) if ratios else []

    @property
    def filled_contracts(self) -> Decimal:
        """All contracts of all legs that are filled."""
        return sum((fill.quantity for fill in (*self.fills.values(), *self.unpriced.values())), ZERO)

    @property
    def is_complete(self) -> bool:
        """Whether the fills of all legs are known that the order's state promises."""
        quantities = self.quantities
        done = dict.fromkeys(quantities, ZERO)
        for fill in self.fills.values():
            if fill.symbol in done:
                done[fill.symbol] += fill.quantity
        return all(done[symbol] >= quantity for symbol, quantity in quantities.items())

    @property
    def has_ended(self) -> bool:
        """Whether it is worked no more, and all its fills are known with their prices."""
        return self.order.has_ended and not self.lacks_fills

    @property
    def lacks_fills(self) -> bool:
        """Whether the broker calls it filled, and fills of some legs have not come; or the price of a fill has not."""
        return bool(self.unpriced) or (self.order.is_filled and not self.is_complete)

    def fills_of(self, symbol: str) -> list[LegFill]:
        """Return the fills of one leg, oldest first."""
        return sorted((fill for fill in self.fills.values() if fill.symbol == symbol), key=lambda fill: fill.at)

    def lacking_since(self, now: float) -> float:
        """Return since when fills are missing, by the time of the event loop; from the first call on."""
        if self._lacking_since is None:
            self._lacking_since = now
        return self._lacking_since

    def broken(self) -> dict[str, Decimal]:
        """Return the contracts of legs that were filled without their partners, once the order has ended."""
        if not self.has_ended or self.unreported:
            return {}
        left = leftovers(self.ratios, self.fills.values(), self.reported) if self.ratios else {}
        return {symbol: sum((part.quantity for part in parts), ZERO) for symbol, parts in left.items()}

    @property
    def status(self) -> OrderStatus:
        """The status in the terms of the server. An order in doubt counts as working: it may still be filled."""
        if not self.has_ended:
            return OrderStatus.WORKING
        match self.order.status.lower():
            case "filled":
                return OrderStatus.FILLED
            case "rejected":
                return OrderStatus.REJECTED
            case "expired":
                return OrderStatus.EXPIRED
            case _:
                return OrderStatus.CANCELLED if self.order.replaced_by is None else OrderStatus.REPLACED

    @property
    def changed_at(self) -> datetime:
        """When it ended or changed last, by the venue's time."""
        order = self.order
        return order.ended_at or order.updated or order.received or LONG_AGO

    def reason(self) -> str:
        """Return why it ended, as far as the broker says."""
        return self.order.reject_reason or ""

    def take(self, order: Order, now: float) -> None:
        """Take another state of the order, which may be older than the one that is known."""
        if _age(order) >= _age(self.order):
            self.order = order
        for leg in order.legs or ():
            for fill in leg.fills or ():
                key = leg.symbol, fill.id
                if key in self.fills or fill.quantity <= 0:
                    continue
                leg_fill = LegFill(
                    symbol=leg.symbol,
                    fill_id=fill.id,
                    quantity=fill.quantity,
                    price=fill.fill_price or ZERO,
                    at=fill.at or order.updated or LONG_AGO,
                )
                if fill.fill_price is not None:
                    self.unpriced.pop(key, None)
                    self.fills[key] = leg_fill
                elif key not in self.unpriced:
                    # What is reported under an id never changes, so it is not reported before its price is known.
                    self.unpriced[key] = leg_fill
                else:
                    continue
                self.filled_at = now


def _age(order: Order) -> tuple[datetime, bool, int]:
    fills = sum(len(leg.fills or ()) for leg in order.legs or ())
    return order.updated or LONG_AGO, order.has_ended, fills


class OrderBook:
    """All orders that are known, by account and id. Touches no network.

    Attributes
    ----------
    twice
        References under which the broker has several orders, with their ids.
    """

    def __init__(self) -> None:
        self._orders: dict[tuple[str, str], TrackedOrder] = {}
        self._by_reference: dict[tuple[str, str], str] = {}
        self.twice: dict[tuple[str, str], set[str]] = {}

    def take(self, account: str, order: Order, now: float) -> TrackedOrder:
        """Take a state of an order; return the order as it is known then."""
        key = account, order.order_id
        known = self._orders.get(key)
        if known is None:
            known = self._orders[key] = TrackedOrder(order)
        known.take(order, now)
        reference = order.external_identifier
        if reference and is_from_here(order):
            self.name(account, known, reference)
        return known

    def name(self, account: str, tracked: TrackedOrder, reference: str) -> None:
        """Note that an order was sent from here under a reference."""
        tracked.reference = reference
        key = account, reference
        first = self._by_reference.setdefault(key, tracked.id)
        if first != tracked.id:
            self.twice.setdefault(key, {first}).add(tracked.id)

    def find(self, account: str, order_id: str) -> TrackedOrder | None:
        """Return an order by the venue's id."""
        return self._orders.get((account, order_id))

    def named(self, account: str, reference: str) -> TrackedOrder | None:
        """Return an order by our reference."""
        order_id = self._by_reference.get((account, reference))
        return None if order_id is None else self._orders.get((account, order_id))

    def of(self, account: str) -> list[TrackedOrder]:
        """Return the orders of an account, oldest first."""
        orders = [order for (owner, _), order in self._orders.items() if owner == account]
        return sorted(orders, key=lambda item: (item.order.received or LONG_AGO, item.id))

    def all(self) -> Iterable[tuple[str, TrackedOrder]]:
        """Return all orders with their accounts."""
        return [(account, order) for (account, _), order in self._orders.items()]

    def forget_before(self, moment: datetime) -> None:
        """Forget orders that ended before a moment, and whose end was reported."""
        for key, order in list(self._orders.items()):
            if order.is_ended and order.changed_at < moment:
                del self._orders[key]
                self._by_reference.pop((key[0], order.reference or ""), None)


def is_from_here(order: Order) -> bool:
    """Return whether an order was sent by this program: it names it as its source. Others use identifiers, too."""
    return (order.source or "").partition("/")[0] == PRODUCT
