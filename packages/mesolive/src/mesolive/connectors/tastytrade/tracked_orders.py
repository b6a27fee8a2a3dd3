"""Orders as they are known from all sources: stream, lists, answers; an older state never undoes a newer one.

The stream repeats, skips and reorders states. Of two states of an order the later one counts. Fills of all states are
united, each once under whatever ids (`leg_fills`): what was filled once stays filled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from mesolive.connectors.tastytrade.combo_fills import (
    ComboFill,
    FillPart,
    LegFill,
    Parts,
    leftovers,
    new_combos,
    ratios_of,
)
from mesolive.connectors.tastytrade.leg_fills import HeardFill, LegFills
from mesolive.connectors.tastytrade.symbols import contract_of
from mesolive.tastytrade_client import OPTIONS, SOURCE, Fill, Order, OrderLeg
from mesolive.venues.base import OrderStatus

LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
ZERO: Final = Decimal(0)
PRODUCT: Final = SOURCE.partition("/")[0]


class TrackedOrder:
    """One order.

    Parameters
    ----------
    reported
        The combos of it that were reported before.
    apart
        What of its legs was reported before without the other legs.

    Attributes
    ----------
    order
        Its latest state.
    filled_at
        Time of the event loop at which a new fill was last heard of; `None` without one.
    reported, apart
        What was reported to the server: combos, and legs without their partners.
    reference
        Ours; `None` for an order by hand. It stays when a later state leaves it out.
    is_accepted, is_ended
        Whether its acceptance and its end were reported.
    asked
        Combos that were asked for; `None` where that is not known.
    is_withdrawn
        Whether it is cancelled, because it is for more than was asked for.
    is_uneven
        Whether its fills make no whole combos for good: it was read again after its end, and no more came.
    """

    def __init__(self, order: Order, reported: Sequence[ComboFill] = (), apart: Sequence[Parts] = ()) -> None:
        self.order = order
        self.filled_at: float | None = None
        self.reported = list(reported)
        self.apart = list(apart)
        self.reference: str | None = None
        self.is_accepted = False
        self.is_ended = False
        self.asked: Decimal | None = None
        self.is_withdrawn = False
        self.is_uneven = False
        self.ask_at = 0.0
        self._lacking_since: float | None = None
        parts: dict[str, list[FillPart]] = {}
        for by_leg in (*(combo.parts for combo in reported), *apart):
            for symbol, some in by_leg.items():
                parts.setdefault(symbol, []).extend(some)
        self._legs = {symbol: LegFills(symbol, some) for symbol, some in parts.items()}
        self._elsewhere: dict[tuple[str, str], Decimal] = {}
        """Fills that a linked order has already, by leg and id."""

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
    def own_size(self) -> Decimal:
        """Combos ordered, less those that it shows as filled and that are a linked order's."""
        own, ratios = self.quantities, self.ratios
        for (symbol, _), quantity in self._elsewhere.items():
            if symbol in own:
                own[symbol] -= quantity
        return min((own[symbol] / ratios[symbol] for symbol in ratios), default=ZERO)

    @property
    def is_short(self) -> bool:
        """Whether the broker's order is for less than was asked for: its predecessor has filled the rest."""
        return self.asked is not None and self.filled < self.asked

    @property
    def filled(self) -> Decimal:
        """Whole combos filled, as far as fills are known."""
        return Decimal(len(self.reported) + len(self.unreported))

    @property
    def unreported(self) -> list[ComboFill]:
        """Combos that are filled and were not reported."""
        ratios = self.ratios
        return new_combos(ratios, self.fills, self.reported, self.apart) if ratios else []

    @property
    def fills(self) -> list[LegFill]:
        """Its fills whose price is known, each once."""
        return [fill for leg in self._legs.values() for fill in leg.counted()]

    @property
    def unpriced(self) -> list[LegFill]:
        """Its fills whose price no state has stated yet; they bear a price of zero, and are not reported."""
        return [fill for leg in self._legs.values() for fill in leg.unpriced()]

    @property
    def doubts(self) -> list[str]:
        """Fills, in words, that may be others or the same: they count once."""
        return [text for leg in self._legs.values() for text in leg.doubts()]

    @property
    def filled_contracts(self) -> Decimal:
        """All contracts of all legs that are filled."""
        return sum((fill.quantity for fill in (*self.fills, *self.unpriced)), ZERO)

    @property
    def is_complete(self) -> bool:
        """Whether the fills of all legs are known that the order's state promises."""
        quantities = self.quantities
        done = dict.fromkeys(quantities, ZERO)
        for fill in self.fills:
            if fill.symbol in done:
                done[fill.symbol] += fill.quantity
        for (symbol, _), quantity in self._elsewhere.items():
            if symbol in done:
                done[symbol] += quantity
        return all(done[symbol] >= quantity for symbol, quantity in quantities.items())

    @property
    def has_ended(self) -> bool:
        """Whether it is worked no more, and all its fills are known with their prices."""
        return self.order.has_ended and not self.lacks_fills

    @property
    def lacks_fills(self) -> bool:
        """Whether fills or prices are missing that its state promises.

        The fills of the legs are shown one after the other. So one that was filled lacks fills until all legs are
        whole, and one that ended otherwise may lack some while those of its legs do not make whole combos.
        """
        if self.unpriced or (self.order.is_filled and not self.is_complete):
            return True
        return self.is_short_of_partners and not self.is_uneven

    @property
    def is_short_of_partners(self) -> bool:
        """Whether it ended in another way than filled, and not all legs are filled alike."""
        return self.order.has_ended and not self.order.is_filled and bool(self.without_partners)

    @property
    def without_partners(self) -> dict[str, tuple[FillPart, ...]]:
        """What of its legs is in no combo and was not reported, by leg."""
        ratios = self.ratios
        if not ratios or self.unreported:
            return {}
        return leftovers(ratios, self.fills, self.reported, self.apart)

    def lacking_since(self, now: float) -> float:
        """Return since when fills are missing, by the time of the event loop; from the first call on."""
        if self._lacking_since is None:
            self._lacking_since = now
        return self._lacking_since

    def broken(self) -> dict[str, tuple[FillPart, ...]]:
        """Return what of its legs was filled without their partners and is not reported, once the order has ended."""
        return self.without_partners if self.has_ended else {}

    def note_reported(self, combo: ComboFill) -> None:
        """Note that a combo was reported."""
        self.reported.append(combo)
        self._note_reported(combo.parts)

    def note_apart(self, parts: Parts) -> None:
        """Note that legs were reported without their partners."""
        self.apart.append(parts)
        self._note_reported(parts)

    def _note_reported(self, parts: Parts) -> None:
        for symbol, some in parts.items():
            self._legs[symbol].note_reported(some)

    @property
    def status(self) -> OrderStatus:
        """The status in the terms of the server. An order in doubt counts as working: it may still be filled."""
        if not self.has_ended:
            return OrderStatus.WORKING
        match self.order.status.lower():
            case "filled":
                return OrderStatus.CANCELLED if self.is_short else OrderStatus.FILLED
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
        if self.order.is_filled and self.is_short:
            return f"{self.filled:f} of {self.asked:f} were filled, and the rest by its predecessor"
        return self.order.reject_reason or ""

    def take(self, order: Order, now: float, linked: Sequence[TrackedOrder] = ()) -> None:
        """Take another state of the order, which may be older than the one that is known.

        Parameters
        ----------
        now
            Time of the event loop.
        linked
            Orders that this one has replaced, or that replace it: a fill that one of them has is not counted here.
        """
        if _age(order) >= _age(self.order):
            self.order = order
        for leg in order.legs or ():
            heard = [_heard(fill, order) for fill in leg.fills or ()]
            own = [fill for fill in heard if not self._is_of_another(leg.symbol, fill, linked)]
            if own and self._legs.setdefault(leg.symbol, LegFills(leg.symbol)).take(own, leg.quantity):
                self.filled_at = now

    def has(self, symbol: str, fill: HeardFill) -> bool:
        """Return whether a fill that a linked order shows is one of this order."""
        leg = self._legs.get(symbol)
        return leg is not None and leg.has(fill)

    def _is_of_another(self, symbol: str, fill: HeardFill, linked: Sequence[TrackedOrder]) -> bool:
        key = symbol, fill.fill_id
        if key not in self._elsewhere and not self.has(symbol, fill) and any(it.has(symbol, fill) for it in linked):
            self._elsewhere[key] = fill.quantity
        return key in self._elsewhere


