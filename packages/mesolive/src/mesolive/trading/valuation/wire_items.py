"""Wire models of valuations, and stream items that are encoded once for all subscribers.

A snapshot is built from the wire's models with exact decimals. A stream item has the same content, but JSON is written
straight from the rounded floats: a decimal number of at most 15 digits and its nearest float have the same shortest
text. That spares the several hundred decimals of one item, which cost more than its whole valuation. Another encoding
(MessagePack) gets the models.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

import msgspec

from mesolive.trading.valuation.contract_greeks import GREEKS as GREEK_NAMES
from mesolive.trading.valuation.engine import Block, Valuation
from mesolive.trading.valuation.json_template import ItemTemplates, sound_json
from mesolive.trading.valuation.subjects import BASES, Subject
from mesolive_sdk import models
from signalr_asyncio import Shared

Fields = dict[str, Any]
"""The fields of an item or a snapshot by name."""


class Maker(Protocol):
    """Makes the values of an answer, models or their twins, out of the numbers of one element of a block."""

    def prices(self, time: datetime, block: Block, element: int) -> object:
        """Return an element's prices."""
        ...

    def greeks(self, time: datetime, block: Block, element: int) -> object:
        """Return an element's greeks."""
        ...

    def pnl(self, time: datetime, block: Block, element: int, realized: Decimal | None) -> object:
        """Return an element's PnL."""
        ...


def _decimal(number: float) -> Decimal | None:
    return None if number != number else Decimal(repr(number))  # noqa: PLR0124 - not a number


class ExactMaker:
    """Makes the wire's models."""

    def prices(self, time: datetime, block: Block, element: int) -> models.LivePrices:
        """Return an element's prices."""
        return models.LivePrices(
            **_four(time, block.price_ages, block.prices, element), Quality=_quality(block, element)
        )

    def greeks(self, time: datetime, block: Block, element: int) -> models.LiveGreeks:
        """Return an element's greeks."""
        values = [_greek_values(block.greeks[at : at + 7]) for at in range(28 * element, 28 * element + 28, 7)]
        return models.LiveGreeks(
            **_ages(time, block.greek_ages, element),
            **dict(zip(BASES, values, strict=True)),
            Quality=_quality(block, element),
        )

    def pnl(self, time: datetime, block: Block, element: int, realized: Decimal | None) -> models.LivePnL:
        """Return an element's PnL."""
        return models.LivePnL(
            **_four(time, block.pnl_ages, block.pnl, element), Realized=realized, Quality=_quality(block, element)
        )


QUALITIES = (None, models.QuoteQuality.Delayed, models.QuoteQuality.Frozen, models.QuoteQuality.Modelled)
"""The wire's qualities by the numbers of `mesolive.market.quality.QuoteQuality`; live is not stated."""


def _quality(block: Block, element: int) -> models.QuoteQuality | None:
    return None if block.qualities is None else QUALITIES[block.qualities[element]]


def _ages(time: datetime, ages: Sequence[int | None], element: int) -> Fields:
    at = 4 * element
    own = {f"{base}AgeMs": age for base, age in zip(BASES, ages[at : at + 4], strict=True)}
    return {"SnapshotTime": time} | own


def _four(time: datetime, ages: Sequence[int | None], numbers: Sequence[float], element: int) -> Fields:
    at = 4 * element
    own = {base: _decimal(number) for base, number in zip(BASES, numbers[at : at + 4], strict=True)}
    return _ages(time, ages, element) | own


def _greek_values(numbers: Sequence[float]) -> models.GreekValues | None:
    if numbers[0] != numbers[0]:
        return None
    return models.GreekValues(**{name: _decimal(number) for name, number in zip(GREEK_NAMES, numbers, strict=True)})


# The twins of the wire's models: the same field names, floats in place of decimals. JSON writes NaN as null.
class _Snapshot(msgspec.Struct, gc=False):
    SnapshotTime: Any
    BidAgeMs: int | None
    AskAgeMs: int | None
    LastAgeMs: int | None
    MarkAgeMs: int | None


class _Prices(_Snapshot, gc=False):
    Bid: float
    Ask: float
    Last: float
    Mark: float


class _PnL(_Snapshot, gc=False):
    Bid: float
    Ask: float
    Last: float
    Mark: float
    Realized: Decimal | None


# Where the quotes are not live, and only there, the JSON has a field more.
class _GradedPrices(_Prices, gc=False):
    Quality: str


class _GradedPnL(_PnL, gc=False):
    Quality: str


