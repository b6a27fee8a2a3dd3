"""The table of US sessions from `exchange_calendars`; run as a module (`make sessions`) it writes the table."""

from __future__ import annotations

import warnings
from datetime import date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import numpy as np
from exchange_calendars import get_calendar  # pyright: ignore[reportUnknownVariableType] - the library has no types

import mesolive.market
from mesolive.market.calendar import CLOSE, CLOSED, FIRST_DAY, LAST_DAY, NEW_YORK, OPENING, SESSIONS_FILE

TABLE = Path(next(iter(mesolive.market.__path__))) / SESSIONS_FILE


def sessions() -> dict[date, tuple[int, int]]:
    """Return the library's sessions: opening and close of each trading day, in seconds since 1970."""
    with warnings.catch_warnings():
        # The library reads times in a way that pandas has announced to change; the values are right today.
        warnings.filterwarnings("ignore", message="Series.values returning an ndarray", category=DeprecationWarning)
        source = get_calendar("XNYS", start=FIRST_DAY.isoformat(), end=LAST_DAY.isoformat())
    days = np.asarray(source.sessions, dtype="datetime64[D]").tolist()
    openings, closes = (
        np.asarray(times, dtype="datetime64[s]").astype(np.int64) for times in (source.opens, source.closes)
    )
    return dict(zip(days, zip(openings.tolist(), closes.tolist(), strict=True), strict=True))


def table() -> str:
    """Return the text of the table: the weekdays that are not usual sessions.

    Raises
    ------
    ValueError
        When the library has a session that the table cannot tell of: on a weekend, or with another opening.
    """
    known = sessions()
    lines = [
        "# Weekdays on which the New York Stock Exchange is closed, or closes before 16:00 New York.",
        f"# Written by `make sessions` from exchange_calendars {version('exchange_calendars')} (Apache-2.0).",
    ]
    for number in range((LAST_DAY - FIRST_DAY).days + 1):
        day = FIRST_DAY + timedelta(days=number)
        session = known.get(day)
        if session is None:
            if day.weekday() < 5:
                lines.append(f"{day} {CLOSED}")
            continue
        opening, close = (datetime.fromtimestamp(moment, NEW_YORK).time() for moment in session)
        if opening != OPENING or day.weekday() >= 5:
            raise ValueError(f"{day}: a session from {opening} to {close}")
        if close != CLOSE:
            lines.append(f"{day} {close:%H:%M}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="ascii")
