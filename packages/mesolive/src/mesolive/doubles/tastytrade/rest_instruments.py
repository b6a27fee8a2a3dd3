"""REST operations of the double of tastytrade for chains, instruments, quotes and sessions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from typing import Final

from mesolive.doubles.products import PRODUCTS, Product
from mesolive.doubles.tastytrade.chains import Chains, equity_view, future_view, whole_future_product_view
from mesolive.doubles.tastytrade.desk import Desk
from mesolive.doubles.tastytrade.instruments import FUTURE_OPTION, Instrument
from mesolive.doubles.tastytrade.matching import quote_of
from mesolive.doubles.tastytrade.order_request import Refusal, invalid
from mesolive.doubles.tastytrade.rest import Answer, Operation, Request, page
from mesolive.doubles.tastytrade.values import JsonObject, amount, moment
from mesolive.market.calendar import NEW_YORK

MAX_QUOTED: Final = 100
"""Symbols in one request for quotes."""

QUOTED_KINDS: Final = (
    ("index", "Index"),
    ("equity", "Equity"),
    ("equity-option", "Equity Option"),
    ("future", "Future"),
    ("future-option", "Future Option"),
)
PRE_MARKET: Final = time(4, 0)
EXTENDED_END: Final = time(20, 0)


class InstrumentOperations:
    """The operations on instruments."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.chains = Chains(desk)

    def all(self) -> Sequence[Operation]:
        """Return them; paths without parts come first."""
        chain, futures_chain = "/option-chains/{symbol}", "/futures-option-chains/{symbol}"
        things = "/instruments"
        return (
            Operation("nested_chain", "GET", f"{chain}/nested", self._nested, 2),
            Operation("compact_chain", "GET", f"{chain}/compact", self._compact, 2),
            Operation("detailed_chain", "GET", chain, self._detailed, 2),
            Operation("nested_futures_chain", "GET", f"{futures_chain}/nested", self._nested_futures, 2),
            Operation("futures_chain", "GET", futures_chain, self._futures_chain, 2),
            Operation("equities", "GET", f"{things}/equities", self._equities, 3),
            Operation("active_equities", "GET", f"{things}/equities/active", self._active_equities, 3),
            Operation("equity", "GET", f"{things}/equities/{{symbol}}", self._equity, 3),
            Operation("equity_options", "GET", f"{things}/equity-options", self._options, 3),
            Operation("equity_option", "GET", f"{things}/equity-options/{{symbol}}", self._option, 3),
            Operation("futures", "GET", f"{things}/futures", self._futures, 1),
            Operation("future", "GET", f"{things}/futures/{{symbol:path}}", self._future, 1),
            Operation("future_options", "GET", f"{things}/future-options", self._options, 3),
            Operation("future_option", "GET", f"{things}/future-options/{{symbol:path}}", self._option, 3),
            Operation("future_products", "GET", f"{things}/future-products", self._future_products, 1),
            Operation("future_product", "GET", f"{things}/future-products/{{exchange}}/{{code}}", self._product, 1),
            Operation("precisions", "GET", f"{things}/quantity-decimal-precisions", self._precisions, 1),
            Operation("warrants", "GET", f"{things}/warrants", self._warrants, 1),
            Operation("warrant", "GET", f"{things}/warrants/{{symbol}}", self._warrant, 1),
            Operation("market_data", "GET", "/market-data/by-type", self._market_data, 2),
            Operation("session", "GET", "/market-time/sessions/current", self._session, 2),
        )

    def _product_of(self, request: Request, *, futures: bool) -> Product:
        symbol = request.path["symbol"].lstrip("/").upper()
        product = PRODUCTS.get(symbol)
        known = product is not None and product in self._desk.markets.products
        if product is None or not known or (product.sec_type == "FUT") != futures:
            raise Refusal(404, "record_not_found", f"Couldn't find a chain of {symbol}")
        return product

    def _nested(self, request: Request) -> Answer:
        return Answer(self.chains.nested(self._product_of(request, futures=False)))

    def _compact(self, request: Request) -> Answer:
        return Answer(self.chains.compact(self._product_of(request, futures=False)))

    def _detailed(self, request: Request) -> Answer:
        return Answer(self.chains.detailed(self._product_of(request, futures=False)))

    def _nested_futures(self, request: Request) -> Answer:
        return Answer(self.chains.nested_futures(self._product_of(request, futures=True)))

    def _futures_chain(self, request: Request) -> Answer:
        return Answer(self.chains.detailed(self._product_of(request, futures=True)))

    # instruments

    def _shares(self) -> list[Product]:
        return [product for product in self._desk.markets.products if product.sec_type != "FUT"]

    def _equities(self, request: Request) -> Answer:
        wanted, index = request.many("symbol"), request.parameter("is-index")
        return Answer(
            [
                equity_view(product)
                for product in self._shares()
                if (not wanted or product.symbol in wanted)
                and (index is None or (index == "true") == (product.sec_type == "IND"))
            ]
        )

    def _active_equities(self, request: Request) -> Answer:
        return page(request, [equity_view(product) for product in self._shares()], size=1000, maximum=1000)

    def _equity(self, request: Request) -> Answer:
        for product in self._shares():
            if product.symbol == request.path["symbol"]:
                return Answer(equity_view(product))
        raise _unknown(request.path["symbol"])

    def _options(self, request: Request) -> Answer:
        wanted = request.many("symbol")
        if not wanted:
            raise invalid("symbol", "is missing")
        instruments = [self._desk.instruments.find(symbol) for symbol in sorted(wanted)]
        return Answer(
            [
                self._option_view(instrument)
                for instrument in instruments
                if instrument is not None and instrument.option is not None
            ]
        )

    def _option(self, request: Request) -> Answer:
        symbol = request.path["symbol"]
        instrument = self._desk.instruments.find(symbol)
        if instrument is None or instrument.option is None:
            raise _unknown(symbol)
        return Answer(self._option_view(instrument))

    def _option_view(self, instrument: Instrument) -> JsonObject:
        view = self.chains.option_view(instrument)
        if instrument.kind == FUTURE_OPTION:
            del view["streamer-symbol"]
        return view

    def _futures_views(self) -> Iterator[tuple[Instrument, JsonObject]]:
        desk = self._desk
        for product in desk.markets.products:
            if product.sec_type != "FUT":
                continue
            listed = list(desk.instruments.futures(product, desk.now()))
            for place, instrument in enumerate(listed):
                following = listed[min(place + 1, len(listed) - 1)].symbol
                yield instrument, future_view(desk, product, instrument, following, active=place == 0)

    def _futures(self, request: Request) -> Answer:
        wanted, codes = request.many("symbol"), request.many("product-code")
        return Answer(
            [
                view
                for future, view in self._futures_views()
                if (not wanted or future.symbol in wanted) and (not codes or future.product in codes)
            ]
        )

    def _future(self, request: Request) -> Answer:
        symbol = "/" + request.path["symbol"].lstrip("/")
        for future, view in self._futures_views():
            if future.symbol == symbol:
                return Answer(view)
        raise _unknown(symbol)

    def _future_product_views(self) -> list[JsonObject]:
        views: list[JsonObject] = []
        for product in self._desk.markets.products:
            if product.sec_type == "FUT":
                listing = self._desk.markets.book(product.symbol).listing
                roots = sorted({expiration.root for expiration in listing.expirations})
                views.append(whole_future_product_view(product, roots))
        return views

    def _future_products(self, request: Request) -> Answer:
        del request
        return Answer(self._future_product_views())

    def _product(self, request: Request) -> Answer:
        for view in self._future_product_views():
            if view["code"] == request.path["code"] and view["exchange"] == request.path["exchange"]:
                return Answer(view)
        raise _unknown(request.path["code"])

    def _precisions(self, request: Request) -> Answer:
        del request
        row = {"instrument-type": "Cryptocurrency", "symbol": "BTC/USD", "value": 8, "minimum-increment-precision": 6}
        return Answer([row])

    def _warrants(self, request: Request) -> Answer:
        del request
        return Answer([_WARRANT])

    def _warrant(self, request: Request) -> Answer:
        if request.path["symbol"] != _WARRANT["symbol"]:
            raise _unknown(request.path["symbol"])
        return Answer(_WARRANT)

    # quotes and sessions

    def _market_data(self, request: Request) -> Answer:
        asked = [(symbol, kind) for name, kind in QUOTED_KINDS for symbol in self._symbols(request, name)]
        if len(asked) > MAX_QUOTED:
            raise invalid("symbols", f"must be at most {MAX_QUOTED}")
        views: list[object] = []
        for symbol, kind in asked:
            instrument = self._desk.instruments.find(symbol)
            if instrument is not None and instrument.kind == kind:
                views.append(self._quote_view(instrument))
        return Answer(views)

    def _symbols(self, request: Request, name: str) -> list[str]:
        return [symbol for text in sorted(request.many(name)) for symbol in text.split(",") if symbol]

    def _quote_view(self, instrument: Instrument) -> JsonObject:
        desk = self._desk
        view: JsonObject = {"symbol": instrument.symbol, "instrument-type": instrument.kind}
        view["updated-at"] = moment(desk.now())
        quote = quote_of(desk, instrument)
        if quote is not None:
            prices = {"bid": quote.bid, "ask": quote.ask, "last": quote.last, "mid": quote.middle}
            prices["mark"] = quote.middle
            view |= {name: amount(price) for name, price in prices.items() if price is not None}
            view |= {"bid-size": amount_of(quote.bid_size), "ask-size": amount_of(quote.ask_size)}
        if instrument.option is None:
            state = desk.markets.view(instrument.product).underlying
            if state.previous_close is not None:
                view |= {"prev-close": f"{state.previous_close:.2f}", "close-price-type": "Final"}
            if state.today_open is not None:
                view["open"] = f"{state.today_open:.2f}"
        view |= {"is-trading-halted": False, "halt-start-time": -1, "halt-end-time": -1}
        return view

    def _session(self, request: Request) -> Answer:
        collections = request.many("instrument-collections") or frozenset({"Equity"})
        return Answer([self._session_view(name) for name in sorted(collections)])

    def _session_view(self, collection: str) -> JsonObject:
        desk = self._desk
        calendar, now = desk.markets.calendar, desk.now()
        today = desk.today()
        session = calendar.session(today)
        view: JsonObject = {"instrument-collection": collection, "state": self._state(now)}
        if session is not None:
            view |= self._times(session)
        after = calendar.session(calendar.next_trading_day(today))
        before = calendar.session(calendar.previous_trading_day(today))
        if after is not None:
            view["next-session"] = self._times(after)
        if before is not None:
            view["previous-session"] = self._times(before)
        return view

    def _times(self, session: tuple[datetime, datetime]) -> JsonObject:
        opening, close = session
        day = opening.astimezone(NEW_YORK).date()
        return {
            "session-date": day.isoformat(),
            "start-at": moment(datetime.combine(day, PRE_MARKET, NEW_YORK)),
            "open-at": moment(opening),
            "close-at": moment(close),
            "close-at-ext": moment(max(close, datetime.combine(day, EXTENDED_END, NEW_YORK))),
            "instrument-collection": "Equity",
        }

    def _state(self, now: datetime) -> str:
        if self._desk.is_open():
            return "Open"
        session = self._desk.markets.calendar.session(self._desk.today())
        if session is None:
            return "Closed"
        local = now.astimezone(NEW_YORK)
        if now < session[0]:
            return "Pre-market" if local.time() >= PRE_MARKET else "Closed"
        return "Extended" if now < session[1] + timedelta(hours=4) else "Closed"


_WARRANT: Final[JsonObject] = {
    "symbol": "DOUBW",
    "instrument-type": "Warrant",
    "listed-market": "XNAS",
    "description": "Double Corporation - Warrant expiring 6/3/2030",
    "is-closing-only": False,
    "active": False,
}


def amount_of(size: int) -> str:
    """Return a size as answers have it."""
    return f"{size}.0"


def _unknown(symbol: str) -> Refusal:
    return Refusal(404, "record_not_found", f"Couldn't find the instrument {symbol}")
