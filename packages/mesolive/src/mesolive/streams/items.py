"""Valuations as the wire's models, and as items of streams that are encoded once for all subscribers.

A snapshot is built from the wire's models with exact decimals. A stream item says the same, but JSON is written
straight from the rounded floats: a decimal number of at most 15 digits and its nearest float have the same shortest
text. That spares the several hundred decimals of one item, which cost more than its whole valuation. Another encoding
(MessagePack) gets the models.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol, TypeVar

import msgspec

from mesolive.streams.subjects import Subject
from mesolive.streams.valuation import Block, Row, Valuation
from mesolive_sdk import models
from signalr_asyncio.protocol.messages import Shared

T = TypeVar("T")
Fields = dict[str, Any]
"""The fields of an item or a snapshot by name."""


class Maker(Protocol):
    """Makes the values of an answer, models or their twins, out of rows of numbers."""

    def prices(self, time: datetime, ages: Row, row: Row) -> object:
        """Return prices."""
        ...

    def greeks(self, time: datetime, ages: Row, rows: Sequence[Row]) -> object:
        """Return greeks."""
        ...

    def pnl(self, time: datetime, ages: Row, row: Row, realized: Decimal | None) -> object:
        """Return PnL."""
        ...


def _decimal(number: float) -> Decimal | None:
    return None if number != number else Decimal(repr(number))  # noqa: PLR0124 - not a number


class ExactMaker:
    """Makes the wire's models."""

    def prices(self, time: datetime, ages: Row, row: Row) -> models.LivePrices:
        """Return prices."""
        bid, ask, last, mark = map(_decimal, row)
        return models.LivePrices(
            SnapshotTime=time,
            BidAgeMs=ages[0],
            AskAgeMs=ages[1],
            LastAgeMs=ages[2],
            MarkAgeMs=ages[3],
            Bid=bid,
            Ask=ask,
            Last=last,
            Mark=mark,
        )

    def greeks(self, time: datetime, ages: Row, rows: Sequence[Row]) -> models.LiveGreeks:
        """Return greeks."""
        bid, ask, last, mark = map(_greek_values, rows)
        return models.LiveGreeks(
            SnapshotTime=time,
            BidAgeMs=ages[0],
            AskAgeMs=ages[1],
            LastAgeMs=ages[2],
            MarkAgeMs=ages[3],
            Bid=bid,
            Ask=ask,
            Last=last,
            Mark=mark,
        )

    def pnl(self, time: datetime, ages: Row, row: Row, realized: Decimal | None) -> models.LivePnL:
        """Return PnL."""
        bid, ask, last, mark = map(_decimal, row)
        return models.LivePnL(
            SnapshotTime=time,
            BidAgeMs=ages[0],
            AskAgeMs=ages[1],
            LastAgeMs=ages[2],
            MarkAgeMs=ages[3],
            Realized=realized,
            Bid=bid,
            Ask=ask,
            Last=last,
            Mark=mark,
        )


def _greek_values(row: Row) -> models.GreekValues | None:
    if row[0] != row[0]:
        return None
    delta, gamma, theta, vega, weighted, rho, volatility = map(_decimal, row)
    return models.GreekValues(Delta=delta, Gamma=gamma, Theta=theta, Vega=vega, WVega=weighted, Rho=rho, IV=volatility)


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


class _JsonMaker:
    """Makes the twins."""

    def prices(self, time: datetime, ages: Row, row: Row) -> _Prices:
        of_bid, of_ask, of_last, of_mark = ages
        bid, ask, last, mark = row
        return _Prices(time, of_bid, of_ask, of_last, of_mark, bid, ask, last, mark)

    def greeks(self, time: datetime, ages: Row, rows: Sequence[Row]) -> _Greeks:
        # A row without a delta (NaN is not equal to itself) is no value at all.
        bid, ask, last, mark = [_GreekValues(*row) if row[0] == row[0] else None for row in rows]
        of_bid, of_ask, of_last, of_mark = ages
        return _Greeks(time, of_bid, of_ask, of_last, of_mark, bid, ask, last, mark)

    def pnl(self, time: datetime, ages: Row, row: Row, realized: Decimal | None) -> _PnL:
        of_bid, of_ask, of_last, of_mark = ages
        bid, ask, last, mark = row
        return _PnL(time, of_bid, of_ask, of_last, of_mark, bid, ask, last, mark, realized)


EXACT = ExactMaker()
_JSON = _JsonMaker()
_encode = msgspec.json.Encoder(decimal_format="number").encode

Build = Callable[[Maker], Fields]
"""Makes the fields of an answer with a maker."""


class _Encodings(dict[Any, bytes]):
    """The encodings of an item; JSON, with whatever options, is written when it is first asked for."""

    __slots__ = ("_build", "_json")

    def __init__(self, build: Build) -> None:
        super().__init__()
        self._build = build
        self._json: bytes | None = None

    @property
    def json(self) -> bytes:
        if self._json is None:
            self._json = _encode(self._build(_JSON))
        return self._json

    def get(self, key: Any, default: Any = None) -> Any:  # noqa: ANN401 - as dict
        if key[0] == "json":
            return self.json
        return super().get(key, default)


class LiveItem(Shared):
    """One item of a stream, built and encoded once however many subscribers get it.

    Parameters
    ----------
    build
        Makes the item's fields.
    type_
        The wire's model of the item.
    """

    __slots__ = ("_build", "_type")

    def __init__(self, build: Build, type_: type[msgspec.Struct]) -> None:
        self._build = build
        self._type = type_
        self.encoded = _Encodings(build)

    def __getattr__(self, name: str) -> msgspec.Struct:
        # `value` is not set until somebody reads it: only encodings other than JSON do.
        if name != "value":
            raise AttributeError(name)
        self.value = value = self._type(**self._build(EXACT))
        return value


