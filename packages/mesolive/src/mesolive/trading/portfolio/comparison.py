"""Comparison of an account's books with what its broker holds, per contract."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from mesolive.market.contracts import OptionContract
from mesolive.venues.base import Execution

ZERO = Decimal(0)


class Comparison(Struct, frozen=True):
    """Broker and books at one moment.

    Attributes
    ----------
    at_broker, booked
        Signed contracts at the broker and in the books.
    foreign
        The broker's executions that no order of the server made, oldest first.
    """

    at: datetime
    at_broker: Mapping[OptionContract, Decimal]
    booked: Mapping[OptionContract, Decimal]
    foreign: tuple[Execution, ...] = ()

    @property
    def contracts(self) -> list[OptionContract]:
        """Every contract that one of both holds."""
        return sorted(self.at_broker.keys() | self.booked.keys(), key=str)

    def difference(self, contract: OptionContract) -> Decimal:
        """Return what the broker holds beyond the books, signed."""
        return self.at_broker.get(contract, ZERO) - self.booked.get(contract, ZERO)
