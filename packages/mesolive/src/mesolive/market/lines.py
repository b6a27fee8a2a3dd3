"""Allocation of a provider's market data lines: pinned contracts first, a rolling window for the rest. Pure.

Brokers quote a limited number of contracts at a time (100 at Interactive Brokers, shared by all programs of a login),
and a chain has thousands. Pinned contracts keep their line: what is held, ordered, being prepared, or watched. Lines
that are left roll: each takes one quote of one contract, is released when the quote has come, and goes on to the next.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from mesolive.market.contracts import OptionContract

PATIENCE: Final = timedelta(seconds=3)
"""For how long a rolling line waits for a contract that may have no quote at all."""
PINNED_SHARE: Final = 0.6
"""The part of a second's requests that rolling lines leave to pinned ones."""
FEW_LINES: Final = 10
"""When fewer lines than this roll, the model of the rest is poor, and the trader is warned."""


class LinePriority(enum.IntEnum):
    """Why a contract has a line; the lower number gets one first."""

    PREPARED = 0
    """A preparation waits for its quote."""
    ORDERED = 1
    """It is part of a working order."""
    HELD = 2
    """It is part of an open position."""
    WATCHED = 3
    """A stream shows it."""


class LineUse(Struct, frozen=True):
    """How the lines of a provider are used.

    Attributes
    ----------
    lines
        How many there are.
    pinned
        How many contracts are pinned.
    without
        Pinned contracts for which there is no line, the most urgent first.
    """

    lines: int
    pinned: int
    without: Sequence[OptionContract]

    @property
    def message(self) -> str:
        """One line for the trader; empty while there are enough lines."""
        if self.without:
            return (
                f"{self.pinned} contracts are held, ordered, prepared or watched, and there are {self.lines} market "
                f"data lines: {len(self.without)} have no quotes, {self.without[0].symbol} first"
            )
        if self.lines - self.pinned < FEW_LINES:
            return (
                f"{self.pinned} of {self.lines} market data lines are pinned: "
                f"{self.lines - self.pinned} are left to quote the rest of the chain"
            )
        return ""


class LineChanges(Struct, frozen=True):
    """What a provider does next, `stop` before `start`."""

    stop: Sequence[OptionContract] = ()
    start: Sequence[OptionContract] = ()


@dataclass(slots=True)
class _Line:
    since: datetime
    answered: bool = False


@dataclass(slots=True)
class _Pin:
    priority: LinePriority
    number: int


