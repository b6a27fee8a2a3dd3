"""Combos made of leg fills: pure functions with stable numbers, whatever the order in which the fills were reported.

The broker fills the legs of an order one by one, without an id that groups them. A combo exists once every leg has its
share. Combos are numbered from 1 within their order; what was reported under a number keeps its content, and later
combos take what is left, so that no contract and no cent is reported twice or never.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from mesolive.records import replace

ZERO = Decimal(0)


class LegFill(msgspec.Struct, frozen=True, kw_only=True):
    """A fill of one leg as the broker reported it; the quantity is unsigned."""

    symbol: str
    fill_id: str
    quantity: Decimal
    price: Decimal
    at: datetime


class FillPart(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a leg fill that belongs to one combo."""

    fill_id: str
    quantity: Decimal
    price: Decimal
    at: datetime


class ComboFill(msgspec.Struct, frozen=True, kw_only=True):
    """One combo that was filled.

    Attributes
    ----------
    number
        Its number within the order, from 1.
    parts
        By the symbol of the leg, what of its fills belongs to the combo.
    """

    number: int
    parts: dict[str, tuple[FillPart, ...]]

    @property
    def at(self) -> datetime:
        """When the last of its legs was filled."""
        return max(part.at for parts in self.parts.values() for part in parts)

    def price(self, symbol: str) -> Decimal:
        """Return the mean price of a leg, weighted by quantity."""
        return mean_price(self.parts[symbol])


def ratios_of(quantities: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Return the contracts per combo by leg: the quantities divided by their greatest common divisor."""
    whole = [int(quantity) for quantity in quantities.values()]
    divisor = math.gcd(*whole) if all(number > 0 for number in whole) and whole else 1
    return {symbol: quantity / divisor for symbol, quantity in quantities.items()}


Parts = Mapping[str, Sequence[FillPart]]
"""Parts of fills by the symbol of their leg."""


def new_combos(
    ratios: Mapping[str, Decimal],
    fills: Iterable[LegFill],
    reported: Sequence[ComboFill],
    apart: Sequence[Parts] = (),
) -> list[ComboFill]:
    """Return the combos that fills make beyond those already reported.

    Parameters
    ----------
    ratios
        Contracts per combo by leg, unsigned.
    fills
        All fills that are known, each once.
    reported
        The combos that were reported, in the order of their numbers.
    apart
        What was reported without the other legs: it is in no combo any more.
    """
    queues = _left(ratios, fills, reported, apart)
    count = min((int(_total(queues[symbol]) // ratio) for symbol, ratio in ratios.items()), default=0)
    first = len(reported) + 1
    return [
        ComboFill(number=first + step, parts={symbol: _taken(queues[symbol], ratios[symbol]) for symbol in ratios})
        for step in range(count)
    ]


def leftovers(
    ratios: Mapping[str, Decimal],
    fills: Iterable[LegFill],
    reported: Sequence[ComboFill],
    apart: Sequence[Parts] = (),
) -> dict[str, tuple[FillPart, ...]]:
    """Return the parts of fills that make no whole combo, by leg: after the end of an order, a broken combo."""
    queues = _left(ratios, fills, reported, apart)
    return {symbol: tuple(queue) for symbol, queue in queues.items() if queue}


def mean_price(parts: Sequence[FillPart]) -> Decimal:
    """Return the mean price of parts of a leg's fills, weighted by quantity."""
    if len({part.price for part in parts}) == 1:
        return parts[0].price
    total = sum((part.quantity for part in parts), ZERO)
    return sum((part.quantity * part.price for part in parts), ZERO) / total


def _left(
    ratios: Mapping[str, Decimal], fills: Iterable[LegFill], reported: Sequence[ComboFill], apart: Sequence[Parts]
) -> dict[str, deque[FillPart]]:
    """Return what of each leg's fills was not reported, in the order of the fills."""
    used: dict[tuple[str, str], Decimal] = {}
    for by_leg in (*(combo.parts for combo in reported), *apart):
        for symbol, parts in by_leg.items():
            for part in parts:
                key = symbol, part.fill_id
                used[key] = used.get(key, ZERO) + part.quantity
    queues: dict[str, deque[FillPart]] = {symbol: deque() for symbol in ratios}
    for fill in sorted(fills, key=lambda item: (item.at, item.fill_id)):
        rest = fill.quantity - used.get((fill.symbol, fill.fill_id), ZERO)
        if rest > 0 and fill.symbol in queues:
            queues[fill.symbol].append(FillPart(fill_id=fill.fill_id, quantity=rest, price=fill.price, at=fill.at))
    return queues


def _total(queue: Iterable[FillPart]) -> Decimal:
    return sum((part.quantity for part in queue), ZERO)


def _taken(queue: deque[FillPart], quantity: Decimal) -> tuple[FillPart, ...]:
    """Take a quantity from the front of a queue, and split a fill if need be."""
    result: list[FillPart] = []
    while quantity > 0:
        part = queue.popleft()
        if part.quantity > quantity:
            queue.appendleft(replace(part, quantity=part.quantity - quantity))
            part = replace(part, quantity=quantity)
        result.append(part)
        quantity -= part.quantity
    return tuple(result)
