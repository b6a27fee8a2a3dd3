"""Comparison of an account's books with what its broker holds, per contract."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from mesolive.market.contracts import OptionContract
from mesolive.venues.base import Execution

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Broker and books at one moment.

    Attributes
    ----------
    held, booked
        Signed contracts at the broker and in the books.
    foreign
        The broker's executions that no order of the server made, oldest first.
    """

    at: datetime
    held: Mapping[OptionContract, Decimal]
    booked: Mapping[OptionContract, Decimal]
    foreign: tuple[Execution, ...] = ()

    @property
    def contracts(self) -> list[OptionContract]:
        """Every contract that one of both holds."""
        return sorted(self.held.keys() | self.booked.keys(), key=str)

    def difference(self, contract: OptionContract) -> Decimal:
        """Return what the broker holds beyond the books, signed."""
        return self.held.get(contract, ZERO) - self.booked.get(contract, ZERO)
