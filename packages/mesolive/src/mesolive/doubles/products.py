"""Products that doubles of brokers list: underlyings with their option classes, exchanges, price steps and strikes.

The conIds of the underlyings are those of IB where they are public. Which classes a product has, and when each expires,
follows the exchanges' specifications; everything moves with the simulated S&P 500 index, at its own scale.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Final

from mesolive.market.calendar import ExchangeCalendar, settlement_instant, us_options_calendar
from mesolive.market.contracts import ExerciseStyle, Expiration, Settlement
from mesolive.market.providers.simulated import spx_listing
from mesolive.market.providers.simulated.futures_listing import quarterly_day

Increments = Sequence[tuple[float, float]]
"""A market rule: from which price on which increment."""

MARKET_RULES: Final[Mapping[int, Increments]] = {
    26: ((0.0, 0.01),),
    32: ((0.0, 0.25),),
    109: ((0.0, 0.05), (3.0, 0.1)),
    110: ((0.0, 0.01), (3.0, 0.05)),
    239: ((0.0, 0.01),),
    67: ((0.0, 0.05), (5.0, 0.25)),
}

Terms = tuple[str, date, Settlement]


@dataclass(frozen=True, slots=True)
class Product:
    """An underlying and its options as IB lists them.

    Attributes
    ----------
    sec_type, option_sec_type
        `IND`, `STK` or `FUT`; `OPT` or `FOP`.
    exchange
        Where the underlying is asked for.
    option_exchanges
        Where its options are listed, the one that clients should use first.
    con_id
        Of the underlying; of a future, a base to which the month is added.
    scale
        Its price as a fraction of the index at the start.
    strike_step
        The smallest distance of two strikes.
    market_rule
        Increments of single options.
    combo_tick
        Increment of combos, whatever their price.
    multiplier
        Units of the underlying per option.
    terms
        The class, day and settlement of each expiration listed at a moment.
    style
        Of exercise.
    volatility
        Height of the volatilities relative to the index.
    """

    symbol: str
    name: str
    sec_type: str
    exchange: str
    con_id: int
    scale: float
    strike_step: Decimal
    market_rule: int
    combo_tick: Decimal
    terms: Callable[[datetime, ExchangeCalendar], list[Terms]]
    option_sec_type: str = "OPT"
    option_exchanges: Sequence[str] = ("SMART", "CBOE", "IBUSOPT")
    primary_exchange: str = ""
    multiplier: int = 100
    style: ExerciseStyle = ExerciseStyle.EUROPEAN
    volatility: float = 1.0

    @property
    def delivers_shares(self) -> bool:
        """Whether exercised options deliver shares; else they settle in cash."""
        return self.sec_type == "STK"

    def expirations(self, moment: datetime, calendar: ExchangeCalendar) -> list[Expiration]:
        """Return what is listed at `moment` and not settled yet."""
        listed = [
            Expiration(
                root,
                day,
                settlement_instant(root, day, settlement, calendar),
                settlement,
                self.style,
                Decimal(self.multiplier),
            )
            for root, day, settlement in self.terms(moment, calendar)
        ]
        return [expiration for expiration in listed if expiration.settles_at > moment]


def spx_like(am: str, pm: str) -> Callable[[datetime, ExchangeCalendar], list[Terms]]:
    """Return the terms of an index whose expirations are those of SPX, with other names of the classes.

    An empty `am` leaves the AM-settled class out.
    """

    def terms(moment: datetime, calendar: ExchangeCalendar) -> list[Terms]:
        listed = spx_listing.expirations(moment, calendar)
        names = {Settlement.AM: am, Settlement.PM: pm}
        return [
            (names[expiration.settlement], expiration.day, expiration.settlement)
            for expiration in listed
            if names[expiration.settlement]
        ]

    return terms


def vix_terms(moment: datetime, calendar: ExchangeCalendar) -> list[Terms]:
    """Return the Wednesdays of seven weeks and the monthly ones of half a year, both settled in the morning."""
    today = calendar.local(moment).date()
    listed: list[Terms] = []
    for offset in range(183):
        day = today + timedelta(days=offset)
        if day.weekday() != 2 or not calendar.is_trading_day(day):
            continue
        monthly = _third_friday((day + timedelta(days=30)).year, (day + timedelta(days=30)).month)
        if day == monthly - timedelta(days=30):
            listed.append(("VIX", day, Settlement.AM))
        elif offset <= 49:
            listed.append(("VIXW", day, Settlement.AM))
    return listed


def no_terms(moment: datetime, calendar: ExchangeCalendar) -> list[Terms]:
    """Return nothing: the product's own market lists its options."""
    del moment, calendar
    return []