class _GreekValues(msgspec.Struct, gc=False):
    Delta: float
    Gamma: float
    Theta: float
    Vega: float
    WVega: float
    Rho: float
    IV: float


class _Greeks(_Snapshot, gc=False):
    Bid: _GreekValues | None
    Ask: _GreekValues | None
    Last: _GreekValues | None
    Mark: _GreekValues | None


class _GradedGreeks(_Greeks, gc=False):
    Quality: str


class _JsonMaker:
    """Makes the twins. Written out, because this is where most of an item's time goes."""

    def prices(self, time: datetime, block: Block, element: int) -> _Prices:
        at = 4 * element
        bid_age, ask_age, last_age, mark_age = block.price_ages[at : at + 4]
        bid, ask, last, mark = block.prices[at : at + 4]
        if block.qualities is not None and (quality := QUALITIES[block.qualities[element]]) is not None:
            return _GradedPrices(time, bid_age, ask_age, last_age, mark_age, bid, ask, last, mark, quality)
        return _Prices(time, bid_age, ask_age, last_age, mark_age, bid, ask, last, mark)

    def greeks(self, time: datetime, block: Block, element: int) -> _Greeks:
        at = 4 * element
        bid_age, ask_age, last_age, mark_age = block.greek_ages[at : at + 4]
        numbers, at = block.greeks, 28 * element
        values = (
            self._values(numbers[at : at + 7]),
            self._values(numbers[at + 7 : at + 14]),
            self._values(numbers[at + 14 : at + 21]),
            self._values(numbers[at + 21 : at + 28]),
        )
        if block.qualities is not None and (quality := QUALITIES[block.qualities[element]]) is not None:
            return _GradedGreeks(time, bid_age, ask_age, last_age, mark_age, *values, quality)
        return _Greeks(time, bid_age, ask_age, last_age, mark_age, *values)

    def pnl(self, time: datetime, block: Block, element: int, realized: Decimal | None) -> _PnL:
        at = 4 * element
        bid_age, ask_age, last_age, mark_age = block.pnl_ages[at : at + 4]
        bid, ask, last, mark = block.pnl[at : at + 4]
        if block.qualities is not None and (quality := QUALITIES[block.qualities[element]]) is not None:
            return _GradedPnL(time, bid_age, ask_age, last_age, mark_age, bid, ask, last, mark, realized, quality)
        return _PnL(time, bid_age, ask_age, last_age, mark_age, bid, ask, last, mark, realized)

    @staticmethod
    def _values(numbers: list[float]) -> _GreekValues | None:
        delta, gamma, theta, vega, weighted, rho, volatility = numbers
        # Without a delta (NaN is not equal to itself) there is no value at all.
        return _GreekValues(delta, gamma, theta, vega, weighted, rho, volatility) if delta == delta else None  # noqa: PLR0124


EXACT = ExactMaker()
_JSON = _JsonMaker()

Build = Callable[[Maker], Fields]
"""Makes the fields of an answer with a maker."""


def templates_of(subject: Subject, build: Callable[[Subject, Valuation], Build]) -> ItemTemplates:
    """Return what writes the JSON of a subject's items."""
    return ItemTemplates(subject, lambda subject, valuation: build(subject, valuation)(_JSON))


class LiveItem(Shared):
    """One item of a stream, built and encoded once however many subscribers get it.

    Parameters
    ----------
    build
        Makes the item's fields.
    type_
        The wire's model of the item.
    write
        Writes the item as sound JSON; by default from its fields.
    """

    __slots__ = ("_build", "_json", "_type", "_write")

    def __init__(self, build: Build, type_: type[msgspec.Struct], write: Callable[[], bytes] | None = None) -> None:
        self._build = build
        self._type = type_
        self._write = write
        self._json: bytes | None = None
        self.encoded: dict[Hashable, bytes] = {}

    def written(self, encoding: str) -> bytes | None:
        """Return the item as JSON, with whatever options it is asked for; it is written when it is first asked for."""
        if encoding != "json":
            return None
        if self._json is None:
            self._json = sound_json(self.plain()) if self._write is None else self._write()
        return self._json

    def plain(self) -> Fields:
        """Return what the JSON of the item is written from."""
        return self._build(_JSON)

    def __getattr__(self, name: str) -> msgspec.Struct:
        # `value` is not set until it is read: only encodings other than JSON read it.
        if name != "value":
            raise AttributeError(name)
        self.value = value = self._type(**self._build(EXACT))
        return value


