"""Market time of a connection over restarts: a file that remembers how far a market time of its own has come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from mesolive.clock import Clock

CLOCK_FILE: Final = "market-time.jsonl"
RECORD_INTERVAL: Final = timedelta(minutes=1)
"""Real time between two records, at most: the supervisor reads accounts so often."""


class _Ended(msgspec.Struct):
    """The record of a connection that has ended in order, as earlier versions wrote it."""

    ended: datetime


class _Record(msgspec.Struct):
    """How far a market time had come; with `ended` none has passed since."""

    at: datetime
    market: str
    ended: bool = False


class MarketTimeFile:
    """Records how far the market time of a simulated or recorded market has come.

    Parameters
    ----------
    folder
        The folder of the connection; `None` where nothing is kept.
    market
        Names what the time is of, such as a recording; times of another source are kept apart.
    """

    def __init__(self, folder: Path | None, market: str = "") -> None:
        self._file = None if folder is None else folder / CLOCK_FILE
        self._market = market

    def reached(self, speed: float) -> datetime | None:
        """Return how far market time may have come, for any market; `None` without a record."""
        record = self.reached_in(speed)
        return None if record is None else record[0]

    def reached_in(self, speed: float) -> tuple[datetime, bool] | None:
        """Return how far market time may have come, and whether it is of this market; `None` without a record.

        Unless the connection ended in order, a minute may have passed since the last record. A torn line is left out.

        Parameters
        ----------
        speed
            Market seconds per real second.
        """
        if self._file is None or not self._file.exists():
            return None
        lines = [line for line in self._file.read_bytes().split(b"\n")[:-1] if line]
        if not lines:
            return None
        # In one step: a process that is killed here must not leave an empty file.
        shorter = self._file.with_suffix(".new")
        shorter.write_bytes(lines[-1] + b"\n")
        shorter.replace(self._file)
        last = self._read(lines[-1])
        return last.at if last.ended else last.at + RECORD_INTERVAL * speed, last.market == self._market

    def _read(self, line: bytes) -> _Record:
        if b'"at"' in line:
            return msgspec.json.decode(line, type=_Record)
        old = msgspec.json.decode(line, type=datetime | _Ended)
        return _Record(old.ended, self._market, True) if isinstance(old, _Ended) else _Record(old, self._market)

    def keep(self, clock: Clock, *, ended: bool = False) -> None:
        """Record the present market time, and whether the connection ends with it."""
        if self._file is not None:
            with self._file.open("ab") as file:
                file.write(msgspec.json.encode(_Record(clock.now(), self._market, ended)) + b"\n")


def read_moment(text: str) -> datetime:
    """Return the moment of a setting such as `2026-01-05T15:00:00Z`, in UTC; raises `ValueError` for another text."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
