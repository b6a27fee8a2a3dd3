"""Market data events of the double of tastytrade: the values of Quote, Trade, Summary, Profile, Greeks and others."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Final

from mesolive.doubles.products import PRODUCTS
from mesolive.doubles.tastytrade.desk import Desk
from mesolive.doubles.tastytrade.instruments import INDEX, Instrument
from mesolive.doubles.tastytrade.matching import quote_of
from mesolive.doubles.tastytrade.values import JsonObject, millis
from mesolive.market.listing import Listing

Event = dict[str, object]

FIELDS: Final[Mapping[str, Sequence[str]]] = {
    name: ("eventType", "eventSymbol", "eventTime", *fields.split())
    for name, fields in {
        "Quote": "sequence timeNanoPart bidTime bidExchangeCode bidPrice bidSize askTime askExchangeCode askPrice"
        " askSize",
        "Trade": "time timeNanoPart sequence exchangeCode price change size dayId dayVolume dayTurnover tickDirection"
        " extendedTradingHours",
        "TradeETH": "time timeNanoPart sequence exchangeCode price change size dayId dayVolume dayTurnover"
        " tickDirection extendedTradingHours",
        "Summary": "dayId dayOpenPrice dayHighPrice dayLowPrice dayClosePrice dayClosePriceType prevDayId"
        " prevDayClosePrice prevDayClosePriceType prevDayVolume openInterest",
        "Profile": "description shortSaleRestriction tradingStatus statusReason haltStartTime haltEndTime"
        " highLimitPrice lowLimitPrice high52WeekPrice low52WeekPrice beta earningsPerShare dividendFrequency"
        " exDividendAmount exDividendDayId shares freeFloat",
        "Greeks": "eventFlags index time sequence price volatility delta gamma theta rho vega",
        "TheoPrice": "eventFlags index time sequence price underlyingPrice delta gamma dividend interest",
        "Underlying": "eventFlags index time sequence volatility frontVolatility backVolatility callVolume putVolume"
        " putCallRatio",
        "Candle": "eventFlags index time sequence count open high low close volume VWAP bidVolume askVolume"
        " impVolatility openInterest",
        "TimeAndSale": "eventFlags index time timeNanoPart sequence exchangeCode price size bidPrice askPrice"
        " exchangeSaleConditions tradeThroughExempt aggressorSide spreadLeg extendedTradingHours validTick type",
    }.items()
}
"""The fields of each type of event, in the order in which they come when none is asked for."""

_SNAPSHOT_BEGIN: Final = 4
_SNAPSHOT_END: Final = 8


class _Table:
    """Quotes of a whole chain as lists, read once per look at the market."""

    def __init__(self, listing: Listing, columns: Sequence[Sequence[float]]) -> None:
        self.listing = listing
        self.bid, self.ask, self.bid_size, self.ask_size = columns


class MarketEvents:
    """Makes events of the market.

    Parameters
    ----------
    desk
        The market and its instruments.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._tables: dict[str, tuple[int, _Table]] = {}
        self._places: dict[str, tuple[Listing, int | None]] = {}
        self._makers: Mapping[str, Callable[[Instrument], Event | None]] = {
            "Quote": self._quote,
            "Trade": self._trade,
            "TradeETH": self._trade,
            "Summary": self._summary,
            "Profile": self._profile,
            "Greeks": self._greeks,
            "TheoPrice": self._theo,
            "Underlying": self._underlying,
        }

    def event(self, kind: str, symbol: str) -> Event | None:
        """Return the latest event of a type and symbol, without its type and symbol; `None` when there is none."""
        maker = self._makers.get(kind)
        instrument = None if maker is None else self._desk.instruments.of_streamer(symbol)
        return None if maker is None or instrument is None else maker(instrument)

    def candles(self, symbol: str, start: datetime) -> list[Event]:
        """Return the daily candles of an underlying from a moment on, the newest first; other periods have none."""
        name, _, rest = symbol.partition("{=")
        instrument = self._desk.instruments.of_streamer(name)
        period = rest.rstrip("}").partition(",")[0]
        if instrument is None or instrument.option is not None or period not in {"d", "1d"}:
            return []
        history = self._desk.markets.book(instrument.product).history
        candles: list[Event] = []
        for day in history.days:
            at = datetime.combine(day.day, time(), UTC)
            if at < start or day.close is None:
                continue
            opened = day.close if day.open is None else day.open
            candles.append(
                {
                    "eventFlags": 0,
                    "index": millis(at) << 22,
                    "time": millis(at),
                    "sequence": 0,
                    "count": 1,
                    "open": opened,
                    "high": max(opened, day.close),
                    "low": min(opened, day.close),
                    "close": day.close,
                    "volume": math.nan,
                    "VWAP": math.nan,
                    "bidVolume": math.nan,
                    "askVolume": math.nan,
                    "impVolatility": math.nan if day.iv is None else day.iv,
                    "openInterest": math.nan,
                }
            )
        candles.reverse()
        if candles:
            candles[0]["eventFlags"] = _SNAPSHOT_BEGIN
            candles[-1]["eventFlags"] = _SNAPSHOT_END | (_SNAPSHOT_BEGIN if len(candles) == 1 else 0)
        return candles

    def _quote(self, instrument: Instrument) -> Event | None:
        if instrument.option is not None:
            prices = self._option_prices(instrument)
        else:
            quote = quote_of(self._desk, instrument)
            if quote is None or (quote.bid is None and quote.ask is None):
                return None
            sizes = (math.nan, math.nan) if instrument.kind == INDEX else (float(quote.bid_size), float(quote.ask_size))
            bid = math.nan if quote.bid is None else float(quote.bid)
            ask = math.nan if quote.ask is None else float(quote.ask)
            prices = (bid, ask, *sizes)
        if prices is None:
            return None
        bid, ask, bid_size, ask_size = prices
        code = "C" if instrument.option is not None else "Q"
        return {
            "sequence": 0,
            "timeNanoPart": 0,
            "bidTime": 0,
            "bidExchangeCode": code,
            "bidPrice": bid,
            "bidSize": bid_size,
            "askTime": 0,
            "askExchangeCode": code,
            "askPrice": ask,
            "askSize": ask_size,
        }

    def _option_prices(self, instrument: Instrument) -> tuple[float, float, float, float] | None:
        """Return bid, offer and their sizes of an option."""
        view = self._desk.markets.view(instrument.product)
        cached = self._tables.get(instrument.product)
        if cached is None or cached[0] != view.version or cached[1].listing is not view.listing:
            values = view.columns.values
            columns = [values["bid"], values["ask"], values["bid_size"], values["ask_size"]]
            cached = (view.version, _Table(view.listing, [column.tolist() for column in columns]))
            self._tables[instrument.product] = cached
        table = cached[1]
        place = self._places.get(instrument.symbol)
        if place is None or place[0] is not table.listing:
            index = None if instrument.option is None else table.listing.find(instrument.option)
            place = self._places[instrument.symbol] = (table.listing, index)
        at = place[1]
        if at is None or (instrument.expiration is not None and instrument.expiration.settles_at <= self._desk.now()):
            return None
        return table.bid[at], table.ask[at], table.bid_size[at], table.ask_size[at]

    def _trade(self, instrument: Instrument) -> Event | None:
        quote = quote_of(self._desk, instrument)
        if quote is None:
            return None
        last = math.nan if quote.last is None else float(quote.last)
        today = self._desk.today()
        return {
            "time": 0 if quote.last is None else millis(self._desk.now()),
            "timeNanoPart": 0,
            "sequence": 0,
            "exchangeCode": "C",
            "price": last,
            "change": 0.0,
            "size": math.nan if instrument.kind == INDEX else 1.0,
            "dayId": _day_id(today),
            "dayVolume": math.nan if instrument.kind == INDEX else 100.0,
            "dayTurnover": math.nan,
            "tickDirection": "UNDEFINED",
            "extendedTradingHours": False,
        }

    def _summary(self, instrument: Instrument) -> Event | None:
        today = self._desk.today()
        before = self._desk.markets.calendar.previous_trading_day(today)
        values: Event = {
            "dayId": _day_id(today),
            "dayOpenPrice": math.nan,
            "dayHighPrice": math.nan,
            "dayLowPrice": math.nan,
            "dayClosePrice": math.nan,
            "dayClosePriceType": "REGULAR",
            "prevDayId": _day_id(before),
            "prevDayClosePrice": math.nan,
            "prevDayClosePriceType": "FINAL",
            "prevDayVolume": math.nan,
            "openInterest": 0,
        }
        if instrument.option is None:
            state = self._desk.markets.view(instrument.product).underlying
            values["dayOpenPrice"] = math.nan if state.today_open is None else round(state.today_open, 2)
            if state.previous_close is not None:
                values["prevDayClosePrice"] = round(state.previous_close, 2)
        return values

    def _profile(self, instrument: Instrument) -> Event | None:
        names = FIELDS["Profile"][3:]
        values: Event = dict.fromkeys(names, math.nan)
        return values | {
            "description": PRODUCTS[instrument.product].name,
            "shortSaleRestriction": "UNDEFINED",
            "tradingStatus": "ACTIVE" if self._desk.is_open() else "UNDEFINED",
            "statusReason": None,
            "haltStartTime": 0,
            "haltEndTime": 0,
            "exDividendDayId": 0,
        }

    def _greeks(self, instrument: Instrument) -> Event | None:
        model = None if instrument.option is None else self._desk.markets.model(instrument.option)
        if model is None:
            return None
        now = millis(self._desk.now())
        return {
            "eventFlags": 0,
            "index": now << 22,
            "time": now,
            "sequence": 0,
            "price": model.price,
            "volatility": model.iv,
            "delta": model.delta,
            "gamma": model.gamma,
            "theta": model.theta,
            "rho": math.nan,
            "vega": model.vega,
        }

    def _theo(self, instrument: Instrument) -> Event | None:
        model = None if instrument.option is None else self._desk.markets.model(instrument.option)
        if model is None:
            return None
        now = millis(self._desk.now())
        return {
            "eventFlags": 0,
            "index": now << 22,
            "time": now,
            "sequence": 0,
            "price": model.price,
            "underlyingPrice": model.spot,
            "delta": model.delta,
            "gamma": model.gamma,
            "dividend": 0.0,
            "interest": 0.0,
        }

    def _underlying(self, instrument: Instrument) -> Event | None:
        if instrument.option is not None:
            return None
        state = self._desk.markets.view(instrument.product).underlying
        now = millis(self._desk.now())
        iv = math.nan if state.iv is None else state.iv
        values: Event = {"eventFlags": 0, "index": now << 22, "time": now, "sequence": 0}
        return values | {
            "volatility": iv,
            "frontVolatility": iv,
            "backVolatility": math.nan,
            "callVolume": math.nan,
            "putVolume": math.nan,
            "putCallRatio": math.nan,
        }