# What is wanted of a block: bit 1 prices, 2 greeks, 4 PnL, as in `LiveDataInclude`.
PRICES, GREEKS, PNL = 1, 2, 4


def position_fields(subject: Subject, valuation: Valuation, position: int, legs: int, groups: int) -> Build:
    """Return what builds the fields of a position's item.

    `position`, `legs` and `groups` say which blocks are wanted of the whole, of its legs and of its leg groups.
    """

    def build(make: Maker) -> Fields:
        fields: Fields = {}
        time = valuation.now
        has_total = subject.total is not None
        if position:
            sums = valuation.segments if has_total else _NOTHING
            fields["PositionPrices"] = make.prices(time, sums, 0) if position & PRICES else None
            fields["PositionGreeks"] = make.greeks(time, sums, 0) if position & GREEKS else None
            fields["PositionPnLs"] = make.pnl(time, sums, 0, subject.realized) if position & PNL else None
        if legs:
            entries = [(entry.key, entry.realized) for entry in subject.entries]
            fields |= _by_key(make, time, valuation.entries, 0, entries, legs, "Leg")
        if groups:
            sums_of = [(key, segment.realized) for key, segment in subject.groups.items()]
            fields |= _by_key(make, time, valuation.segments, int(has_total), sums_of, groups, "LegGroup")
        return fields

    return build


def legs_fields(subject: Subject, valuation: Valuation, include: int) -> Build:
    """Return what builds the fields of an item of several legs."""

    def build(make: Maker) -> Fields:
        entries = [(entry.key, entry.realized) for entry in subject.entries]
        return _by_key(make, valuation.now, valuation.entries, 0, entries, include, "Leg")

    return build


def single_fields(subject: Subject, valuation: Valuation, include: int, *, pnl: bool) -> Build:
    """Return what builds the fields of an item of one leg or one contract; only legs have PnL."""
    realized = subject.entries[0].realized

    def build(make: Maker) -> Fields:
        fields: Fields = {
            "Prices": make.prices(valuation.now, valuation.entries, 0) if include & PRICES else None,
            "Greeks": make.greeks(valuation.now, valuation.entries, 0) if include & GREEKS else None,
        }
        if pnl:
            fields["PnL"] = make.pnl(valuation.now, valuation.entries, 0, realized) if include & PNL else None
        return fields

    return build


def underlying_fields(valuation: Valuation) -> Build:
    """Return what builds the fields of an underlying's item."""

    def build(make: Maker) -> Fields:
        return {"Prices": make.prices(valuation.now, valuation.entries, 0)}

    return build


def combo_fields(valuation: Valuation, include: int) -> Build:
    """Return what builds the fields of a combo's item."""

    def build(make: Maker) -> Fields:
        time, combo, single = valuation.now, valuation.segments, valuation.entries
        prices, greeks, each = bool(include & PRICES), bool(include & GREEKS), range(valuation.entries.size)
        return {
            "ComboPrices": make.prices(time, combo, 0) if prices else None,
            "ComboGreeks": make.greeks(time, combo, 0) if greeks else None,
            "ContractPrices": [make.prices(time, single, place) for place in each] if prices else None,
            "ContractGreeks": [make.greeks(time, single, place) for place in each] if greeks else None,
        }

    return build


def _by_key(
    make: Maker,
    time: datetime,
    block: Block,
    first: int,
    elements: Sequence[tuple[Hashable, Decimal | None]],
    include: int,
    name: str,
) -> Fields:
    """Return the three dictionaries of legs or leg groups, `None` for those that are not wanted.

    The elements stand in the block from `first` on.
    """
    numbered = list(enumerate(elements, first))
    prices, greeks, pnl = make.prices, make.greeks, make.pnl
    return {
        f"{name}Prices": {key: prices(time, block, at) for at, (key, _) in numbered} if include & PRICES else None,
        f"{name}Greeks": {key: greeks(time, block, at) for at, (key, _) in numbered} if include & GREEKS else None,
        f"{name}PnLs": {key: pnl(time, block, at, real) for at, (key, real) in numbered} if include & PNL else None,
    }


def empty_sum() -> Block:
    """Return the sum over no legs."""
    return _NOTHING


_NAN = float("nan")
# The sum over no legs: no price, no greeks, and of the PnL what was realised.
_NOTHING = Block(1, [_NAN] * 4, [None] * 4, [_NAN] * 28, [None] * 4, [_NAN] * 4, [None] * 4)
