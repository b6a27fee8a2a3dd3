"""Cash dividends that options have before them: on which parts of their lives, and how much."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from mesolive.pricing.black import FloatArray


class CashDividends(Struct, frozen=True):
    """Cash dividends of some contracts; a row for each.

    Attributes
    ----------
    dates
        (N, D) when a dividend goes off the price, as parts of the contract's life, ascending, above 0 and below 1.
    amounts
        (N, D) in units of the underlying's price; zero where a contract has fewer than D.
    """

    dates: FloatArray
    amounts: FloatArray

    @classmethod
    def of(cls, rows: Sequence[Sequence[tuple[float, float]]], counts: Sequence[int] | None = None) -> CashDividends:
        """Lay out the dividends of contracts.

        Parameters
        ----------
        rows
            Of each contract the dividends within its life: part of the life, and amount; ascending.
        counts
            How many contracts each row stands for; by default one.
        """
        width = max((len(row) for row in rows), default=0)
        dates, amounts = np.zeros((len(rows), width)), np.zeros((len(rows), width))
        for place, row in enumerate(rows):
            known = len(row)
            last = row[-1][0] if row else 0.0
            dates[place, :known] = [date for date, _ in row]
            amounts[place, :known] = [amount for _, amount in row]
            # What is not paid is put between the last one and the end, where it changes nothing.
            dates[place, known:] = last + (1.0 - last) * np.arange(1, width - known + 1) / (width - known + 1)
        if counts is not None:
            dates, amounts = np.repeat(dates, counts, axis=0), np.repeat(amounts, counts, axis=0)
        return cls(dates, amounts)

    @property
    def paid(self) -> npt.NDArray[np.bool_]:
        """(N,) whether a contract has any."""
        return np.asarray(self.amounts.any(axis=1), dtype=np.bool_)

    def part(self, own: slice | npt.NDArray[np.intp]) -> CashDividends:
        """Return those of the contracts in a slice, or at some places."""
        return CashDividends(self.dates[own], self.amounts[own])

    def worth(self, interest: FloatArray) -> FloatArray:
        """Return (N,) what they are worth now.

        Parameters
        ----------
        interest
            (N,) ``r T`` of each contract.
        """
        return np.asarray((self.amounts * np.exp(-interest[:, None] * self.dates)).sum(axis=1), dtype=np.float64)

    def by_interest(self, interest: FloatArray) -> FloatArray:
        """Return (N,) by how much they are worth less now for each 1.00 of ``r T`` more."""
        discounted = self.amounts * np.exp(-interest[:, None] * self.dates)
        return np.asarray((self.dates * discounted).sum(axis=1), dtype=np.float64)
