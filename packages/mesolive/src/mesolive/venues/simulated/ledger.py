"""Ledger of the simulated venue: an append-only file of records, separate from the server's database.

Every record is written before it takes effect or is reported (write-ahead), so that the venue outlives the server's
process like a real one. A line that a crash truncated is ignored. On opening, the file is compacted: orders that ended
long ago are dropped.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from io import BufferedWriter, TextIOWrapper
from pathlib import Path

import msgspec

from mesolive.market.contracts import OptionContract
from mesolive.venues.base import Ending, Execution, OrderStatus, SettlementFact, VenueOrder, VenueRequest

try:
    import fcntl
except ImportError:  # not a POSIX system: there the file is not guarded
    fcntl = None

ZERO = Decimal(0)
NUMBERS_RESERVED = 100
"""How many numbers are noted as given out at once: a note for each would be a line and a write more for each order."""

MAX_ENDED = 10_000
"""How many ended orders are kept, and how many settlements, the latest; what they did stays in the positions."""


class VenueMemoryError(Exception):
    """The ledger file is unusable; the text names it and gives the reason, in one line."""


class Placed(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """An order was taken."""

    request: VenueRequest
    venue_id: str
    at: datetime
    ours: bool = True


class Filled(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A fill happened."""

    execution: Execution