def plain(value: object) -> object:
    """Return a value as JSON of DXLink has it: NaN and infinities are texts."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"  # noqa: PLR0124 - NaN
    return value


def as_objects(events: Sequence[tuple[str, str, Event]], fields: Mapping[str, Sequence[str]]) -> list[JsonObject]:
    """Return events in the format FULL; a field without a value is left out."""
    plain_events: list[JsonObject] = []
    for kind, symbol, event in events:
        whole: Event = {"eventType": kind, "eventSymbol": symbol, "eventTime": 0, **event}
        plain_events.append({name: plain(whole[name]) for name in fields[kind] if whole.get(name) is not None})
    return plain_events


def as_lists(events: Sequence[tuple[str, str, Event]], fields: Mapping[str, Sequence[str]]) -> list[object]:
    """Return events in the format COMPACT: each type, and one list of the values of all its events."""
    lists: dict[str, list[object]] = {}
    for kind, symbol, event in events:
        values = lists.setdefault(kind, [])
        for name in fields[kind]:
            if name == "eventType":
                values.append(kind)
            elif name == "eventSymbol":
                values.append(symbol)
            else:
                values.append(plain(event.get(name, 0)))
    return [part for kind, values in lists.items() for part in (kind, values)]


def _day_id(day: date) -> int:
    return (day - date(1970, 1, 1)).days