# What is wanted of a block: bit 1 prices, 2 greeks, 4 PnL, as in `LiveDataInclude`.
PRICES, GREEKS, PNL = 1, 2, 4


def position_fields(subject: Subject, found: Valuation, position: int, legs: int, groups: int) -> Build:
    """Return what builds the fields of a position's item.

    `position`, `legs` and `groups` say which blocks are wanted of the whole, of its legs and of its leg groups.
    """
    keys = [entry.key for entry in subject.entries]
    realized = [entry.realized for entry in subject.entries]
    group_keys = list(subject.groups)
    group_realized = [segment.realized for segment in subject.groups.values()]
    has_total = subject.total is not None
    of_groups = found.segments.part(int(has_total), len(subject.segments))

    def build(make: Maker) -> Fields:
        fields: Fields = {}
        time = found.now
        if position:
            sums = found.segments if has_total else _NOTHING
            fields.update(
                PositionPrices=_one(make.prices, time, sums.price_ages, sums.prices) if position & PRICES else None,
                PositionGreeks=_one(make.greeks, time, sums.greek_ages, sums.greeks) if position & GREEKS else None,
                PositionPnLs=make.pnl(time, sums.pnl_ages[0], sums.pnl[0], subject.realized)
                if position & PNL
                else None,
            )
        if legs:
            fields.update(leg_blocks(make, time, found.entries, keys, realized, legs, "Leg"))
        if groups:
            fields.update(leg_blocks(make, time, of_groups, group_keys, group_realized, groups, "LegGroup"))
        return fields

    return build


def legs_fields(subject: Subject, found: Valuation, include: int) -> Build:
    """Return what builds the fields of an item of several legs."""
    keys = [entry.key for entry in subject.entries]
    realized = [entry.realized for entry in subject.entries]

    def build(make: Maker) -> Fields:
        return leg_blocks(make, found.now, found.entries, keys, realized, include, "Leg")

    return build


def single_fields(subject: Subject, found: Valuation, include: int, *, pnl: bool) -> Build:
    """Return what builds the fields of an item of one leg or one contract; only legs have PnL."""
    realized = subject.entries[0].realized

    def build(make: Maker) -> Fields:
        block, time = found.entries, found.now
        fields: Fields = {
            "Prices": _one(make.prices, time, block.price_ages, block.prices) if include & PRICES else None,
            "Greeks": _one(make.greeks, time, block.greek_ages, block.greeks) if include & GREEKS else None,
        }
        if pnl:
            fields["PnL"] = make.pnl(time, block.pnl_ages[0], block.pnl[0], realized) if include & PNL else None
        return fields

    return build


def underlying_fields(found: Valuation) -> Build:
    """Return what builds the fields of an underlying's item."""

    def build(make: Maker) -> Fields:
        return {"Prices": _one(make.prices, found.now, found.entries.price_ages, found.entries.prices)}

    return build


def combo_fields(found: Valuation, include: int) -> Build:
    """Return what builds the fields of a combo's item."""

    def build(make: Maker) -> Fields:
        time, combo, single = found.now, found.segments, found.entries
        prices, greeks = bool(include & PRICES), bool(include & GREEKS)
        return {
            "ComboPrices": _one(make.prices, time, combo.price_ages, combo.prices) if prices else None,
            "ComboGreeks": _one(make.greeks, time, combo.greek_ages, combo.greeks) if greeks else None,
            "ContractPrices": _each(make.prices, time, single.price_ages, single.prices) if prices else None,
            "ContractGreeks": _each(make.greeks, time, single.greek_ages, single.greeks) if greeks else None,
        }

    return build


def leg_blocks(
    make: Maker,
    time: datetime,
    block: Block,
    keys: Sequence[Hashable],
    realized: Sequence[Decimal | None],
    include: int,
    name: str,
) -> Fields:
    """Return the three dictionaries of legs or leg groups, `None` for those that are not wanted."""
    pnl = make.pnl
    return {
        f"{name}Prices": (
            dict(zip(keys, _each(make.prices, time, block.price_ages, block.prices), strict=True))
            if include & PRICES
            else None
        ),
        f"{name}Greeks": (
            dict(zip(keys, _each(make.greeks, time, block.greek_ages, block.greeks), strict=True))
            if include & GREEKS
            else None
        ),
        f"{name}PnLs": (
            {
                key: pnl(time, ages, row, real)
                for key, ages, row, real in zip(keys, block.pnl_ages, block.pnl, realized, strict=True)
            }
            if include & PNL
            else None
        ),
    }


_NO_ROW: Row = [float("nan")] * 4
_NO_AGES: Row = [None] * 4
# The sum over no legs: no price, no greeks, and of the PnL what was realised.
_NOTHING = Block([_NO_ROW], [_NO_AGES], [[[float("nan")] * 7] * 4], [_NO_AGES], [_NO_ROW], [_NO_AGES])


def _one(make: Callable[[datetime, Row, Any], T], time: datetime, ages: Sequence[Row], rows: Sequence[Any]) -> T:
    return make(time, ages[0], rows[0])


def _each(make: Callable[[datetime, Row, Any], T], time: datetime, ages: Sequence[Row], rows: Sequence[Any]) -> list[T]:
    return [make(time, age, row) for age, row in zip(ages, rows, strict=True)]
