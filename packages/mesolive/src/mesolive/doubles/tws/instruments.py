"""Contracts of the double of TWS with their conIds: underlyings, futures and options, and the search for them."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Final

import msgspec

from mesolive.doubles.markets import Markets
from mesolive.doubles.products import PRODUCTS, FutureMonth, Product, future_of
from mesolive.doubles.tws.wire_contract import ContractQuery
from mesolive.market.calendar import settlement_instant
from mesolive.market.contracts import Expiration, OptionContract, Right, Settlement

BAG_CON_ID: Final = 28812380
"""The conId of every combo in US dollars: it identifies nothing."""

OCC_LENGTH: Final = 21

LISTED_FUTURES: Final = 5
"""How many quarterly futures are listed."""


class Instrument(msgspec.Struct, frozen=True):
    """A contract that TWS knows.

    Attributes
    ----------
    product
        Symbol of its product; empty for a combo.
    expires
        Exchange-local date of the settlement; the last day of trading is the day before for AM-settled options.
    last_trade
        The last day of trading.
    option
        The contract in the market's terms; `None` for what is not an option.
    """

    con_id: int
    product: str
    symbol: str
    sec_type: str
    exchange: str
    local_symbol: str
    trading_class: str
    primary_exchange: str = ""
    currency: str = "USD"
    multiplier: str = ""
    expires: date | None = None
    last_trade: date | None = None
    settles_at: datetime | None = None
    strike: Decimal = Decimal(0)
    right: str = ""
    under_con_id: int = 0
    option: OptionContract | None = None

    @property
    def factor(self) -> Decimal:
        """Units of the underlying per contract; 1 for shares."""
        return Decimal(self.multiplier or 1)


class Instruments:
    """All contracts by conId. A contract has the same conId in every run.

    Parameters
    ----------
    markets
        Whose listings are the options.
    """

    def __init__(self, markets: Markets) -> None:
        self._markets = markets
        self._by_id: dict[int, Instrument] = {}
        self._ids: dict[str, int] = {}
        self._listed: dict[str, object] = {}
        for product in markets.products:
            for underlying in self._underlyings(product):
                self._by_id[underlying.con_id] = underlying

    def adopt(self, instruments: Iterable[Instrument]) -> None:
        """Take contracts of a run before: they keep their conIds, and are known after their expiration."""
        for instrument in instruments:
            self._by_id.setdefault(instrument.con_id, instrument)
            if instrument.option is not None:
                self._ids.setdefault(_key(instrument.option), instrument.con_id)

    def known(self, con_id: int) -> Instrument | None:
        """Return the contract of a conId, expired ones included; `None` when there is none."""
        instrument = self._by_id.get(con_id)
        if instrument is None:
            for product in self._markets.products:
                self._register(product)
            instrument = self._by_id.get(con_id)
        return instrument

    def alive(self, instrument: Instrument, now: datetime) -> bool:
        """Whether a contract still trades: not after the close of its last trading day."""
        if instrument.last_trade is None:
            return True
        if instrument.settles_at is None or instrument.settles_at <= now:
            return False
        if instrument.last_trade == instrument.expires:
            return True
        session = self._markets.calendar.session(instrument.last_trade)
        return session is None or now < session[1]

    def of_option(self, contract: OptionContract, expiration: Expiration) -> Instrument:
        """Return the instrument of a listed option."""
        key = _key(contract)
        con_id = self._ids.get(key)
        if con_id is None:
            con_id = self._free_id(key)
            self._ids[key] = con_id
            self._by_id[con_id] = self._option(con_id, contract, expiration)
        return self._by_id[con_id]

    def find(self, query: ContractQuery, now: datetime) -> list[Instrument]:
        """Return what matches a partly filled contract and still trades, in the order of the listing.

        A conId decides alone; its other fields must then not contradict it.
        """
        if query.con_id:
            instrument = self.known(query.con_id)
            if instrument is None or not self.alive(instrument, now) or not matches(instrument, query):
                return []
            return [instrument]
        return [instrument for instrument in self._candidates(query) if self.alive(instrument, now)]

    def conflicts(self, query: ContractQuery) -> bool:
        """Whether other fields of a contract contradict its conId (error 478)."""
        instrument = self.known(query.con_id) if query.con_id else None
        return instrument is not None and not matches(instrument, query)

    def _candidates(self, query: ContractQuery) -> Iterator[Instrument]:
        for product in self._markets.products:
            # A local symbol alone names its contract; otherwise the symbol of the underlying is needed.
            if query.symbol != product.symbol and (query.symbol or not query.local_symbol):
                continue
            if query.sec_type in {"", product.sec_type}:
                yield from (instrument for instrument in self._underlyings(product) if matches(instrument, query))
            if query.sec_type in {"", product.option_sec_type}:
                yield from self._options(product, query)

    def _options(self, product: Product, query: ContractQuery) -> Iterator[Instrument]:
        listing = self._markets.book(product.symbol).listing
        for position, expiration in enumerate(listing.expirations):
            if query.trading_class and query.trading_class != expiration.root:
                continue
            if query.last_trade and not self._on(product, expiration, query.last_trade):
                continue
            # TWS finds a contract by its symbol at once: no others are made for it.
            occ = len(query.local_symbol) == OCC_LENGTH and product.sec_type != "FUT"
            if occ and not query.local_symbol.startswith(f"{expiration.root:<6}{expiration.day:%y%m%d}"):
                continue
            start, middle, end = listing.bounds[position]
            first, last = {"C": (start, middle), "P": (middle, end)}.get(query.right, (start, end))
            for index in range(first, last):
                if query.strike is not None and listing.strike(index) != query.strike:
                    continue
                instrument = self.of_option(listing.contract(index), expiration)
                if matches(instrument, query):
                    yield instrument

    def _on(self, product: Product, expiration: Expiration, text: str) -> bool:
        del product
        return f"{self._last_trade(expiration):%Y%m%d}".startswith(text)

    def _last_trade(self, expiration: Expiration) -> date:
        if expiration.settlement is Settlement.AM:
            return self._markets.calendar.previous_trading_day(expiration.day)
        return expiration.day

    def _register(self, product: Product) -> None:
        listing = self._markets.book(product.symbol).listing
        if self._listed.get(product.symbol) is listing:
            return
        self._listed[product.symbol] = listing
        for expiration, (start, _, end) in zip(listing.expirations, listing.bounds, strict=True):
            for index in range(start, end):
                self.of_option(listing.contract(index), expiration)

    def _free_id(self, key: str) -> int:
        """Return a conId that follows from the contract alone; of two with the same, the later has the next free."""
        salt = 0
        while True:
            number = 600_000_000 + zlib.crc32(f"{key}/{salt}".encode()) % 1_400_000_000
            if number not in self._by_id:
                return number
            salt += 1

    def _option(self, con_id: int, contract: OptionContract, expiration: Expiration) -> Instrument:
        product = PRODUCTS[contract.underlying]
        under = product.con_id
        local = f"{contract.root:<6}{contract.day:%y%m%d}{contract.right.value}{int(contract.strike * 1000):08d}"
        if product.sec_type == "FUT":
            future = future_of(contract.day)
            under = future_con_id(product, future)
            local = f"{contract.root}{future.code} {contract.right.value}{contract.strike.normalize():f}"
        return Instrument(
            con_id=con_id,
            product=product.symbol,
            symbol=product.symbol,
            sec_type=product.option_sec_type,
            exchange=product.option_exchanges[0],
            local_symbol=local,
            trading_class=contract.root,
            multiplier=f"{product.multiplier}",
            expires=contract.day,
            last_trade=self._last_trade(expiration),
            settles_at=expiration.settles_at,
            strike=contract.strike,
            right=contract.right.value,
            under_con_id=under,
            option=contract,
        )

    def _underlyings(self, product: Product) -> list[Instrument]:
        if product.sec_type == "FUT":
            return self._futures(product)
        return [
            Instrument(
                con_id=product.con_id,
                product=product.symbol,
                symbol=product.symbol,
                sec_type=product.sec_type,
                exchange=product.exchange,
                primary_exchange=product.primary_exchange,
                local_symbol=product.symbol,
                trading_class=product.symbol if product.sec_type == "IND" else "NMS",
            )
        ]

    def _futures(self, product: Product) -> list[Instrument]:
        day = self._markets.today(self._markets.clock.now())
        futures: list[Instrument] = []
        for _ in range(LISTED_FUTURES):
            month = future_of(day)
            con_id = future_con_id(product, month)
            futures.append(
                self._by_id.get(con_id)
                or Instrument(
                    con_id=con_id,
                    product=product.symbol,
                    symbol=product.symbol,
                    sec_type="FUT",
                    exchange=product.exchange,
                    local_symbol=f"{product.symbol}{month.code}",
                    trading_class=product.symbol,
                    multiplier=f"{product.multiplier}",
                    expires=month.last_day,
                    last_trade=month.last_day,
                    settles_at=settlement_instant("ES", month.last_day, Settlement.AM, self._markets.calendar),
                )
            )
            self._by_id.setdefault(con_id, futures[-1])
            day = date.fromordinal(month.last_day.toordinal() + 1)
        return futures


def future_con_id(product: Product, month: FutureMonth) -> int:
    """Return the conId of a quarterly future."""
    return product.con_id + month.year % 100 * 12 + month.month


def matches(instrument: Instrument, query: ContractQuery) -> bool:
    """Whether every field that a partly filled contract has is that of the instrument."""
    day = "" if instrument.last_trade is None else f"{instrument.last_trade:%Y%m%d}"
    exchanges = {"SMART", instrument.exchange, instrument.primary_exchange, *_exchanges(instrument)}
    if instrument.sec_type in {"FOP", "FUT"}:
        exchanges.discard("SMART")
    return all(
        (
            query.symbol in {"", instrument.symbol},
            query.sec_type in {"", instrument.sec_type},
            not query.last_trade or day.startswith(query.last_trade),
            query.strike is None or query.strike == instrument.strike,
            query.right in {"", instrument.right},
            query.multiplier in {"", instrument.multiplier},
            not query.exchange or query.exchange in exchanges,
            query.currency in {"", instrument.currency},
            query.local_symbol in {"", instrument.local_symbol},
            not query.trading_class or query.trading_class == instrument.trading_class,
        )
    )


def _exchanges(instrument: Instrument) -> tuple[str, ...]:
    product = PRODUCTS.get(instrument.product)
    if product is None:
        return ()
    return tuple(product.option_exchanges) if instrument.option is not None else (product.exchange,)


def _key(contract: OptionContract) -> str:
    right = "C" if contract.right is Right.CALL else "P"
    return f"{contract.underlying}/{contract.root}/{contract.day}/{contract.strike.normalize():f}{right}"
