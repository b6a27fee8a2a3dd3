"""Journal of the tastytrade venue: what was sent, what became of it, and which combos were told.

An order is written before it is sent: its legs' names exist nowhere else, and after a crash its reference must be
searched for before anything is concluded. The file is appended to by whole lines; a torn last line is left out.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from mesolive.connectors.tastytrade.combo_fills import ComboFill
from mesolive.venues.base import Ended, Execution, VenueRequest

KEPT: Final = timedelta(days=400)
"""For how long records are kept: longer than any order works."""
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


class Told(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A combo was told. Its content never changes."""

    execution: Execution
    combo: ComboFill


Record = Sent | Known | NotThere | Told

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Record)


class OrderJournal:
    """Remembers orders by account and reference, and executions by their ids.

    Parameters
    ----------
    file
        `None` for a memory that ends with the object.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._fd: int | None = None
        self.sent: dict[tuple[str, str], Sent] = {}
        self.known: dict[tuple[str, str], Known] = {}
        self.not_there: dict[tuple[str, str], Ended] = {}
        self.told: dict[tuple[str, str], list[Told]] = {}
        self._by_venue_id: dict[tuple[str, str], str] = {}

    def open(self, now: datetime) -> None:
        """Read the file, and leave out what is older than any order; safe to call twice."""
        if self._file is None or self._fd is not None:
            return
        self.sent.clear()
        self.known.clear()
        self.not_there.clear()
        self.told.clear()
        self._by_venue_id.clear()
        records = list(self._read(self._file))
        for record in records:
            self._take(record)
        if self._file.exists() and self._file.stat().st_size > COMPACT_BYTES:
            self._compact(self._file, [record for record in records if _at(record) > now - KEPT])
        self._fd = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def close(self) -> None:
        """Close the file; safe to call twice."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def write(self, record: Record) -> None:
        """Write a record, and take it into account; it is in the file when this returns."""
        if self._fd is not None:
            os.write(self._fd, _encoder.encode(record) + b"\n")
        self._take(record)

    def open_references(self) -> list[Sent]:
        """Return the orders of which nobody knows what became of them."""
        return [sent for key, sent in self.sent.items() if key not in self.known and key not in self.not_there]

    def reference_of(self, account: str, venue_id: str) -> str | None:
        """Return the reference under which an order of the venue was sent."""
        return self._by_venue_id.get((account, venue_id))

    def request(self, account: str, reference: str | None) -> VenueRequest | None:
        """Return what was sent under a reference."""
        sent = self.sent.get((account, reference or ""))
        return None if sent is None else sent.request

    def _take(self, record: Record) -> None:
        match record:
            case Sent():
                self.sent[record.request.account, record.request.reference] = record
            case Known():
                self.known[record.account, record.reference] = record
                self._by_venue_id[record.account, record.venue_id] = record.reference
                self.not_there.pop((record.account, record.reference), None)
            case NotThere():
                self.not_there[record.ended.account, record.ended.reference or ""] = record.ended
            case Told():
                told = self.told.setdefault((record.execution.account, record.execution.venue_id), [])
                if record.combo.number > len(told):
                    told.append(record)

    @staticmethod
    def _read(file: Path) -> Iterator[Record]:
        if not file.exists():
            return
        # The last part is empty, or a line that a crash has torn: it is cut off, for lines are appended behind it.
        content = file.read_bytes()
        whole, _, torn = content.rpartition(b"\n")
        if torn:
            with file.open("r+b") as opened:
                opened.truncate(len(content) - len(torn))
        for line in whole.split(b"\n"):
            if line:
                try:
                    yield _decoder.decode(line)
                except msgspec.DecodeError:
                    continue  # of a later version

    @staticmethod
    def _compact(file: Path, records: list[Record]) -> None:
        beside = file.with_suffix(".new")
        beside.write_bytes(b"".join(_encoder.encode(record) + b"\n" for record in records))
        beside.chmod(0o600)
        beside.replace(file)


def _at(record: Record) -> datetime:
    match record:
        case Sent() | Known():
            return record.at
        case NotThere():
            return record.ended.at
        case Told():
            return record.execution.at
