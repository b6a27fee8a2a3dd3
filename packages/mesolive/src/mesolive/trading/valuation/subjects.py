"""Valuation subjects: contracts of a position, a leg or a combo, with quantities and costs, as plain values.

A `Subject` is a list of `Entry`s (each one contract with a quantity) and of `Segment`s (sums over entries: the
position, a leg group, a combo). How they are valued is `mesolive.trading.valuation.engine`.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from mesolive.market.contracts import OptionContract
from mesolive.trading.portfolio.accounting import combos_of
from mesolive_sdk.models import DataProviderType

BASES = ("Bid", "Ask", "Last", "Mark")
ALL_BASES = 15

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
BoolArray = npt.NDArray[np.bool_]

ZERO = Decimal(0)


class Spot(Struct, frozen=True):
    """The underlying itself, where a contract may stand: it has prices and no greeks."""

    underlying: str
    multiplier: Decimal = Decimal(1)


Instrument = OptionContract | Spot


class Entry(Struct, frozen=True):
    """One contract, or the underlying, with a quantity.

    Attributes
    ----------
    key
        Key of the entry in the answer: a leg id, a leg name, a place in a combo.
    qty
        Signed contracts that are held.
    marker
        Whether it is a marker leg: it is valued as one long contract and belongs to no sum. By default an entry whose
        quantity is 0 is one.
    cost
        Exact net amount paid for what is held, commission included (negative for a credit); for a marker leg the amount
        that one contract would have cost at its selection. `None` where there is no entry, and so no PnL.
    realized
        What closed quantities have brought.
    group
        Leg group; 0 is none.
    provider
        Whose quotes value it; `None` for the provider that serves the underlying.
    """

    key: Hashable
    contract: Instrument
    qty: Decimal
    cost: Decimal | None = None
    realized: Decimal = ZERO
    group: int = 0
    marker: bool | None = None
    provider: DataProviderType | None = None

    @property
    def is_marker(self) -> bool:
        """Whether the entry is valued as one long contract."""
        return self.qty == 0 if self.marker is None else self.marker


class Segment(Struct, frozen=True):
    """A sum over entries.

    Attributes
    ----------
    members
        Places of the entries in the subject; never empty.
    ratios
        Signed contracts of each member in what one price means: one combo of a leg group, the whole of a position.
    quantities
        Signed contracts of each member in what greeks and PnL mean; 0 for marker legs.
    realized
        What closed quantities have brought.
    """

    members: tuple[int, ...]
    ratios: tuple[Decimal, ...]
    quantities: tuple[Decimal, ...]
    realized: Decimal | None = None


@dataclass(frozen=True)
class Subject:
    """What one stream or snapshot values; immutable.

    Attributes
    ----------
    entries
        In the order of the answer.
    total
        The sum over all entries, where the subject has one and holds any entry.
    groups
        The sums over leg groups by group id.
    realized
        The subject's realised PnL, closed legs included.
    """

    entries: tuple[Entry, ...] = ()
    total: Segment | None = None
    groups: Mapping[int, Segment] = field(default_factory=dict[int, Segment])
    realized: Decimal | None = None

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """The sums in the order of their values: the total first, then the groups."""
        return ((self.total,) if self.total is not None else ()) + tuple(self.groups.values())

    @cached_property
    def arrays(self) -> SubjectArrays:
        """The numbers of the subject, ready for vectorised valuation."""
        return SubjectArrays.of(self)


class SubjectArrays(Struct, frozen=True):
    """A subject in numbers: E entries, K segments with M members together."""

    factor: FloatArray  # (E,) what published greeks are multiplied by
    cost: FloatArray  # (E,) NaN where there is none
    member: IntArray  # (M,) place of the entry
    start: IntArray  # (K,) where a segment's members begin
    ratio: FloatArray  # (M,) for prices
    weight: FloatArray  # (M,) quantity * multiplier, for greeks and PnL

    @classmethod
    def of(cls, subject: Subject) -> SubjectArrays:
        """Return the numbers of a subject."""
        entries, segments = subject.entries, subject.segments
        multiplier = [float(entry.contract.multiplier) for entry in entries]
        sizes = [len(segment.members) for segment in segments]
        members = [member for segment in segments for member in segment.members]
        quantities = [float(qty) for segment in segments for qty in segment.quantities]
        return cls(
            factor=np.array(
                [m * (1.0 if e.is_marker else float(e.qty)) for e, m in zip(entries, multiplier, strict=True)]
            ),
            cost=np.array([np.nan if entry.cost is None else float(entry.cost) for entry in entries]),
            member=np.array(members, dtype=np.intp),
            start=np.cumsum([0, *sizes[:-1]], dtype=np.intp)[: len(sizes)],
            ratio=np.array([float(ratio) for segment in segments for ratio in segment.ratios]),
            weight=np.array([qty * multiplier[member] for qty, member in zip(quantities, members, strict=True)]),
        )


def of_legs(
    entries: Sequence[Entry], *, realized: Decimal | None = None, closed: Mapping[int, Decimal] | None = None
) -> Subject:
    """Return the subject of a position: its legs, their sum, and the sum of each leg group.

    Parameters
    ----------
    entries
        The open legs; marker legs take part alone, not in sums.
    realized
        What the position has realised, closed legs included.
    closed
        What the closed legs of each group have realised; a group with no open leg has no sum.
    """
    groups: dict[int, list[int]] = {}
    for place, entry in enumerate(entries):
        if entry.group:
            groups.setdefault(entry.group, []).append(place)
    return Subject(
        entries=tuple(entries),
        total=_segment(entries, range(len(entries)), realized=realized, per_combo=False) if entries else None,
        groups={
            group: _segment(
                entries,
                members,
                realized=sum((entries[place].realized for place in members), (closed or {}).get(group, ZERO)),
                per_combo=True,
            )
            for group, members in sorted(groups.items())
        },
        realized=realized,
    )


def of_combo(contracts: Sequence[tuple[OptionContract, Decimal]]) -> Subject:
    """Return the subject of a combo: its contracts singly, and their sum by signed ratios."""
    ratios = tuple(ratio for _, ratio in contracts)
    return Subject(
        entries=tuple(Entry(place, contract, Decimal(1)) for place, (contract, _) in enumerate(contracts)),
        total=Segment(tuple(range(len(ratios))), ratios, ratios) if ratios else None,
    )


def _segment(entries: Sequence[Entry], members: Sequence[int], *, realized: Decimal | None, per_combo: bool) -> Segment:
    quantities = tuple(entries[place].qty for place in members)
    # A group of marker legs makes no combos: its ratios are 0 all the same.
    combos = (combos_of(quantities) or Decimal(1)) if per_combo else Decimal(1)
    return Segment(tuple(members), tuple(qty / combos for qty in quantities), quantities, realized)
