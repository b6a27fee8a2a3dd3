"""Instruments of the double of tastytrade, found by their symbol or by that of market data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from mesolive.doubles.markets import Markets
from mesolive.doubles.products import PRODUCTS, FutureMonth, Product, future_of
from mesolive.doubles.tastytrade.symbols import (
    OptionTerms,
    future_option_streamer,
    future_option_symbol,
    future_streamer,
    future_symbol,
    occ_symbol,
    read_future_option,
    read_option,
    read_streamer,
    streamer_symbol,
)
from mesolive.market.calendar import NEW_YORK
from mesolive.market.contracts import Expiration, OptionContract, Right, Settlement
from mesolive.market.listing import Listing

LISTED_FUTURES: Final = 3
"""How many quarterly futures are listed."""

EQUITY: Final = "Equity"
EQUITY_OPTION: Final = "Equity Option"
FUTURE: Final = "Future"
FUTURE_OPTION: Final = "Future Option"
INDEX: Final = "Index"


@dataclass(frozen=True, slots=True)
class Instrument:
    """An instrument.

    Attributes
    ----------
    kind
        The `instrument-type` of its legs and positions.
    product
        Symbol of its product in `PRODUCTS`.
    underlying
        `underlying-symbol` in answers: the index, the shares, or the future.
    factor
        Units of the underlying's price per contract.
    """

    symbol: str
    streamer: str
    kind: str
    product: str
    underlying: str
    factor: Decimal
    option: OptionContract | None = None
    expiration: Expiration | None = None
    future: FutureMonth | None = None

    @property
    def underlying_kind(self) -> str:
        """The `underlying-instrument-type` of its orders: indexes count as equities."""
        return FUTURE if self.kind in {FUTURE, FUTURE_OPTION} else EQUITY


class Instruments:
    """All instruments of the markets; those that were asked for stay known after their expiration.

    Parameters
    ----------
    markets
        Whose listings are the options.
    """

    def __init__(self, markets: Markets) -> None:
        self._markets = markets
        self._known: dict[str, Instrument] = {}
        self._streamed: dict[str, Instrument] = {}

    def find(self, symbol: str) -> Instrument | None:
        """Return the instrument of a symbol; `None` when none was ever listed by that name."""
        known = self._known.get(symbol)
        if known is None:
            known = self._look_up(symbol)
            if known is not None:
                self._known[symbol] = self._streamed[known.streamer] = known
        return known

    def of_streamer(self, symbol: str) -> Instrument | None:
        """Return the instrument of a symbol of market data."""
        known = self._streamed.get(symbol)
        if known is None:
            known = self._look_up_streamer(symbol)
            if known is not None:
                self._streamed[symbol] = self._known[known.symbol] = known
        return known

    def underlyings(self, moment: datetime) -> Iterator[Instrument]:
        """Return indexes, shares and futures."""
        for product in self._markets.products:
            if product.sec_type == "FUT":
                yield from self.futures(product, moment)
            else:
                yield _underlying(product)

    def futures(self, product: Product, moment: datetime) -> Iterator[Instrument]:
        """Return the futures of a product that still trade, the nearest first."""
        future = future_of(moment.astimezone(NEW_YORK).date())
        for _ in range(LISTED_FUTURES):
            yield self.future(product, future)
            future = future_of(future.last_day + timedelta(days=1))

    def future(self, product: Product, future: FutureMonth) -> Instrument:
        """Return the instrument of a future."""
        symbol = future_symbol(future, product.symbol)
        streamer = future_streamer(future, product.symbol)
        return Instrument(
            symbol, streamer, FUTURE, product.symbol, symbol, Decimal(product.multiplier), None, None, future
        )

    def option(self, product: Product, contract: OptionContract, expiration: Expiration) -> Instrument:
        """Return the instrument of an option."""
        factor = expiration.multiplier
        if product.sec_type == "FUT":
            future = future_of(contract.day)
            return Instrument(
                future_option_symbol(contract, future),
                future_option_streamer(contract),
                FUTURE_OPTION,
                product.symbol,
                future_symbol(future, product.symbol),
                factor,
                contract,
                expiration,
                future,
            )
        return Instrument(
            occ_symbol(contract),
            streamer_symbol(contract),
            EQUITY_OPTION,
            product.symbol,
            product.symbol,
            factor,
            contract,
            expiration,
        )

    def options(self, product: Product, moment: datetime, expirations: Sequence[Expiration]) -> Iterator[Instrument]:
        """Return the options of some expirations that have not settled at a moment."""
        listing = self._listing(product)
        for expiration in expirations:
            if expiration.settles_at <= moment:
                continue
            for right in (Right.CALL, Right.PUT):
                span = listing.span(expiration.root, expiration.day, right)
                for index in range(*(span or (0, 0))):
                    yield self.option(product, listing.contract(index), expiration)

    def _listing(self, product: Product) -> Listing:
        return self._markets.book(product.symbol).listing

    def _look_up(self, symbol: str) -> Instrument | None:
        product = PRODUCTS.get(symbol)
        if product is not None and product.sec_type != "FUT":
            return _underlying(product) if product in self._markets.products else None
        if symbol.startswith("/"):
            return next(
                (
                    instrument
                    for instrument in self.underlyings(self._markets.clock.now())
                    if instrument.symbol == symbol
                ),
                None,
            )
        terms = read_option(symbol) or read_future_option(symbol)
        option = None if terms is None else self._option_of(terms)
        return option if option is not None and option.symbol == symbol else None

    def _look_up_streamer(self, symbol: str) -> Instrument | None:
        if symbol.startswith("./"):
            return self._future_option_of_streamer(symbol)
        if symbol.startswith("/"):
            return next(
                (
                    instrument
                    for instrument in self.underlyings(self._markets.clock.now())
                    if instrument.streamer == symbol
                ),
                None,
            )
        terms = read_streamer(symbol)
        if terms is None:
            return None if symbol.startswith(".") else self.find(symbol)
        option = self._option_of(terms)
        return option if option is not None and option.streamer == symbol else None

    def _future_option_of_streamer(self, symbol: str) -> Instrument | None:
        for product in self._markets.products:
            if product.sec_type != "FUT":
                continue
            listing = self._listing(product)
            for expiration in listing.expirations:
                if not symbol.startswith(f"./{expiration.root}"):
                    continue
                for option in self.options(product, self._markets.clock.now(), [expiration]):
                    if option.streamer == symbol:
                        return option
        return None

    def _option_of(self, terms: OptionTerms) -> Instrument | None:
        for product in self._markets.products:
            listing = self._listing(product)
            position = listing.position(terms.root, terms.day)
            if position is None:
                continue
            expiration = listing.expirations[position]
            contract = OptionContract(
                product.symbol, terms.root, terms.day, Right(terms.right), terms.strike, expiration.multiplier
            )
            if listing.find(contract) is not None:
                return self.option(product, contract, expiration)
        return None

    # trading

    def trades_until(self, instrument: Instrument) -> datetime | None:
        """Return when an option or future stops trading: AM-settled ones on indexes at the close of the day before."""
        calendar = self._markets.calendar
        if instrument.expiration is not None:
            if instrument.expiration.settlement is Settlement.PM or instrument.future is not None:
                return instrument.expiration.settles_at
            session = calendar.session(calendar.previous_trading_day(instrument.expiration.day))
            return instrument.expiration.settles_at if session is None else session[1]
        if instrument.future is not None:
            session = calendar.session(instrument.future.last_day)
            return None if session is None else session[0]
        return None

    def alive(self, instrument: Instrument, moment: datetime) -> bool:
        """Whether an instrument still trades."""
        until = self.trades_until(instrument)
        return until is None or moment < until


def _underlying(product: Product) -> Instrument:
    kind = INDEX if product.sec_type == "IND" else EQUITY
    return Instrument(product.symbol, product.symbol, kind, product.symbol, product.symbol, Decimal(1))
