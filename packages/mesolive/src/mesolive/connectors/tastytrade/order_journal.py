"""Journal of the tastytrade venue: what was sent, its outcome, and which combos were reported.

An order is on the disk before it is sent: its legs' names exist nowhere else, and after a crash its reference must be
searched for before anything is concluded. A combo is on the disk before it is reported. The file is appended to by
whole lines; a torn last line is left out, for what it says had not taken effect.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
import structlog

from mesolive.connectors.tastytrade.combo_fills import ComboFill, FillPart
from mesolive.venues.base import Ended, Execution, VenueRequest

_log = structlog.get_logger(__name__)

RETENTION: Final = timedelta(days=400)
"""For how long records are kept: longer than any order works."""
NEVER_ARRIVED: Final = "NeverArrived"
"""The code of an order that was sent, and that counts as lost on the way."""
COMPACT_BYTES: Final = 4 * 1024 * 1024


class Sent(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """An order is about to be sent.

    Attributes
    ----------
    replaces
        The reference of the order that it shall take the place of.
    """

    request: VenueRequest
    at: datetime
    replaces: str | None = None


class Known(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The venue has an order of ours."""

    account: str
    reference: str
    venue_id: str
    at: datetime


class NotThere(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The venue does not have an order of ours: it was refused, or was never sent, or never arrived."""

    ended: Ended


class Reported(msgspec.Struct, frozen=True, kw_only=True, tag="Told"):
    """A combo was reported to the server. Its content never changes."""

    execution: Execution
    combo: ComboFill


class Apart(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Legs that were filled without their partners were reported to the server. Their content never changes."""

    order_id: str
    execution: Execution
    parts: dict[str, tuple[FillPart, ...]]


Record = Sent | Known | NotThere | Reported | Apart

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Record)


class OrderJournal:
    """Remembers orders by account and reference, and executions by their ids.

    Parameters
    ----------
    file
        `None` for a memory that ends with the object.

    Attributes
    ----------
    unreadable
        Numbers of the lines that could not be read: what they say of orders is not known.
    late
        Orders that arrived after they had counted as lost.
    accounts
        Those that a record is about.
    """

    def __init__(self, file: Path | None = None) -> None:
        self.file = file
        self._fd: int | None = None
        self.unreadable: list[int] = []
        self.sent: dict[tuple[str, str], Sent] = {}
        self.known: dict[tuple[str, str], Known] = {}
        self.not_there: dict[tuple[str, str], Ended] = {}
        self.reported: dict[tuple[str, str], list[Reported]] = {}
        self.apart: dict[tuple[str, str], list[Apart]] = {}
        self.late: set[tuple[str, str]] = set()
        self.accounts: set[str] = set()
        self._by_venue_id: dict[tuple[str, str], str] = {}

    def open(self, now: datetime) -> None:
        """Read the file, and leave out what is older than any order; safe to call twice."""
        if self.file is None or self._fd is not None:
            return
        self.sent.clear()
        self.known.clear()
        self.not_there.clear()
        self.late.clear()
        self.reported.clear()
        self.apart.clear()
        self._by_venue_id.clear()
        self.unreadable.clear()
        retained: list[bytes] = []
        for number, line in enumerate(_whole_lines(self.file), 1):
            try:
                record = _decoder.decode(line)
            except msgspec.DecodeError as error:
                _log.error("journal_line_unreadable", file=str(self.file), line=number, error=str(error))
                self.unreadable.append(number)
                retained.append(line)  # of a later version, maybe: that one reads it again
                continue
            self._take(record)
            if _at(record) > now - RETENTION:
                retained.append(line)
        if self.file.exists() and self.file.stat().st_size > COMPACT_BYTES:
            self._compact(self.file, retained)
        self._fd = os.open(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        _sync_directory(self.file)

    def close(self) -> None:
        """Close the file; safe to call twice."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def write(self, *records: Record, durable: bool = False) -> None:
        """Write records, and take them into account; with `durable` they survive a loss of power when this returns.

        Raises
        ------
        OSError
            When they cannot be stored: then none of them is.
        """
        if self._fd is not None:
            _append(self._fd, b"".join(_encoder.encode(record) + b"\n" for record in records))
            if durable:
                os.fsync(self._fd)
        for record in records:
            self._take(record)

    def open_references(self) -> list[Sent]:
        """Return the references of orders with an unknown outcome."""
        return [sent for key, sent in self.sent.items() if key not in self.known and key not in self.not_there]

    def reference_of(self, account: str, venue_id: str) -> str | None:
        """Return the reference under which an order of the venue was sent."""
        return self._by_venue_id.get((account, venue_id))

    def request(self, account: str, reference: str | None) -> VenueRequest | None:
        """Return what was sent under a reference."""
        sent = self.sent.get((account, reference or ""))
        return None if sent is None else sent.request

    def _take(self, record: Record) -> None:
        self.accounts.add(_account_of(record))
        match record:
            case Sent():
                self.sent[record.request.account, record.request.reference] = record
            case Known():
                self.known[record.account, record.reference] = record
                self._by_venue_id[record.account, record.venue_id] = record.reference
                lost = self.not_there.pop((record.account, record.reference), None)
                if lost is not None and lost.code == NEVER_ARRIVED:
                    self.late.add((record.account, record.reference))
            case NotThere():
                self.not_there[record.ended.account, record.ended.reference or ""] = record.ended
            case Reported():
                reports = self.reported.setdefault((record.execution.account, record.execution.venue_id), [])
                if record.combo.number > len(reports):
                    reports.append(record)
            case Apart():
                self.apart.setdefault((record.execution.account, record.order_id), []).append(record)

    @staticmethod
    def _compact(file: Path, lines: list[bytes]) -> None:
        beside = file.with_suffix(".new")
        with beside.open("wb") as opened:
            opened.write(b"".join(line + b"\n" for line in lines))
            opened.flush()
            os.fsync(opened.fileno())
        beside.chmod(0o600)
        beside.replace(file)


def _whole_lines(file: Path) -> Iterator[bytes]:
    """Yield the lines of a file. A last line that a crash has torn is cut off, for lines are appended behind it."""
    if not file.exists():
        return
    content = file.read_bytes()
    whole, _, torn = content.rpartition(b"\n")
    if torn:
        with file.open("r+b") as opened:
            opened.truncate(len(content) - len(torn))
    yield from whole.split(b"\n") if whole else ()


def _append(descriptor: int, content: bytes) -> None:
    """Append bytes, all or none: a part of a line would spoil the line behind it, too."""
    before = os.fstat(descriptor).st_size
    written = 0
    try:
        while written < len(content):
            written += os.write(descriptor, content[written:])
    except OSError:
        os.ftruncate(descriptor, before)
        raise


def _sync_directory(file: Path) -> None:
    """Let the name of a file survive a loss of power."""
    directory = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _account_of(record: Record) -> str:
    match record:
        case Sent():
            return record.request.account
        case Known():
            return record.account
        case NotThere():
            return record.ended.account
        case Reported() | Apart():
            return record.execution.account


def _at(record: Record) -> datetime:
    match record:
        case Sent() | Known():
            return record.at
        case NotThere():
            return record.ended.at
        case Reported() | Apart():
            return record.execution.at
