"""A reader of the exchange's chain export, independent of the product's, and a writer of such files.

It takes the vendor's own deltas and volatilities, so that what the tests compute by brute force owes nothing to the
product's pricing either.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from mesolive.market.contracts import Right, Underlying
from mesolive.market.view import Quote, UnderlyingSnapshot
from mesolive_testkit.language.market import PlainSlice, PlainView, expiration
from mesolive_testkit.paths import SHARED_DATA

DATA = SHARED_DATA / "cboe"
FILES = ("spx-2022-02-04.csv", "spx-2023-09-14.csv")
HEADER = (
    "Expiration Date,Calls,Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest,Strike,"
    "Puts,Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest"
)


@dataclass(frozen=True)
class Row:
    """One option of a file; zero means that there is no value, as the vendor writes it."""

    root: str
    day: date
    right: Right
    strike: float
    bid: float
    ask: float
    iv: float
    delta: float
    gamma: float

    @property
    def quoted(self) -> bool:
        return self.bid > 0 or self.ask > 0


@dataclass(frozen=True)
class ChainFile:
    """Everything that tests need of a file."""

    now: datetime
    spot: float
    rows: list[Row]

    def of(self, root: str, day: date, right: Right) -> list[Row]:
        return [row for row in self.rows if (row.root, row.day, row.right) == (root, day, right)]


def read_file(name: str) -> ChainFile:
    """Read one of the recorded files, or skip the test with the reason."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"the recorded market data is not beside the checkout: {path.parent.name}/{name}")
    return parse_file(path.read_text())


def parse_file(text: str) -> ChainFile:
    lines = list(csv.reader(io.StringIO(text)))
    spot = float(lines[1][1].removeprefix("Last:"))
    match = re.search(r"(\w+ \d+),? (\d{4})(?:,| at) (\d+:\d+ [AP]M)", " ".join(lines[2]))
    assert match is not None
    written = f"{match[1]} {match[2]} {match[3]}"
    now = datetime.strptime(written, "%B %d %Y %I:%M %p").replace(tzinfo=ZoneInfo("America/New_York"))
    rows = [row for cells in lines[4:] if len(cells) > 12 for row in _two(cells)]
    return ChainFile(now.astimezone(ZoneInfo("UTC")), spot, rows)


def _two(cells: list[str]) -> Iterable[Row]:
    strike = float(cells[11])
    for start, right in ((1, Right.CALL), (12, Right.PUT)):
        match = re.fullmatch(r"([A-Z]+)(\d{6})[CP]\d{8}", cells[start])
        assert match is not None, cells[start]
        day = datetime.strptime(match[2], "%y%m%d").replace(tzinfo=ZoneInfo("UTC")).date()
        bid, ask, _, iv, delta, gamma = (float(cell) for cell in cells[start + 3 : start + 9])
        yield Row(match[1], day, right, strike, bid, ask, iv, delta, gamma)


def view_of(chain: ChainFile) -> PlainView:
    """Return a market view of a file: vendor deltas and volatilities, mid prices, nothing computed."""
    keys: dict[tuple[str, date, Right], list[Row]] = {}
    for row in chain.rows:
        keys.setdefault((row.root, row.day, row.right), []).append(row)
    slices: list[PlainSlice] = []
    for (root, day, right), unsorted in keys.items():
        of = expiration(day, root)
        if of.settles_at <= chain.now:
            continue
        rows = sorted(unsorted, key=lambda row: row.strike)
        columns = {
            name: np.array([getattr(row, name) for row in rows])
            for name in ("strike", "bid", "ask", "iv", "delta", "gamma")
        }
        none = np.full(len(rows), np.nan)
        quoted = (columns["bid"] > 0) | (columns["ask"] > 0)
        bid, ask = np.where(quoted, columns["bid"], np.nan), np.where(columns["ask"] > 0, columns["ask"], np.nan)
        valued = columns["iv"] > 0
        slices.append(
            PlainSlice(
                of,
                right,
                "SPX",
                chain.now,
                columns["strike"],
                bid=bid,
                ask=ask,
                last=none,
                mark=(bid + ask) / 2,
                iv=np.where(valued, columns["iv"], np.nan),
                delta=np.where(valued & (columns["delta"] != 0), columns["delta"], np.nan),
                gamma=np.where(valued, columns["gamma"], np.nan),
                theta=none,
                vega=none,
                rho=none,
            )
        )
    state = UnderlyingSnapshot(Underlying("SPX"), Quote(mark=chain.spot))
    return PlainView(chain.now, state, slices)


def write_file(view: PlainView, shuffle: list[int] | None = None) -> str:
    """Return a file of a generated view; `shuffle` gives the order of its rows."""
    lines: list[str] = []
    for part in view.slices:
        if part.right is not Right.CALL:
            continue
        puts = view.slice(part.expiration.root, part.expiration.day, Right.PUT)
        assert puts is not None
        for index, strike in enumerate(part.strikes.tolist()):
            cells = [f"{part.expiration.day:%a %b %d %Y}"]
            for side in (part, puts):
                if side is puts:
                    cells.append(f"{strike:.2f}")
                values = [side.iv[index], side.delta[index], side.gamma[index]]
                cells += [
                    side.contract(index).symbol,
                    "0",
                    "0",
                    f"{side.bid[index]:.2f}",
                    f"{side.ask[index]:.2f}",
                    "0",
                ]
                cells += [f"{value:.4f}" for value in values] + ["0"]
            lines.append(",".join(cells))
    ordered = [lines[place] for place in shuffle] if shuffle is not None else lines
    local = view.calendar.local(view.now)
    spot = view.underlying.quote.mark
    written = f"{local:%B} {local.day}, {local.year} at {local:%I:%M %p} EDT"
    top = f'"Date: {written}",Bid: {spot},Ask: {spot},Size: 1*1,Volume: 0'
    return "\n".join(["", f"Standard & Poors 500 Index,Last: {spot},Change:  1.0", top, HEADER, *ordered]) + "\n"


def row_count(view: PlainView) -> int:
    return sum(len(part.strikes) for part in view.slices if part.right is Right.CALL)
