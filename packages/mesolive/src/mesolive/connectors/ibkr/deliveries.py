"""Delivery of shares and futures: which options that are gone explain how the position in their underlying moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations
from typing import Final

from mesolive.market.contracts import OptionContract, Right
from mesolive.market.option_classes import Delivery, option_class

MAX_CONTRACTS: Final = 12
"""Of how many contracts of one underlying every combination is tried: 4,096."""


@dataclass(frozen=True, slots=True)
class GoneOption:
    """Options of one contract that have left the account's positions.

    Attributes
    ----------
    change
        Signed contracts: minus what was held and is not any more.
    """

    con_id: int
    contract: OptionContract
    change: Decimal

    @property
    def units(self) -> Decimal:
        """How the position in the underlying moves when all of them are exercised or assigned."""
        each = self.contract.multiplier if option_class(self.contract.root).delivery is Delivery.SHARES else Decimal(1)
        return -self.change * (each if self.contract.right is Right.CALL else -each)


def exercised(gone: Sequence[GoneOption], moved: Decimal, likely: Mapping[int, bool]) -> frozenset[int] | None:
    """Return the conIds of the options that were exercised or assigned, or `None` where that is ambiguous.

    Parameters
    ----------
    gone
        Options on one underlying.
    moved
        Signed shares, or futures, by which the position in the underlying has changed.
    likely
        By conId: whether it was in the money, as far as that is known. The set of all of those comes first; it also
        explains two strikes whose shares cancel each other.
    """
    by_price = frozenset(item.con_id for item in gone if likely.get(item.con_id))
    if sum((item.units for item in gone if item.con_id in by_price), Decimal(0)) == moved:
        return by_price
    if len(gone) > MAX_CONTRACTS:
        return None
    matches = [
        frozenset(item.con_id for item in chosen)
        for size in range(len(gone) + 1)
        for chosen in combinations(gone, size)
        if sum((item.units for item in chosen), Decimal(0)) == moved
    ]
    return matches[0] if len(matches) == 1 else None
