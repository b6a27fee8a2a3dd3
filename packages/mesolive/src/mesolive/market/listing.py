"""Contract listing of one underlying: all contracts in one fixed order that arrays are aligned with."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mesolive.market.contracts import Expiration, OptionContract, Right, Underlying
from mesolive.market.view import FloatArray
from mesolive_sdk.ticks import tick_of

IntArray: TypeAlias = npt.NDArray[np.intp]

RIGHTS = (Right.CALL, Right.PUT)


def _order(expiration: Expiration) -> tuple[datetime, str, date]:
    return expiration.settles_at, expiration.root, expiration.day


class Listing:
    """All contracts on one underlying, ordered by expiration (settlement instant, then root), right and strike.

    The position of a contract in this order is its index in every array of the book. Contracts of one expiration are
    contiguous: its calls, then its puts, strikes ascending. A listing never changes; a new one takes its place.

    Parameters
    ----------
    underlying
        What the contracts are written on.
    strikes
        The strikes listed per expiration and right, in any order, each greater than zero; duplicates count once.
    unread
        Expirations that the exchange lists and whose contracts are not known yet, in any order.

    Attributes
    ----------
    expirations
        All expirations, by settlement instant, then root.
    unread
        Those whose contracts are not known yet, in the same order; no expiration is in both.
    strikes
        The strikes as floats, one per contract.
    is_call
        True where the contract is a call.
    partner
        Index of the contract of the other right with the same strike and expiration; -1 where there is none.
    ticks
        The smallest step of each contract's price, that of cheap ones.
    bounds
        Per expiration: the index of its first call, of its first put, and the one behind its last put.
    """

    def __init__(
        self,
        underlying: Underlying,
        strikes: Mapping[Expiration, Mapping[Right, Iterable[Decimal]]],
        unread: Iterable[Expiration] = (),
    ) -> None:
        self.underlying = underlying
        self.expirations: Sequence[Expiration] = tuple(sorted(strikes, key=_order))
        self.unread: Sequence[Expiration] = tuple(sorted(set(unread) - set(strikes), key=_order))
        self._spans: dict[tuple[str, date, Right], tuple[int, int]] = {}
        self._exact: list[Decimal] = []
        self.bounds: Sequence[tuple[int, int, int]] = ()
        calls: list[bool] = []
        bounds: list[tuple[int, int, int]] = []
        for expiration in self.expirations:
            edges = [len(self._exact)]
            for right in RIGHTS:
                listed = sorted(set(strikes[expiration].get(right, ())))
                if listed and not listed[0] > 0:
                    raise ValueError(f"a strike of {expiration.root} {expiration.day} is not greater than zero")
                key = (expiration.root, expiration.day, right)
                if key in self._spans:
                    raise ValueError(f"{expiration.root} {expiration.day} is listed twice")
                self._spans[key] = (edges[-1], edges[-1] + len(listed))
                self._exact.extend(listed)
                calls.extend([right is Right.CALL] * len(listed))
                edges.append(len(self._exact))
            bounds.append((edges[0], edges[1], edges[2]))
        self.bounds = tuple(bounds)
        self._starts = np.array([start for start, _, _ in bounds], dtype=np.intp)
        self.strikes: FloatArray = np.array([float(strike) for strike in self._exact], dtype=np.float64)
        self.is_call = np.array(calls, dtype=np.bool_)
        steps = [float(tick_of([expiration.root], Decimal(0))) for expiration in self.expirations]
        self.ticks: FloatArray = np.repeat(steps, [end - start for start, _, end in self.bounds]).astype(np.float64)
        self.ticks.flags.writeable = False
        self.strikes.flags.writeable = False
        self.is_call.flags.writeable = False
        self.partner = self._match_rights()
        self._pairs: dict[int, tuple[IntArray, IntArray]] = {}
        self._positions = {
            (expiration.root, expiration.day): position for position, expiration in enumerate(self.expirations)
        }

    @property
    def size(self) -> int:
        """How many contracts are listed."""
        return len(self._exact)

    def __len__(self) -> int:
        return len(self._exact)

    def pairs(self, position: int) -> tuple[IntArray, IntArray]:
        """Return the indices of an expiration's calls that have a put at the same strike, and of those puts."""
        known = self._pairs.get(position)
        if known is None:
            start, middle, _ = self.bounds[position]
            calls = start + np.flatnonzero(self.partner[start:middle] >= 0)
            known = self._pairs[position] = calls, self.partner[calls]
        return known

    def places(self, positions: Sequence[int]) -> slice | IntArray:
        """Return where the contracts of some expirations stand, one expiration after the other.

        Parameters
        ----------
        positions
            Ascending; one at least.
        """
        if positions[-1] - positions[0] + 1 == len(positions):
            return slice(self.bounds[positions[0]][0], self.bounds[positions[-1]][2])
        bounds = [self.bounds[position] for position in positions]
        return np.concatenate([np.arange(start, end) for start, _, end in bounds])

    def positions_of(self, indices: IntArray) -> IntArray:
        """Return the positions of the expirations of contracts."""
        return np.searchsorted(self._starts, indices, side="right") - 1

    def _match_rights(self) -> IntArray:
        partner = np.full(len(self._exact), -1, dtype=np.intp)
        for start, middle, end in self.bounds:
            _, calls, puts = np.intersect1d(
                self.strikes[start:middle], self.strikes[middle:end], assume_unique=True, return_indices=True
            )
            partner[start + calls] = middle + puts
            partner[middle + puts] = start + calls
        partner.flags.writeable = False
        return partner

    def span(self, root: str, day: date, right: Right) -> tuple[int, int] | None:
        """Return the first index and the one behind the last of a slice, or `None` when nothing is listed there."""
        span = self._spans.get((root, day, right))
        return span if span is not None and span[0] < span[1] else None

    def position(self, root: str, day: date) -> int | None:
        """Return the index of an expiration in `expirations`."""
        return self._positions.get((root, day))

    def first_alive(self, moment: datetime) -> int:
        """Return the position of the first expiration that settles after `moment`."""
        return bisect.bisect_right(self.expirations, moment, key=lambda expiration: expiration.settles_at)

    def strike(self, index: int) -> Decimal:
        """Return the exact strike of the contract at `index`."""
        return self._exact[index]

    def contract(self, index: int) -> OptionContract:
        """Return the contract at `index`."""
        position = bisect.bisect_right(self.bounds, index, key=lambda bound: bound[0]) - 1
        expiration = self.expirations[position]
        return OptionContract(
            underlying=self.underlying.symbol,
            root=expiration.root,
            day=expiration.day,
            right=Right.CALL if index < self.bounds[position][1] else Right.PUT,
            strike=self._exact[index],
            multiplier=expiration.multiplier,
        )

    def find(self, contract: OptionContract) -> int | None:
        """Return the index of `contract`, or `None` when it is not listed (another multiplier is another contract)."""
        if contract.underlying != self.underlying.symbol:
            return None
        position = self._positions.get((contract.root, contract.day))
        span = self.span(contract.root, contract.day, contract.right)
        if position is None or span is None or self.expirations[position].multiplier != contract.multiplier:
            return None
        return self.find_strike(span, contract.strike)

    def find_strike(self, span: tuple[int, int], strike: Decimal) -> int | None:
        """Return the index of `strike` within a slice's span, or `None` when it is not listed."""
        first, end = span
        index = bisect.bisect_left(self._exact, strike, first, end)
        return index if index < end and self._exact[index] == strike else None
