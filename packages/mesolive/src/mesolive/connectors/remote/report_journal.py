"""Report journal of an agent: what its venue reported and the server has not booked yet, in a file.

Lines of JSON. A report is synced to the disk before it is sent; that it is booked is not synced, because a report that
is sent again is booked once. The file is written anew when everything in it is booked.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec
import structlog

from mesolive.venues.base import VenueFact

_log = structlog.get_logger(__name__)

COMPACT_BYTES: Final = 1 << 20
"""A file of this size is written anew when nothing in it is open."""


class _Line(msgspec.Struct, omit_defaults=True):
    last: int = 0
    number: int = 0
    fact: VenueFact | None = None
    booked: tuple[int, ...] = ()


class ReportJournal:
    """The reports of one venue that are not booked yet. Belongs to one event loop.

    Parameters
    ----------
    file
        Where they are kept; `None` for memory alone.

    Attributes
    ----------
    open
        The reports that are not booked, by number, oldest first.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self.open: dict[int, VenueFact] = {}
        self._last = 0
        self._decoder = msgspec.json.Decoder(_Line)
        if file is not None and file.exists():
            self._read(file.read_bytes())

    def _read(self, content: bytes) -> None:
        lines = content.split(b"\n")
        if lines and lines[-1]:
            _log.warning("report_journal_torn", bytes=len(lines[-1]))  # the kill came while it was written: not sent
        for text in lines[:-1]:
            try:
                line = self._decoder.decode(text)
            except msgspec.DecodeError as error:
                # What cannot be read is at the venue too: reconciliation asks for it. The rest must not be lost.
                _log.error("report_journal_line_unreadable", error=str(error)[:200])
                continue
            self._last = max(self._last, line.last, line.number)
            if line.fact is not None:
                self.open[line.number] = line.fact
            for number in line.booked:
                self.open.pop(number, None)
        if lines and lines[-1]:
            self.replace()

    def number(self, facts: Sequence[VenueFact]) -> list[tuple[int, VenueFact]]:
        """Give reports their numbers, before they are written."""
        first = self._last + 1
        self._last += len(facts)
        return list(enumerate(facts, first))

    def write(self, numbered: Sequence[tuple[int, VenueFact]], booked: Sequence[int]) -> bool:
        """Make reports durable, and note which ones are booked; return whether the file should be written anew.

        One call at a time; it may run in a thread. Raises `OSError` when the disk does not take them.
        """
        if self._file is None:
            return False
        with self._file.open("ab") as stream:
            if booked:
                stream.write(msgspec.json.encode(_Line(booked=tuple(booked))) + b"\n")
            for number, fact in numbered:
                stream.write(msgspec.json.encode(_Line(number=number, fact=fact)) + b"\n")
            stream.flush()
            if numbered:
                os.fsync(stream.fileno())
            return stream.tell() > COMPACT_BYTES

    def keep(self, numbered: Iterable[tuple[int, VenueFact]]) -> None:
        """Count written reports as open."""
        self.open.update(numbered)

    def booked(self, numbers: Iterable[int]) -> list[int]:
        """Forget reports that the server has booked; return those that were open."""
        return [number for number in numbers if self.open.pop(number, None) is not None]

    def replace(self) -> None:
        """Write the file anew with what is open; a kill leaves the old file or the new one."""
        if self._file is None:
            return
        fresh = self._file.with_name(f"{self._file.name}.new")
        with fresh.open("wb") as stream:
            stream.write(msgspec.json.encode(_Line(last=self._last)) + b"\n")
            for number, fact in self.open.items():
                stream.write(msgspec.json.encode(_Line(number=number, fact=fact)) + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(self._file)
