"""Journal of what was sent to IB and what it executed: an append-only file beside the database.

IB forgets orders and executions at midnight, and knows our references only as a text. A line is written before an
order is, so that after a crash the lists of TWS decide what became of it. A line that a crash truncated is ignored. On
opening, orders that ended long ago are left out.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from io import BufferedWriter
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from mesolive.connectors.ibkr.executions import ExecutionReport
from mesolive.connectors.ibkr.gathering import Fill
from mesolive.market.contracts import OptionContract
from mesolive.venues.base import Ending, Execution, SettlementFact, VenueRequest

RETENTION: Final = timedelta(days=90)
"""How long ended orders are kept: reconciliation asks back to the oldest open leg, and IB lists today alone."""


class Sending(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """An order is about to be written: new, or a modification in the place of another.

    Attributes
    ----------
    order_ref
        What TWS knows it by: the reference of the first order of a chain of replacements.
    replaces
        The order whose place it takes; `None` for a new one.
    total
        Combos of the whole chain, as they are written.
    con_ids
        Of the request's legs.
    route
        The exchange that it is sent to; empty for where its contracts are sent by default.
    """

    request: VenueRequest
    order_ref: str
    order_id: int
    at: datetime
    con_ids: tuple[int, ...]
    total: Decimal
    replaces: str | None = None
    route: str = ""


class Known(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """TWS has shown the order under a permanent id."""

    reference: str
    perm_id: int
    at: datetime


class Denied(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A modification was not carried out: its order never existed, and the one before works on."""

    reference: str
    at: datetime
    reason: str
    code: str | None = None


class Finished(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """An order has ended."""

    reference: str
    how: Ending
    at: datetime
    reason: str = ""
    code: str | None = None


class Seen(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """An execution was reported; `row` has everything that TWS said."""

    row: ExecutionReport


class Cost(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A commission was reported."""

    exec_id: str
    commission: Decimal


class Reported(msgspec.Struct, frozen=True, kw_only=True, tag="Told"):
    """A combo fill that was reported to the server. It never changes, whatever TWS reports later."""

    order_ref: str
    perm_id: int
    fill: Fill
    execution: Execution


class PositionList(msgspec.Struct, frozen=True, kw_only=True, tag="Held"):
    """A complete list of positions, where it is another than the one before.

    Attributes
    ----------
    options
        Signed contracts.
    shares
        Signed shares by symbol.
    """

    account: str
    at: datetime
    options: tuple[tuple[int, OptionContract, Decimal], ...]
    shares: dict[str, Decimal]


class Covered(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The account's executions are known until a moment, but for the gaps."""

    account: str
    at: datetime


class Missed(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A gap: what the account executed between two moments was not read, and TWS lists it no more."""

    account: str
    since: datetime
    until: datetime


class Gone(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Contracts were settled or exercised."""

    fact: SettlementFact


Record = Sending | Known | Denied | Finished | Seen | Cost | Reported | PositionList | Covered | Missed | Gone

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Record)

R = TypeVar("R")


class JournalError(Exception):
    """The file cannot be used; the text names it and gives the reason."""


class Journal:
    """The file of one connection.

    Parameters
    ----------
    path
        `None` keeps nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: BufferedWriter | None = None

    def open(self, now: datetime) -> list[Record]:
        """Open the file for writing, and return what it holds, old orders left out."""
        if self._path is None:
            return []
        try:
            records = _without_old(list(_read(self._path)), now - RETENTION)
            new = self._path.with_name(f"{self._path.name}.new")
            with new.open("wb") as file:
                file.write(b"".join(_encoder.encode(record) + b"\n" for record in records))
                file.flush()
                os.fsync(file.fileno())  # before it takes the place of the old one: after a loss of power it is whole
            new.replace(self._path)
            _sync_folder(self._path.parent)
            self._file = self._path.open("ab")
        except OSError as error:
            raise JournalError(f"{self._path}: {error.strerror}") from error
        return records

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def write(self, *records: Record, durable: bool = False) -> None:
        """Append records; with `durable` they survive a loss of power when this returns.

        Raises
        ------
        OSError
            When they cannot be stored.
        """
        if self._file is None:
            return
        self._file.write(b"".join(_encoder.encode(record) + b"\n" for record in records))
        self._file.flush()
        if durable:
            os.fsync(self._file.fileno())


def _sync_folder(folder: Path) -> None:
    """Keep a new name of a file through a loss of power, where the system has that."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _read(path: Path) -> Iterator[Record]:
    if not path.exists():
        return
    lines = path.read_bytes().split(b"\n")
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        try:
            yield _decoder.decode(line)
        except msgspec.DecodeError as error:
            if number == len(lines):
                return  # torn by a crash: what it says had not taken effect
            raise JournalError(f"{path}: line {number} cannot be read: {error}") from error


def _ended_before(records: Iterable[Record], limit: datetime) -> set[str]:
    """Return the references of orders that ended before a limit: also those that were filled, or replaced."""
    qty: dict[str, Decimal] = {}
    replaced_by: dict[str, str] = {}
    ended: dict[str, datetime] = {}
    for record in records:
        match record:
            case Sending():
                qty[record.request.reference] = record.request.qty
                if record.replaces is not None:
                    replaced_by[record.request.reference] = record.replaces
            case Known() if record.reference in replaced_by:
                ended.setdefault(replaced_by[record.reference], record.at)
            case Finished() | Denied():
                ended[record.reference] = record.at
            case Reported() if (reference := record.execution.reference) is not None:
                qty[reference] = qty.get(reference, Decimal(0)) - record.execution.qty
                if qty[reference] <= 0 or reference in ended:
                    ended[reference] = max(record.execution.at, ended.get(reference, record.execution.at))
            case _:
                pass
    return {reference for reference, at in ended.items() if at < limit}


def _without_old(records: Iterable[Record], limit: datetime) -> list[Record]:
    """Leave out orders that ended before a limit, with their executions; of positions only the last list counts."""
    remaining = list(records)
    ended = _ended_before(remaining, limit)
    chains: dict[str, set[str]] = {}
    for record in remaining:
        if isinstance(record, Sending):
            chains.setdefault(record.order_ref, set()).add(record.request.reference)
    gone = {order_ref for order_ref, references in chains.items() if references <= ended}
    references = {reference for order_ref in gone for reference in chains[order_ref]}
    last_lists = {record.account: number for number, record in enumerate(remaining) if isinstance(record, PositionList)}
    last_covered = {record.account: number for number, record in enumerate(remaining) if isinstance(record, Covered)}
    old_rows = {
        record.row.exec_id
        for record in remaining
        if isinstance(record, Seen) and record.row.at < limit and record.row.order_ref not in chains.keys() - gone
    }

    def wanted(number: int, record: Record) -> bool:
        match record:
            case Sending():
                return record.order_ref not in gone
            case Known() | Denied() | Finished():
                return record.reference not in references
            case Seen():
                return record.row.exec_id not in old_rows
            case Cost():
                return record.exec_id not in old_rows
            case Reported():
                return record.execution.at >= limit or record.order_ref in chains.keys() - gone
            case PositionList():
                return last_lists[record.account] == number
            case Covered():
                return last_covered[record.account] == number
            case Missed():
                return True  # an order may be in doubt until its owner decides about it
            case Gone():
                return record.fact.at >= limit

    return [record for number, record in enumerate(remaining) if wanted(number, record)]
