"""Market time of a connection over restarts: a file that remembers how far a market time of its own has come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from mesolive.clock import Clock

CLOCK_FILE: Final = "market-time.jsonl"
KEPT_EVERY: Final = timedelta(minutes=1)
"""Real time between two records, at most: the supervisor reads accounts so often."""


class _Ended(msgspec.Struct):
    """The record of a connection that has ended in order: no market time has passed since."""

    ended: datetime


class MarketTimeFile:
    """Records how far the market time of a simulated or recorded market has come.

    Parameters
    ----------
    folder
        The folder of the connection; `None` where nothing is kept.
    """

    def __init__(self, folder: Path | None) -> None:
        self._file = None if folder is None else folder / CLOCK_FILE

    def reached(self, speed: float) -> datetime | None:
        """Return how far market time may have come; `None` without a record.

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
        self._file.write_bytes(lines[-1] + b"\n")
        last = msgspec.json.decode(lines[-1], type=datetime | _Ended)
        return last.ended if isinstance(last, _Ended) else last + KEPT_EVERY * speed

    def keep(self, clock: Clock, *, ended: bool = False) -> None:
        """Record the present market time, and whether the connection ends with it."""
        if self._file is not None:
            now = clock.now()
            with self._file.open("ab") as file:
                file.write(msgspec.json.encode(_Ended(now) if ended else now) + b"\n")


def read_moment(text: str) -> datetime:
    """Return the moment of a setting such as `2026-01-05T15:00:00Z`, in UTC; raises `ValueError` for another text."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
