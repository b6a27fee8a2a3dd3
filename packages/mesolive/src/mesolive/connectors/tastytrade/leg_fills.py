"""Fills of one leg of an order, each counted once, under whatever ids the broker shows it.

A state of an order lists all fills of a leg so far. Two rules follow, and nothing else is believed:

* A fill with a new id that a state lists in place of one that was heard of before is that fill, where execution id or
  quantity, price and time agree. A later state that lists both proves that they are two.
* No more contracts are filled than one state has listed, and never more than were ordered. What goes beyond is not
  counted until a state lists it, for a fill that is booked twice is worse than one that is booked late.

Where neither decides, the contracts count once and the fill is in doubt: the trader must look.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import msgspec

from mesolive.connectors.tastytrade.combo_fills import FillPart, LegFill
from mesolive.records import replace

ZERO: Final = Decimal(0)
SAME_TIME: Final = timedelta(seconds=1)
"""By how much two times of one fill may differ: some answers cut fractions of a second off."""


class HeardFill(msgspec.Struct, frozen=True, kw_only=True):
    """A fill as one state of an order lists it; the quantity is unsigned.

    Attributes
    ----------
    price
        `None` where the state does not say it.
    is_dated
        Whether the state says when it was filled; otherwise `at` is the time of the state.
    exec_id
        The exchange's id, where the state has it.
    """

    fill_id: str
    quantity: Decimal
    price: Decimal | None
    at: datetime
    is_dated: bool = True
    exec_id: str | None = None


class _Entry:
    """One fill, under all its ids.

    Attributes
    ----------
    is_part
        Known from what was reported of it only: its quantity may be greater.
    doubts
        Ids that are taken for this fill on the strength of its quantity alone.
    is_shown
        Whether the last state lists it.
    """

    def __init__(self, heard: HeardFill, *, is_part: bool = False) -> None:
        self.heard = heard
        self.is_part = is_part
        self.ids = [heard.fill_id]
        self.doubts: set[str] = set()
        self.is_shown = False

    @property
    def fill_id(self) -> str:
        """The id under which it was heard of first; it never changes."""
        return self.ids[0]

    def is_same(self, other: HeardFill) -> bool:
        """Return whether a fill with another id is this one for certain, if no state lists both."""
        mine = self.heard
        if mine.exec_id is not None and other.exec_id is not None:
            return mine.exec_id == other.exec_id
        return self._is_of_size(other) and self._is_of_price(other) and mine.is_dated and other.is_dated and (
            abs(mine.at - other.at) <= SAME_TIME
        )  # fmt: skip

    def likeness(self, other: HeardFill) -> tuple[bool, timedelta] | None:
        """Return how unlike another fill is that a state lists in place of this one; `None`: it cannot be this one."""
        if not self._is_of_size(other) or None not in {self.heard.exec_id, other.exec_id}:
            return None
        return not self._is_of_price(other), abs(self.heard.at - other.at)

    def learn(self, other: HeardFill) -> bool:
        """Take what another state says of this fill; return whether it is news."""
        mine, news = self.heard, False
        if mine.price is None and other.price is not None:
            mine, news = replace(mine, price=other.price), True
        if mine.exec_id is None and other.exec_id is not None:
            mine = replace(mine, exec_id=other.exec_id)
        if self.is_part and other.quantity >= mine.quantity:
            mine, news = replace(mine, quantity=other.quantity), other.quantity > mine.quantity
            self.is_part = False
        self.heard = mine
        return news

    def _is_of_size(self, other: HeardFill) -> bool:
        quantity = self.heard.quantity
        return other.quantity >= quantity if self.is_part else other.quantity == quantity

    def _is_of_price(self, other: HeardFill) -> bool:
        return self.heard.price is None or other.price is None or self.heard.price == other.price


class LegFills:
    """The fills of one leg.

    Parameters
    ----------
    reported
        The parts of its fills that were reported, also by a process before this one.
    """

    def __init__(self, symbol: str, reported: Iterable[FillPart] = ()) -> None:
        self._symbol = symbol
        self._entries: list[_Entry] = []
        self._limit = ZERO
        self._reported: dict[str, Decimal] = {}
        parts: dict[str, FillPart] = {}
        for part in reported:
            known = parts.get(part.fill_id)
            quantity = part.quantity + (ZERO if known is None else known.quantity)
            parts[part.fill_id] = replace(part, quantity=quantity)
            self._limit += part.quantity
        for part in parts.values():
            self._reported[part.fill_id] = part.quantity
            heard = HeardFill(fill_id=part.fill_id, quantity=part.quantity, price=part.price, at=part.at)
            self._entries.append(_Entry(heard, is_part=True))

    def note_reported(self, parts: Iterable[FillPart]) -> None:
        """Note that parts were reported: these contracts count before all others from now on."""
        for part in parts:
            self._reported[part.fill_id] = self._reported.get(part.fill_id, ZERO) + part.quantity

    def take(self, listed: Sequence[HeardFill], ordered: Decimal) -> bool:
        """Take the fills that one state of the order lists; return whether any is news.

        Parameters
        ----------
        ordered
            The contracts of the leg in the order.
        """
        by_id = {heard.fill_id: heard for heard in listed if heard.quantity > 0}
        self._part_those_listed_together(by_id.keys())
        unseen = [entry for entry in self._entries if not by_id.keys() & set(entry.ids)]
        seen: list[_Entry] = []
        news = False
        for heard in by_id.values():
            entry = next((item for item in self._entries if heard.fill_id in item.ids), None)
            if entry is None:
                entry = self._entry_of(heard, unseen, seen)
                if entry is None:
                    entry = _Entry(heard)
                    self._entries.append(entry)
                    news = True
            news = entry.learn(heard) or news
            seen.append(entry)
        if by_id:
            for entry in self._entries:
                entry.is_shown = entry in seen
        total = sum((entry.heard.quantity for entry in dict.fromkeys(seen)), ZERO)
        self._limit = max(self._limit, min(total, ordered) if ordered > 0 else total)
        return news

    def has(self, heard: HeardFill) -> bool:
        """Return whether a fill of a linked order is one of these: its id, or all of its terms to the instant."""
        return any(
            heard.fill_id in entry.ids
            or (heard.exec_id is not None and heard.exec_id == entry.heard.exec_id)
            or (entry.is_same(heard) and entry.heard.at == heard.at)
            for entry in self._entries
        )

    def counted(self) -> list[LegFill]:
        """Return the fills that count and whose price is known, in no order."""
        return [fill for fill, is_priced in self._within_limit() if is_priced]

    def unpriced(self) -> list[LegFill]:
        """Return the fills that count and whose price no state has said; they bear a price of zero."""
        return [fill for fill, is_priced in self._within_limit() if not is_priced]

    def doubts(self) -> list[str]:
        """Return, in words, fills of which the states of the order do not say whether they are others."""
        texts = [
            f"fill {other} of {self._symbol} is shown in place of {_words(entry.heard)}"
            for entry in self._entries
            for other in sorted(entry.doubts)
        ]
        counted = {fill.fill_id: fill.quantity for fill, _ in self._within_limit()}
        for entry in self._entries:
            more = entry.heard.quantity - counted.get(entry.fill_id, ZERO)
            if more > 0:
                texts.append(f"{_words(entry.heard)} of {self._symbol} is {more:f} beyond what one state lists")
        return texts

    def _entry_of(self, heard: HeardFill, unseen: list[_Entry], seen: Collection[_Entry]) -> _Entry | None:
        """Return the fill that a state lists under a new id; `None` where it is another one."""
        for entry in (*unseen, *seen):
            if entry.heard.exec_id is not None and entry.heard.exec_id == heard.exec_id:
                entry.ids.append(heard.fill_id)
                if entry in unseen:
                    unseen.remove(entry)
                return entry
        same = next((entry for entry in unseen if entry.is_same(heard)), None)
        if same is None:
            alike = [(likeness, entry) for entry in unseen if (likeness := entry.likeness(heard)) is not None]
            if not alike:
                return None
            _, same = min(alike, key=lambda item: item[0])
            same.doubts.add(heard.fill_id)
        same.ids.append(heard.fill_id)
        unseen.remove(same)
        return same

    def _part_those_listed_together(self, ids: Collection[str]) -> None:
        """Take ids from fills where a state lists two of them: they are two fills, unless the exchange's id is one."""
        for entry in self._entries:
            together = [fill_id for fill_id in entry.ids if fill_id in ids]
            for other in together[1:]:
                if entry.heard.exec_id is None:
                    entry.ids.remove(other)
                    entry.doubts.discard(other)

    def _within_limit(self) -> list[tuple[LegFill, bool]]:
        """Return what counts of each fill: what was reported, then the last state's, then the rest as heard of."""
        order = sorted(self._entries, key=lambda item: (item.fill_id not in self._reported, not item.is_shown))
        # First of each fill the contracts that were reported: one that grew since, because another of the same terms
        # was taken for it, would displace them, and be reported a second time in their place.
        counts = [min(entry.heard.quantity, self._reported.get(entry.fill_id, ZERO)) for entry in order]
        left = self._limit - sum(counts, ZERO)
        result: list[tuple[LegFill, bool]] = []
        for entry, reported in zip(order, counts, strict=True):
            heard = entry.heard
            more = min(heard.quantity - reported, max(left, ZERO))
            left -= more
            if reported + more <= 0:
                continue
            fill = LegFill(
                symbol=self._symbol,
                fill_id=entry.fill_id,
                quantity=reported + more,
                price=heard.price or ZERO,
                at=heard.at,
            )
            result.append((fill, heard.price is not None))
        return result


def _words(heard: HeardFill) -> str:
    price = "an unknown price" if heard.price is None else f"{heard.price:f}"
    return f"fill {heard.fill_id} ({heard.quantity:f} at {price}, {heard.at:%H:%M:%S})"