def _third_friday(year: int, month: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(4 - first.weekday()) % 7 + 14)


@dataclass(frozen=True)
class FutureMonth:
    """A quarterly future: options that expire by its last day are written on it."""

    year: int
    month: int

    @cached_property
    def last_day(self) -> date:
        """The third Friday of its month, or the trading day before it."""
        return quarterly_day(self.year, self.month, us_options_calendar())

    @property
    def code(self) -> str:
        """Letter of the month and last digit of the year, as in ESZ6."""
        return f"{'HMUZ'[self.month // 3 - 1]}{self.year % 10}"


def future_of(day: date) -> FutureMonth:
    """Return the quarterly future that options of `day` are written on: the first that ends on it or later."""
    year, month = day.year, (day.month + 2) // 3 * 3
    future = FutureMonth(year, month)
    if future.last_day >= day:
        return future
    return FutureMonth(year + month // 12, month % 12 + 3)


_PENNY: Final = Decimal("0.01")
_NICKEL: Final = Decimal("0.05")

PRODUCTS: Final[Mapping[str, Product]] = {
    product.symbol: product
    for product in (
        Product(
            symbol="SPX",
            name="S&P 500 Stock Index",
            sec_type="IND",
            exchange="CBOE",
            con_id=416904,
            scale=1.0,
            strike_step=Decimal(5),
            market_rule=109,
            combo_tick=_NICKEL,
            terms=spx_like("SPX", "SPXW"),
        ),
        Product(
            symbol="XSP",
            name="Mini-SPX Index",
            sec_type="IND",
            exchange="CBOE",
            con_id=137851301,
            scale=0.1,
            strike_step=Decimal(1),
            market_rule=26,
            combo_tick=_PENNY,
            terms=spx_like("", "XSP"),
        ),
        Product(
            symbol="NDX",
            name="NASDAQ 100 Stock Index",
            sec_type="IND",
            exchange="NASDAQ",
            con_id=416843,
            scale=3.6,
            strike_step=Decimal(10),
            market_rule=109,
            combo_tick=_NICKEL,
            terms=spx_like("NDX", "NDXP"),
            volatility=1.3,
        ),
        Product(
            symbol="RUT",
            name="Russell 2000 Stock Index",
            sec_type="IND",
            exchange="RUSSELL",
            con_id=416888,
            scale=0.4,
            strike_step=Decimal(5),
            market_rule=109,
            combo_tick=_NICKEL,
            terms=spx_like("RUT", "RUTW"),
            volatility=1.3,
        ),
        Product(
            symbol="VIX",
            name="CBOE Volatility Index",
            sec_type="IND",
            exchange="CBOE",
            con_id=13455763,
            scale=0.0034,
            strike_step=Decimal("0.5"),
            market_rule=110,
            combo_tick=_PENNY,
            terms=vix_terms,
            volatility=4.0,
        ),
        Product(
            symbol="SPY",
            name="SPDR S&P 500 ETF TRUST",
            sec_type="STK",
            exchange="SMART",
            primary_exchange="ARCA",
            con_id=756733,
            scale=0.1,
            strike_step=Decimal(1),
            market_rule=26,
            combo_tick=_PENNY,
            terms=spx_like("", "SPY"),
            option_exchanges=("SMART", "AMEX", "CBOE", "PHLX", "ISE"),
            style=ExerciseStyle.AMERICAN,
        ),
        Product(
            symbol="AAPL",
            name="APPLE INC",
            sec_type="STK",
            exchange="SMART",
            primary_exchange="NASDAQ",
            con_id=265598,
            scale=0.045,
            strike_step=Decimal("2.5"),
            market_rule=110,
            combo_tick=_PENNY,
            terms=spx_like("", "AAPL"),
            option_exchanges=("SMART", "AMEX", "CBOE", "PHLX", "ISE"),
            style=ExerciseStyle.AMERICAN,
            volatility=1.6,
        ),
        Product(
            symbol="ES",
            name="E-mini S&P 500",
            sec_type="FUT",
            exchange="CME",
            con_id=495512000,
            scale=1.0,
            strike_step=Decimal(5),
            market_rule=67,
            combo_tick=_NICKEL,
            terms=no_terms,
            option_sec_type="FOP",
            option_exchanges=("CME",),
            multiplier=50,
            style=ExerciseStyle.AMERICAN,
        ),
    )
}
"""Every product by the symbol of its underlying."""


def increment(rule: int, price: Decimal) -> Decimal:
    """Return the price step of a market rule at a price."""
    step = Decimal(0)
    for low, at in MARKET_RULES[rule]:
        if abs(price) >= Decimal(repr(low)):
            step = Decimal(repr(at))
    return step
