"""A market view of plain arrays, and a generated chain for it."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from mesolive.market.contracts import ExerciseStyle, Expiration, OptionContract, Right, Settlement, Underlying
from mesolive.market.quality import QuoteQuality
from mesolive.market.trading_hours import TradingHours
from mesolive.market.view import FloatArray, Quote, TradingCalendar, UnderlyingSnapshot
from mesolive.records import replace

NEW_YORK = ZoneInfo("America/New_York")
OPENING, CLOSE, EARLY_CLOSE = time(9, 30), time(16, 0), time(13, 0)


@dataclass(frozen=True)
class PlainCalendar:
    """Monday to Friday, 9:30 to 16:00 New York, except the given holidays and early closes."""

    holidays: frozenset[date] = frozenset()
    early: frozenset[date] = frozenset()

    def local(self, moment: datetime) -> datetime:
        return moment.astimezone(NEW_YORK)

    def is_trading_day(self, day: date) -> bool:
        return day.isoweekday() <= 5 and day not in self.holidays

    def session(self, day: date) -> tuple[datetime, datetime] | None:
        if not self.is_trading_day(day):
            return None
        close = EARLY_CLOSE if day in self.early else CLOSE
        return at(day, OPENING), at(day, close)

    def trading_days_between(self, first: date, last: date) -> int:
        if last < first:
            return -self.trading_days_between(last, first)
        days = ((first + timedelta(days=n + 1)) for n in range((last - first).days))
        return sum(self.is_trading_day(day) for day in days)

    def next_trading_day(self, day: date) -> date:
        day += timedelta(days=1)
        return day if self.is_trading_day(day) else self.next_trading_day(day)

    def previous_trading_day(self, day: date) -> date:
        day -= timedelta(days=1)
        return day if self.is_trading_day(day) else self.previous_trading_day(day)


def at(day: date, local: time) -> datetime:
    """Return the moment, in UTC, of a New York time of day."""
    return datetime.combine(day, local, NEW_YORK).astimezone(UTC)


FIELDS = ("bid", "ask", "last", "mark", "iv", "delta", "gamma", "theta", "vega", "rho")


@dataclass(frozen=True, eq=False)
class PlainSlice:
    """A slice of a chain, given by its arrays."""

    expiration: Expiration
    right: Right
    underlying: str
    now: datetime
    strikes: FloatArray
    bid: FloatArray
    ask: FloatArray
    last: FloatArray
    mark: FloatArray
    iv: FloatArray
    delta: FloatArray
    gamma: FloatArray
    theta: FloatArray
    vega: FloatArray
    rho: FloatArray

    @property
    def quality(self) -> npt.NDArray[np.int8]:
        return np.zeros(len(self.strikes), dtype=np.int8)

    def contract(self, index: int) -> OptionContract:
        expiration = self.expiration
        strike = Decimal(repr(float(self.strikes[index]))).normalize()
        return OptionContract(
            self.underlying, expiration.root, expiration.day, self.right, strike, expiration.multiplier
        )

    def index_of(self, strike: Decimal) -> int | None:
        indexes = np.flatnonzero(self.strikes == float(strike))
        return int(indexes[0]) if indexes.size else None

    def quote(self, index: int) -> Quote:
        return Quote(bid=float(self.bid[index]), ask=float(self.ask[index]), mark=float(self.mark[index]))

    def years(self) -> float:
        return (self.expiration.settles_at - self.now).total_seconds() / (365 * 86400)

    def changed(self, strike: float, **values: float) -> PlainSlice:
        """Return the slice with other values at one strike."""
        index = int(np.flatnonzero(self.strikes == strike)[0])
        arrays = {name: np.array(getattr(self, name)) for name in values}
        for name, value in values.items():
            arrays[name][index] = value
        return replace(self, **arrays)


@dataclass(frozen=True, eq=False)
class PlainView:
    """A market view over slices."""

    now: datetime
    underlying: UnderlyingSnapshot
    slices: Sequence[PlainSlice]
    calendar: TradingCalendar = field(default_factory=PlainCalendar)
    rate: float = 0.0
    last_received_at: datetime | None = None
    stale: bool = False
    accepted: QuoteQuality = QuoteQuality.LIVE
    live_throughout: bool = True
    unread_expirations: Sequence[Expiration] = ()

    @property
    def in_session(self) -> bool:
        return TradingHours(self.calendar).decides(self.now)

    @property
    def trading_day(self) -> date:
        return TradingHours(self.calendar).trading_day(self.now)

    @property
    def expirations(self) -> Sequence[Expiration]:
        unique = {(part.expiration.root, part.expiration.day): part.expiration for part in self.slices}
        return sorted(unique.values(), key=lambda expiration: (expiration.settles_at, expiration.root))

    def slice(self, root: str, day: date, right: Right) -> PlainSlice | None:
        for part in self.slices:
            if (part.expiration.root, part.expiration.day, part.right) == (root, day, right):
                return part
        return None

    def find(self, contract: OptionContract) -> tuple[PlainSlice, int] | None:
        part = self.slice(contract.root, contract.day, contract.right)
        index = None if part is None else part.index_of(contract.strike)
        return None if part is None or index is None else (part, index)

    def dividends(self, expiration: Expiration) -> Sequence[tuple[float, float]]:
        del expiration
        return ()

    def discount(self, expiration: Expiration) -> float:
        years = (expiration.settles_at - self.now).total_seconds() / (365 * 86400)
        return math.exp(-self.rate * years)

    def forward(self, expiration: Expiration) -> float | None:
        spot = self.underlying.quote.mark
        return None if spot is None else spot / self.discount(expiration)

    def without(self, unread: Collection[tuple[str, date]]) -> PlainView:
        """Return the market of a provider that has not read some expirations (root and day) yet."""
        return replace(
            self,
            slices=[part for part in self.slices if (part.expiration.root, part.expiration.day) not in unread],
            unread_expirations=[
                expiration for expiration in self.expirations if (expiration.root, expiration.day) in unread
            ],
        )

    def with_slice(self, part: PlainSlice) -> PlainView:
        """Return the view with one slice in the place of the one it stands for."""
        key = (part.expiration, part.right)
        return replace(self, slices=[part if (own.expiration, own.right) == key else own for own in self.slices])

    def at(self, now: datetime) -> PlainView:
        """Return the same market at another moment."""
        return replace(self, now=now, slices=[replace(part, now=now) for part in self.slices])


def expiration(
    day: date, root: str = "SPXW", multiplier: int = 100, style: ExerciseStyle = ExerciseStyle.EUROPEAN
) -> Expiration:
    """Return an expiration: AM settled for SPX, else PM."""
    am = root == "SPX"
    instant = at(day, OPENING if am else CLOSE)
    return Expiration(
        root, day, instant, Settlement.AM if am else Settlement.PM, multiplier=Decimal(multiplier), style=style
    )


def normal_cdf(values: FloatArray) -> FloatArray:
    """Return the standard normal distribution, by the error function of the standard library."""
    root = math.sqrt(2)
    return np.array([0.5 * (1 + math.erf(value / root)) for value in values.tolist()])


def priced_slice(
    of: Expiration, right: Right, spot: float, now: datetime, strikes: FloatArray, volatility: float, symbol: str
) -> PlainSlice:
    """Return a slice priced by Black-Scholes without interest, with a skew and a spread of 2 %."""
    years = (of.settles_at - now).total_seconds() / (365 * 86400)
    iv = volatility * (1 + 0.8 * np.maximum(1 - strikes / spot, -0.1))
    total = iv * math.sqrt(years)
    d1 = np.log(spot / strikes) / total + total / 2
    d2 = d1 - total
    sign = 1.0 if right is Right.CALL else -1.0
    within_1, within_2 = normal_cdf(sign * d1), normal_cdf(sign * d2)
    mark = sign * (spot * within_1 - strikes * within_2)
    density = np.exp(-d1 * d1 / 2) / math.sqrt(2 * math.pi)
    vega = spot * density * math.sqrt(years)
    return PlainSlice(
        of,
        right,
        symbol,
        now,
        strikes,
        bid=np.maximum(np.round(mark * 0.99, 2), 0.0),
        ask=np.round(mark * 1.01 + 0.05, 2),
        last=np.full(len(strikes), np.nan),
        mark=mark,
        iv=iv,
        delta=sign * within_1,
        gamma=density / (spot * total),
        theta=-vega * iv / (2 * years) / 365,
        vega=vega / 100,
        rho=sign * strikes * years * within_2,
    )


@lru_cache(maxsize=16)
def priced_slices(
    days: tuple[tuple[str, int], ...],
    now: datetime,
    spot: float,
    step: float,
    width: float,
    volatility: float,
    symbol: str,
) -> tuple[PlainSlice, ...]:
    """Return the slices of a generated chain; thousands of expressions are evaluated on one and the same."""
    count = round(2 * width / step) + 1
    strikes = np.linspace(spot - width, spot + width, count)
    today = now.astimezone(NEW_YORK).date()
    listed = [expiration(today + timedelta(days=ahead), root) for root, ahead in days]
    slices = tuple(
        priced_slice(expiration, right, spot, now, strikes, volatility, symbol)
        for expiration in listed
        for right in Right
        if expiration.settles_at > now
    )
    for part in slices:
        for name in ("strikes", *FIELDS):
            getattr(part, name).flags.writeable = False  # other tests are given the same arrays
    return slices


TODAY = date(2023, 9, 13)
NOON = at(TODAY, time(12, 0))
SPOT = 4500.0


def generated(
    days: Sequence[tuple[str, int]] = (("SPXW", 0), ("SPXW", 7), ("SPX", 30), ("SPXW", 30), ("SPXW", 61)),
    *,
    now: datetime = NOON,
    spot: float = SPOT,
    step: float = 10.0,
    width: float = 1000.0,
    volatility: float = 0.15,
    calendar: TradingCalendar | None = None,
    symbol: str = "SPX",
) -> PlainView:
    """Return a generated chain: for every (root, calendar days) all strikes within `width` of the spot."""
    listed = tuple((root, ahead) for root, ahead in days)
    slices = list(priced_slices(listed, now, spot, step, width, volatility, symbol))
    state = UnderlyingSnapshot(
        Underlying(symbol),
        Quote(bid=spot - 0.25, ask=spot + 0.25, mark=spot),
        today_open=spot - 12.0,
        previous_close=spot - 20.0,
        hv=0.11,
        iv=0.14,
        iv_rank=35.0,
        iv_percentile=42.0,
    )
    return PlainView(now, state, slices, calendar or PlainCalendar())
