"""Reads the exchange's exports, the published volatilities and greeks included, and compares with the product's."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

import numpy as np

from mesolive.market.calendar import NEW_YORK, settlement_instant
from mesolive.pricing.black import FloatArray, greeks
from mesolive.pricing.business_time import calendar_years
from mesolive.pricing.forwards import ImpliedForward, PairQuotes, imply_forwards
from mesolive.pricing.implied import implied_volatility
from mesolive_testkit.paths import SHARED_DATA

EXPORTS = ("spx-2022-02-04", "spx-2023-09-14")

# Columns of a row: bid, ask, IV, delta, gamma, of the call and of the put.
_CALL, _PUT, _STRIKE = (4, 5, 7, 8, 9), (15, 16, 18, 19, 20), 11


@dataclass(frozen=True)
class Side:
    """Calls or puts of one expiration: quotes, and what the exchange publishes about them (0 = nothing)."""

    bid: FloatArray
    ask: FloatArray
    iv: FloatArray
    delta: FloatArray
    gamma: FloatArray

    @property
    def middle(self) -> FloatArray:
        return 0.5 * (self.bid + self.ask)


@dataclass(frozen=True)
class Published:
    """One expiration of an export."""

    root: str
    day: date
    settles_at: datetime
    days: int
    strikes: FloatArray
    call: Side
    put: Side
    implied: ImpliedForward


@dataclass(frozen=True)
class Export:
    """One export."""

    spot: float
    change: float
    at: datetime
    expirations: tuple[Published, ...]


@dataclass(frozen=True)
class Figures:
    """By how much figures differ, over all contracts compared."""

    iv: FloatArray
    delta: FloatArray

    @staticmethod
    def median(differences: FloatArray) -> float:
        return float(np.nanmedian(np.abs(differences)))

    @staticmethod
    def high(differences: FloatArray) -> float:
        """Return the 95th percentile of the absolute differences."""
        return float(np.nanquantile(np.abs(differences), 0.95))


@cache
def chain_export(name: str) -> Export:
    """Return an export; the forwards in it are the product's."""
    with (SHARED_DATA / "cboe" / f"{name}.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    spot, change = (float(cell.split(":")[1]) for cell in rows[1][1:3])
    match = re.match(r"Date: (\w+) (\d+),? (\d{4}),?(?: at)? (\d+):(\d+) ([AP])M", rows[2][0])
    assert match is not None
    month, day, year, hour, minute, half = match.groups()
    at = datetime.strptime(f"{year} {month} {day} {hour}:{minute} {half}M", "%Y %B %d %I:%M %p").replace(
        tzinfo=NEW_YORK
    )
    by_key: dict[tuple[date, str], list[list[float]]] = {}
    for row in rows[4:]:
        if len(row) > _PUT[-1]:
            root = re.match(r"[A-Z]+", row[1])
            assert root is not None
            key = (datetime.strptime(row[0], "%a %b %d %Y").replace(tzinfo=NEW_YORK).date(), root.group())
            by_key.setdefault(key, []).append([float(row[place]) for place in (_STRIKE, *_CALL, *_PUT)])
    arrays = {key: np.array(sorted(values)).T for key, values in sorted(by_key.items())}
    settles = {key: settlement_instant(key[1], key[0]) for key in arrays}
    quotes = [
        PairQuotes(calendar_years(at, settles[key]), columns[0], columns[1], columns[2], columns[6], columns[7])
        for key, columns in arrays.items()
    ]
    return Export(
        spot,
        change,
        at,
        tuple(
            Published(
                root,
                expires,
                settles[expires, root],
                (expires - at.date()).days,
                columns[0],
                Side(*columns[1:6]),
                Side(*columns[6:11]),
                implied,
            )
            for ((expires, root), columns), implied in zip(arrays.items(), imply_forwards(spot, quotes), strict=True)
        ),
    )


def compare(
    export: Export,
    *,
    at: datetime | None = None,
    offset: float = 0.0,
    keep: Callable[[Side], FloatArray] | None = None,
) -> Figures:
    """Compare volatilities and deltas with those that the exchange publishes.

    Contracts with bid > 0.05, 2 to 365 days to the expiration, and a published |delta| between 0.02 and 0.98.

    Parameters
    ----------
    at
        From when the time is counted; by default the export's time.
    offset
        Is added to every forward.
    keep
        Which contracts of a side are looked at; by default all.
    """
    iv: list[FloatArray] = []
    delta: list[FloatArray] = []
    for expiration in export.expirations:
        if not 2 <= expiration.days <= 365:
            continue
        years, forward = calendar_years(at or export.at, expiration.settles_at), expiration.implied.forward + offset
        for is_call, side in ((True, expiration.call), (False, expiration.put)):
            size = np.abs(side.delta)
            chosen = (side.bid > 0.05) & (side.iv > 0.0) & (size > 0.02) & (size < 0.98)
            if keep is not None:
                chosen &= keep(side) > 0
            discount = expiration.implied.discount
            solved = implied_volatility(side.middle, is_call, forward, expiration.strikes, years, discount)
            computed = greeks(is_call, forward, expiration.strikes, years, solved, discount, expiration.implied.spot)
            iv.append((solved - side.iv)[chosen])
            delta.append((computed.delta - side.delta)[chosen])
    return Figures(np.concatenate(iv), np.concatenate(delta))
