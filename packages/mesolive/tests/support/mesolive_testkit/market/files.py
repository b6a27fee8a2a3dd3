"""Files as others write them: chain exports and minute bars."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

HEADER = (
    "Expiration Date,Calls,Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest,Strike,"
    "Puts,Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest"
)
Quote = tuple[float, float]


def export_row(root: str, day: date, strike: float, call: Quote, put: Quote) -> str:
    """Return one row of a chain export."""
    symbols = [f"{root}{day:%y%m%d}{letter}{round(strike * 1000):08d}" for letter in "CP"]
    cells = [
        f"{symbol},0.5,0,{bid:g},{ask:g},7,0.2,0.5,0.01,11"
        for symbol, (bid, ask) in zip(symbols, (call, put), strict=True)
    ]
    return f"{day:%a %b %d %Y},{cells[0]},{strike:.2f},{cells[1]}"


def export_bytes(
    rows: Sequence[str],
    *,
    name: str = "Standard & Poors 500 Index",
    last: str = "Last: 5000.25",
    when: str = "Date: March 11 2024, 11:00 AM EDT",
) -> bytes:
    """Return a chain export."""
    head = ["", f"{name},{last},Change:  12.5", f'"{when}",Bid: 4990.5,Ask: 5010.5,Size: 1*1,Volume: 0', HEADER]
    return "\n".join([*head, *rows, ""]).encode()


def option_bars(path: Path, day: date, contracts: Mapping[tuple[str, str, int, date], Sequence[str]]) -> Path:
    """Write an archive of option minute quotes: rows by (symbol, call|put, strike, expiration)."""
    with zipfile.ZipFile(path, "w") as archive:
        for (symbol, right, strike, expires), rows in contracts.items():
            name = f"{day:%Y%m%d}_{symbol}_minute_quote_american_{right}_{strike * 10000}_{expires:%Y%m%d}.csv"
            archive.writestr(name, "".join(f"{row}\n" for row in rows))
    return path


def stock_bars(path: Path, entry: str, rows: Sequence[str]) -> Path:
    """Write an archive with one file of bars."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(entry, "".join(f"{row}\n" for row in rows))
    return path