class Stopped(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """An order ended otherwise."""

    reference: str
    how: Ending
    at: datetime
    reason: str = ""


class Triggered(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A stop order's price was reached."""

    reference: str


class Gone(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Contracts expired or were exercised early."""

    fact: SettlementFact


class Carried(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What older records, now left out, had made of a position."""

    account: str
    contract: OptionContract
    qty: Decimal


class Counted(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Numbers up to this one may have been given out."""

    number: int


Record = Placed | Filled | Stopped | Triggered | Gone | Carried | Counted

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Record)


class WorkingOrder:
    """An order at the venue, working or ended."""

    def __init__(self, placed: Placed) -> None:
        self.placed = placed
        self.request = placed.request
        self.venue_id = placed.venue_id
        self.status = OrderStatus.WORKING
        self.filled = ZERO
        self.at = placed.at
        self.reason = ""
        self.triggered = False

    @property
    def remaining(self) -> Decimal:
        """Combos not yet filled."""
        return self.request.qty - self.filled

    @property
    def shown(self) -> VenueOrder:
        """The order as the venue's list shows it."""
        return VenueOrder(
            account=self.request.account,
            reference=self.request.reference if self.placed.ours else None,
            venue_id=self.venue_id,
            status=self.status,
            qty=self.request.qty,
            filled=self.filled,
            at=self.at,
            reason=self.reason,
        )


class VenueLedger:
    """The venue's orders, fills, settlements and positions.

    Parameters
    ----------
    path
        The file; `None` keeps them in memory only.

    Attributes
    ----------
    changes
        How often an order began or ceased to work.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.orders: dict[str, WorkingOrder] = {}
        self.working: dict[str, WorkingOrder] = {}
        self.changes = 0
        self.executions: list[Execution] = []
        self.settlements: list[SettlementFact] = []
        self.positions: dict[tuple[str, OptionContract], Decimal] = {}
        self._names: dict[str, str] = {}
        self._number = 0
        self._reserved = 0
        self._opening = ""
        self._path = path
        self._file: BufferedWriter | None = None
        self._lock: TextIOWrapper | None = None

    def open(self) -> None:
        """Read what is remembered, and begin to write; nothing happens when it is open already.

        Raises
        ------
        VenueMemoryError
            When another process has the file, when it cannot be written, or when a line of it cannot be read.
        """
        if self._path is None or self._file is not None:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = _locked(self._path)
            if self._path.exists():
                for record in _read(self._path):
                    self._apply(record)
            self._file = self._rewritten(self._path)
            # The file, or its last lines, may be lost: what its numbers named before must not be named so again.
            self._opening = f"-{secrets.token_hex(4)}"
        except OSError as error:
            self.close()
            raise VenueMemoryError(f"{self._path} cannot be used: {error.strerror or error}") from None
        except BaseException:
            self.close()
            raise

    def _rewritten(self, path: Path) -> BufferedWriter:
        """Write the file anew, without what need not be kept, and return it open for more."""
        fresh = path.with_suffix(".new")
        with fresh.open("wb") as file:
            for record in self._retained():
                file.write(_encoder.encode(record) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        path.chmod(0o600)
        return path.open("ab")

    def close(self) -> None:
        """Close the file, and let others have it."""
        if self._file is not None:
            self._file.close()
            self._file = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def name(self, kind: str) -> str:
        """Return a name that was never given out before, and never will be again, even if the file should be lost."""
        self._number += 1
        if self._number > self._reserved:
            self._reserved = self._number + NUMBERS_RESERVED
            self._write(Counted(number=self._reserved))
        return f"{kind}{self._number}{self._opening}"

    def record(self, record: Record) -> None:
        """Append a record, then apply it."""
        self._write(record)
        self._apply(record)

    def positions_of(self, account: str) -> dict[OptionContract, Decimal]:
        """Return what an account holds."""
        return {contract: qty for (owner, contract), qty in self.positions.items() if owner == account}

    def _write(self, record: Record) -> None:
        if self._file is not None:
            self._file.write(_encoder.encode(record) + b"\n")
            self._file.flush()

    def _apply(self, record: Record) -> None:
        match record:
            case Placed():
                order = WorkingOrder(record)
                self.orders[record.request.reference] = order
                self.working[record.request.reference] = order
                self._names[record.venue_id] = record.request.reference
                self.changes += 1
                self._drop_oldest()
            case Filled(execution=execution):
                self.executions.append(execution)
                for leg in execution.legs:
                    self._add(execution.account, leg.contract, leg.qty)
                order = self.working.get(self._names.get(execution.venue_id, ""))
                if order is not None:
                    order.filled += execution.qty
                    order.at = execution.at
                    if order.remaining <= 0:
                        order.status = OrderStatus.FILLED
                        del self.working[order.request.reference]
                        self.changes += 1
            case Stopped():
                order = self.working.pop(record.reference, None)
                self.changes += 1
                if order is not None:
                    order.status = OrderStatus(record.how.value)
                    order.at = record.at
                    order.reason = record.reason
            case Triggered():
                self.orders[record.reference].triggered = True
            case Gone(fact=fact):
                self.settlements.append(fact)
                del self.settlements[:-MAX_ENDED]
                self._add(fact.account, fact.contract, -fact.qty)
            case Carried():
                self._add(record.account, record.contract, record.qty)
            case Counted():
                self._number = max(self._number, record.number)

    def _add(self, account: str, contract: OptionContract, qty: Decimal) -> None:
        key = (account, contract)
        total = self.positions.pop(key, ZERO) + qty
        if total != 0:
            self.positions[key] = total

    def _drop_oldest(self) -> None:
        if len(self.orders) > 2 * MAX_ENDED:
            ended = [reference for reference in self.orders if reference not in self.working]
            for reference in ended[: len(ended) - MAX_ENDED]:
                del self._names[self.orders.pop(reference).venue_id]
            venue_ids = {order.venue_id for order in self.orders.values()}
            self.executions = [execution for execution in self.executions if execution.venue_id in venue_ids]

    def _retained(self) -> Iterator[Record]:
        yield Counted(number=self._number)
        reported: dict[tuple[str, OptionContract], Decimal] = {}
        for execution in self.executions:
            for leg in execution.legs:
                key = (execution.account, leg.contract)
                reported[key] = reported.get(key, ZERO) + leg.qty
        for fact in self.settlements:
            key = (fact.account, fact.contract)
            reported[key] = reported.get(key, ZERO) - fact.qty
        for account, contract in dict.fromkeys((*self.positions, *reported)):
            before = self.positions.get((account, contract), ZERO) - reported.get((account, contract), ZERO)
            if before != 0:
                yield Carried(account=account, contract=contract, qty=before)
        yield from (order.placed for order in self.orders.values())
        yield from (Triggered(reference=order.request.reference) for order in self.orders.values() if order.triggered)
        yield from (Filled(execution=execution) for execution in self.executions)
        yield from (Gone(fact=settlement) for settlement in self.settlements)
        for order in self.orders.values():
            if order.status not in {OrderStatus.WORKING, OrderStatus.FILLED}:
                how = Ending(order.status.value)
                yield Stopped(reference=order.request.reference, how=how, at=order.at, reason=order.reason)


def _read(path: Path) -> Iterable[Record]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                return  # a crash cut it off; it was not acted upon
            try:
                yield _decoder.decode(line)
            except msgspec.DecodeError as error:
                raise VenueMemoryError(f"{path}: line {number} cannot be read: {error}") from None


def _locked(path: Path) -> TextIOWrapper:
    """Lock a file beside the venue's: that itself is put in the place of an older one while it is open."""
    file = path.with_suffix(".lock").open("a+", encoding="utf-8")
    if fcntl is not None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            holder = file.read(100).strip() or "another process"
            file.close()
            raise VenueMemoryError(f"{path} is in use by {holder}; every server needs a directory of its own") from None
    # For operators only: the lock itself guards the file, and the kernel releases it when the process ends.
    file.truncate(0)
    file.write(f"process {os.getpid()}")
    file.flush()
    return file