def _heard(fill: Fill, order: Order) -> HeardFill:
    return HeardFill(
        fill_id=fill.id,
        quantity=fill.quantity,
        price=fill.fill_price,
        at=fill.at or order.updated or LONG_AGO,
        is_dated=fill.at is not None,
        exec_id=None if fill.ext_exec_id is None else str(fill.ext_exec_id),
    )


def _age(order: Order) -> tuple[datetime, bool, int]:
    fills = sum(len(leg.fills or ()) for leg in order.legs or ())
    return order.updated or LONG_AGO, order.has_ended, fills


class OrderBook:
    """All orders that are known, by account and id. Touches no network.

    Parameters
    ----------
    remembered
        Makes an order of a state and its account, with what was reported of it before.

    Attributes
    ----------
    twice
        References under which the broker has several orders, with their ids.
    """

    def __init__(
        self, remembered: Callable[[str, Order], TrackedOrder] = lambda _account, order: TrackedOrder(order)
    ) -> None:
        self._remembered = remembered
        self._orders: dict[tuple[str, str], TrackedOrder] = {}
        self._by_reference: dict[tuple[str, str], str] = {}
        self.twice: dict[tuple[str, str], set[str]] = {}

    def take(self, account: str, order: Order, now: float) -> TrackedOrder:
        """Take a state of an order; return the order as it is known then."""
        key = account, order.order_id
        known = self._orders.get(key)
        if known is None:
            known = self._orders[key] = self._remembered(account, order)
        known.take(order, now, self._linked(account, known, order))
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

    def _linked(self, account: str, tracked: TrackedOrder, state: Order) -> list[TrackedOrder]:
        """Return the orders that an order has replaced, one behind the other, and those that replace it."""
        found: dict[str, TrackedOrder] = {}
        for link in (_replaces, _replaced_by):
            at, order_id = tracked, link(state) or link(tracked.order)
            while order_id is not None and order_id not in found and order_id != tracked.id:
                other = self._orders.get((account, order_id))
                if other is None:
                    # It may have ended long ago: what was reported of it is known.
                    other = self._remembered(account, Order(id=order_id))
                found[order_id] = at = other
                order_id = link(at.order)
        return list(found.values())

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


def _replaces(order: Order) -> str | None:
    return order.replaces


def _replaced_by(order: Order) -> str | None:
    return order.replaced_by


def is_from_here(order: Order) -> bool:
    """Return whether an order was sent by this program: it names it as its source. Others use identifiers, too."""
    return (order.source or "").partition("/")[0] == PRODUCT