@dataclass(slots=True)
class LineAllocator:
    """Decides which contracts have a line.

    Parameters
    ----------
    lines
        How many contracts may be quoted at a time.
    starts_per_second
        How many lines may be started per second of market time: brokers limit requests.
    patience
        For how long a rolling line waits for its first quote.
    max_waiting
        How many rolling lines may wait for their first quote at a time: a pinned contract waits behind them where the
        provider sends first quotes one after another. `None` for any number.
    """

    lines: int
    starts_per_second: float
    patience: timedelta = PATIENCE
    max_waiting: int | None = None
    _active: dict[OptionContract, _Line] = field(default_factory=dict[OptionContract, _Line], init=False)
    _pins: dict[OptionContract, _Pin] = field(default_factory=dict[OptionContract, _Pin], init=False)
    _pinned: int = field(default=0, init=False)
    _allowance: float = field(default=0.0, init=False)
    _seen: datetime | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        if self.lines < 1:
            raise ValueError(f"lines: expected 1 or more, got {self.lines}")
        if not self.starts_per_second > 0:
            raise ValueError(f"starts_per_second: expected more than 0, got {self.starts_per_second}")

    @property
    def active(self) -> Collection[OptionContract]:
        """The contracts that have a line."""
        return self._active.keys()

    @property
    def pinned(self) -> Mapping[OptionContract, LinePriority]:
        """The pinned contracts."""
        return {contract: pin.priority for contract, pin in self._pins.items()}

    @property
    def use(self) -> LineUse:
        """How the lines are used."""
        without = [contract for contract in self._in_order() if contract not in self._active]
        return LineUse(self.lines, len(self._pins), without if len(self._pins) > self.lines else ())

    def pin(self, contracts: Iterable[OptionContract], priority: LinePriority) -> None:
        """Keep a line for contracts; those that are pinned take the new priority."""
        for contract in contracts:
            pin = self._pins.get(contract)
            if pin is None:
                self._pinned += 1
                self._pins[contract] = _Pin(priority, self._pinned)
            else:
                pin.priority = priority

    def unpin(self, contracts: Iterable[OptionContract]) -> None:
        """Let the lines of contracts roll on."""
        for contract in contracts:
            self._pins.pop(contract, None)

    def answered(self, contract: OptionContract) -> None:
        """Note that a contract's quote has come, or that the provider said that it has none."""
        line = self._active.get(contract)
        if line is not None:
            line.answered = True

    def drop(self, contracts: Iterable[OptionContract]) -> None:
        """Record that lines have ended: the connection was lost, or the provider refused them."""
        for contract in contracts:
            self._active.pop(contract, None)

    def retain(self, listed: Callable[[OptionContract], bool]) -> None:
        """Forget lines and pins of contracts that are not listed any more."""
        for known in (self._active, self._pins):
            for contract in [contract for contract in known if not listed(contract)]:
                del known[contract]

    def advance(self, now: datetime, by_interest: Callable[[int], Iterable[OptionContract]]) -> LineChanges:
        """Return which lines to stop and which to start, and take them as done.

        Parameters
        ----------
        now
            Market time.
        by_interest
            Returns up to so many contracts whose quotes are wanted most, apart from those that have a line.
        """
        allowed = self._starts_allowed(now)
        keep = self._in_order()[: self.lines]
        keep_set = set(keep)
        stopping = [
            contract
            for contract, line in self._active.items()
            if contract not in keep_set
            and (contract in self._pins or line.answered or now - line.since >= self.patience)
        ]
        for contract in stopping:
            del self._active[contract]
        missing = [contract for contract in keep if contract not in self._active][:allowed]
        # A rolling line gives way to a pinned contract before its quote has come.
        excess = len(self._active) + len(missing) - self.lines
        if excess > 0:
            rolling = [contract for contract in self._active if contract not in keep_set][:excess]
            for contract in rolling:
                del self._active[contract]
            stopping += rolling
        starting = list(missing)
        free = self.lines - len(self._active) - len(starting)
        if self.max_waiting is not None:
            waiting = sum(not line.answered for contract, line in self._active.items() if contract not in keep_set)
            free = min(free, self.max_waiting - waiting)
        # A part of the requests is kept back, so that the contracts of a preparation are all started at once.
        free = min(free, int(self._allowance - len(starting) - PINNED_SHARE * self.starts_per_second + 1e-9))
        if free > 0 and len(missing) == sum(contract not in self._active for contract in keep):
            starting += [
                contract for contract in by_interest(free) if contract not in self._active and contract not in keep_set
            ][:free]
        for contract in starting:
            self._active[contract] = _Line(now)
        self._allowance -= len(starting)
        return LineChanges(stopping, starting)

    def _starts_allowed(self, now: datetime) -> int:
        """Return how many lines may be started now: the allowance of the time gone by, at most that of a second."""
        if self._seen is not None:
            self._allowance += max((now - self._seen).total_seconds(), 0.0) * self.starts_per_second
        else:
            self._allowance = self.starts_per_second
        self._seen = now
        self._allowance = min(self._allowance, max(self.starts_per_second, 1.0))
        return int(self._allowance + 1e-9)

    def _in_order(self) -> list[OptionContract]:
        """Return the pinned contracts, the most urgent first; of equal ones the longest pinned."""
        return sorted(self._pins, key=lambda contract: (self._pins[contract].priority, self._pins[contract].number))
