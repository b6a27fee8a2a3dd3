"""Chains and instruments as the double of tastytrade shows them: nested, detailed and compact, equities and futures."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from mesolive.doubles.products import MARKET_RULES, Product
from mesolive.doubles.tastytrade.desk import Desk
from mesolive.doubles.tastytrade.instruments import Instrument
from mesolive.doubles.tastytrade.symbols import MONTHS, series_of
from mesolive.doubles.tastytrade.values import JsonObject, amount, moment
from mesolive.market.contracts import ExerciseStyle, Expiration, Right

QUARTERLY: Final = "Quarterly"
EXPIRATION_OF_ROOT: Final = {"EW": "End-Of-Month", "ES": "Regular", "EYC": "Regular"}


def ticks_view(rule: int) -> list[JsonObject]:
    """Return the tick sizes of single options: each holds for prices below its threshold."""
    steps = MARKET_RULES[rule]
    view: list[JsonObject] = []
    for place, (_, step) in enumerate(steps):
        entry: JsonObject = {"value": str(step)}
        if place + 1 < len(steps):
            entry["threshold"] = amount(Decimal(repr(steps[place + 1][0])))
        view.append(entry)
    return view


def expiration_type(expiration: Expiration) -> str:
    """Return the kind of an expiration."""
    day = expiration.day
    if expiration.root in EXPIRATION_OF_ROOT:
        return EXPIRATION_OF_ROOT[expiration.root]
    if day.weekday() == 4 and 15 <= day.day <= 21:
        return "Regular"
    return "End-Of-Month" if day.day >= 28 and day.month % 3 else "Quarterly" if day.day >= 28 else "Weekly"


class Chains:
    """The chains of all products."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._cached: dict[str, tuple[object, datetime, list[JsonObject]]] = {}

    def nested(self, product: Product) -> list[JsonObject]:
        """Return the chain with its expirations and strikes nested: one item per root."""
        listing = self._desk.markets.book(product.symbol).listing
        now = self._desk.now()
        cached = self._cached.get(product.symbol)
        if cached is not None and cached[0] is listing and self._settled_since(product, cached[1], now) == 0:
            return cached[2]
        roots: dict[str, list[Expiration]] = defaultdict(list)
        for expiration in self._alive(product):
            roots[expiration.root].append(expiration)
        items: list[JsonObject] = []
        for root, expirations in roots.items():
            days = [self._expiration_view(product, expiration) for expiration in expirations]
            items.append(
                {
                    "underlying-symbol": product.symbol,
                    "root-symbol": root,
                    "option-chain-type": "Standard",
                    "shares-per-contract": product.multiplier,
                    "tick-sizes": ticks_view(product.market_rule),
                    "deliverables": [_deliverable(product, root)],
                    "expirations": days,
                }
            )
        self._cached[product.symbol] = (listing, now, items)
        return items

    def nested_futures(self, product: Product) -> JsonObject:
        """Return the chain of a product of futures: the futures, and the expirations of the options on them."""
        desk = self._desk
        futures: list[JsonObject] = []
        for instrument in desk.instruments.futures(product, desk.now()):
            if instrument.future is None:
                continue
            day = instrument.future.last_day
            futures.append(
                {
                    "symbol": instrument.symbol,
                    "root-symbol": f"/{product.symbol}",
                    "expiration-date": day.isoformat(),
                    "days-to-expiration": (day - desk.today()).days,
                    "active-month": not futures,
                    "next-active-month": len(futures) == 1,
                    "stops-trading-at": moment(desk.instruments.trades_until(instrument) or desk.now()),
                    "expires-at": moment(desk.instruments.trades_until(instrument) or desk.now()),
                }
            )
        expirations: list[JsonObject] = []
        for expiration in self._alive(product):
            strikes = self._strikes(product, expiration)
            first = next(desk.instruments.options(product, desk.now(), [expiration]))
            contract = first.option
            expirations.append(
                {
                    "underlying-symbol": first.underlying,
                    "root-symbol": f"/{product.symbol}",
                    "option-root-symbol": expiration.root,
                    "option-contract-symbol": series_of(contract) if contract is not None else expiration.root,
                    "asset": product.symbol,
                    "expiration-date": expiration.day.isoformat(),
                    "days-to-expiration": (expiration.day - desk.today()).days,
                    "expiration-type": expiration_type(expiration),
                    "settlement-type": expiration.settlement.value,
                    "notional-value": "0.5",
                    "display-factor": "0.01",
                    "strike-factor": "1.0",
                    "stops-trading-at": moment(expiration.settles_at),
                    "expires-at": moment(expiration.settles_at),
                    "tick-sizes": ticks_view(product.market_rule),
                    "strikes": strikes,
                }
            )
        chain: JsonObject = {
            "underlying-symbol": f"/{product.symbol}",
            "root-symbol": f"/{product.symbol}",
            "exercise-style": "American",
            "expirations": expirations,
        }
        return {"futures": futures, "option-chains": [chain]}

    def detailed(self, product: Product) -> list[JsonObject]:
        """Return every option of a product."""
        desk = self._desk
        options = desk.instruments.options(product, desk.now(), self._alive(product))
        return [self.option_view(option) for option in options]

    def compact(self, product: Product) -> list[JsonObject]:
        """Return the chain as lists of symbols, one item per root and kind of expiration."""
        desk = self._desk
        groups: dict[tuple[str, str], list[Expiration]] = defaultdict(list)
        for expiration in self._alive(product):
            groups[expiration.root, expiration_type(expiration)].append(expiration)
        items: list[JsonObject] = []
        for (root, kind), expirations in groups.items():
            options = list(desk.instruments.options(product, desk.now(), expirations))
            items.append(
                {
                    "underlying-symbol": product.symbol,
                    "root-symbol": root,
                    "option-chain-type": "Standard",
                    "settlement-type": expirations[0].settlement.value,
                    "shares-per-contract": product.multiplier,
                    "expiration-type": kind,
                    "deliverables": [_deliverable(product, root)],
                    "symbols": [option.symbol for option in options],
                    "streamer-symbols": [option.streamer for option in options],
                }
            )
        return items

    def option_view(self, instrument: Instrument) -> JsonObject:
        """Return an option on an index, on shares or on a future."""
        option, expiration = instrument.option, instrument.expiration
        if option is None or expiration is None:
            raise ValueError(f"{instrument.symbol} is no option")
        desk = self._desk
        now = desk.now()
        stops = desk.instruments.trades_until(instrument) or expiration.settles_at
        common: JsonObject = {
            "symbol": instrument.symbol,
            "active": desk.instruments.alive(instrument, now),
            "strike-price": amount(option.strike),
            "underlying-symbol": instrument.underlying,
            "expiration-date": expiration.day.isoformat(),
            "exercise-style": "American" if expiration.style is ExerciseStyle.AMERICAN else "European",
            "option-type": option.right.value,
            "stops-trading-at": moment(stops),
            "days-to-expiration": (expiration.day - desk.today()).days,
            "expires-at": moment(expiration.settles_at),
            "is-closing-only": False,
            "streamer-symbol": instrument.streamer,
        }
        if instrument.future is None:
            return common | {
                "instrument-type": instrument.kind,
                "root-symbol": option.root,
                "shares-per-contract": int(instrument.factor),
                "option-chain-type": "Standard",
                "expiration-type": expiration_type(expiration),
                "settlement-type": expiration.settlement.value,
                "market-time-instrument-collection": "Equity Option",
            }
        series = series_of(option)
        return common | {
            "product-code": instrument.product,
            "root-symbol": f"/{instrument.product}",
            "option-root-symbol": option.root,
            "exchange": "CME",
            "exchange-symbol": f"{series} {option.right.value}{option.strike.normalize():f}",
            "is-vanilla": True,
            "is-primary-deliverable": True,
            "future-price-ratio": "1.0",
            "multiplier": "1.0",
            "underlying-count": "1.0",
            "is-confirmed": True,
            "notional-value": "0.5",
            "display-factor": "0.01",
            "security-exchange": "2",
            "sx-id": "0",
            "settlement-type": "Future",
            "strike-factor": "1.0",
            "maturity-date": expiration.day.isoformat(),
            "is-exercisable-weekly": True,
            "last-trade-time": "0",
            "future-option-product": option_product_view(option.root),
        }

    # parts

    def _alive(self, product: Product) -> Sequence[Expiration]:
        now = self._desk.now()
        listing = self._desk.markets.book(product.symbol).listing
        return [expiration for expiration in listing.expirations if expiration.settles_at > now]

    def _settled_since(self, product: Product, before: datetime, now: datetime) -> int:
        listing = self._desk.markets.book(product.symbol).listing
        today = self._desk.markets.today
        settled = sum(before < expiration.settles_at <= now for expiration in listing.expirations)
        return settled + (today(before) != today(now))

    def _expiration_view(self, product: Product, expiration: Expiration) -> JsonObject:
        return {
            "expiration-type": expiration_type(expiration),
            "expiration-date": expiration.day.isoformat(),
            "days-to-expiration": (expiration.day - self._desk.today()).days,
            "settlement-type": expiration.settlement.value,
            "strikes": self._strikes(product, expiration),
        }

    def _strikes(self, product: Product, expiration: Expiration) -> list[JsonObject]:
        strikes: dict[Decimal, JsonObject] = {}
        for listed in self._desk.instruments.options(product, self._desk.now(), [expiration]):
            if listed.option is None:
                continue
            side = "call" if listed.option.right is Right.CALL else "put"
            entry = strikes.setdefault(listed.option.strike, {"strike-price": amount(listed.option.strike)})
            entry |= {side: listed.symbol, f"{side}-streamer-symbol": listed.streamer}
        return [strikes[strike] for strike in sorted(strikes)]


def equity_view(product: Product) -> JsonObject:
    """Return shares or an index."""
    index = product.sec_type == "IND"
    view: JsonObject = {
        "id": product.con_id % 100_000,
        "symbol": product.symbol,
        "instrument-type": "Index" if index else "Equity",
        "short-description": product.name[:15].upper(),
        "is-index": index,
        "listed-market": {"ARCA": "ARCX", "NASDAQ": "XNAS"}.get(product.primary_exchange, "OTC"),
        "description": product.name.upper(),
        "lendability": "Easy To Borrow",
        "borrow-rate": "0.0",
        "market-time-instrument-collection": "Equity",
        "is-closing-only": False,
        "is-options-closing-only": False,
        "active": True,
        "is-fractional-quantity-eligible": not index,
        "is-illiquid": False,
        "is-etf": product.symbol == "SPY",
        "streamer-symbol": product.symbol,
        "tick-sizes": [{"value": "0.0001", "threshold": "1.0"}, {"value": "0.01"}],
        "option-tick-sizes": ticks_view(product.market_rule),
    }
    return view if index else view | {"cusip": f"{zlib.crc32(product.symbol.encode()) % 10**9:09d}"}


def future_view(desk: Desk, product: Product, instrument: Instrument, following: str, *, active: bool) -> JsonObject:
    """Return a future.

    Parameters
    ----------
    following
        Symbol of the next future.
    active
        Whether it is the nearest one.
    """
    future = instrument.future
    if future is None:
        raise ValueError(f"{instrument.symbol} is no future")
    until = moment(desk.instruments.trades_until(instrument) or desk.now())
    day = future.last_day.isoformat()
    return {
        "symbol": instrument.symbol,
        "product-code": product.symbol,
        "contract-size": amount(Decimal(product.multiplier)),
        "tick-size": "0.25",
        "notional-multiplier": amount(Decimal(product.multiplier)),
        "main-fraction": "0.0",
        "sub-fraction": "0.0",
        "display-factor": "0.01",
        "last-trade-date": day,
        "expiration-date": day,
        "closing-only-date": day,
        "active": True,
        "active-month": active,
        "next-active-month": not active,
        "is-closing-only": False,
        "stops-trading-at": until,
        "expires-at": until,
        "product-group": f"CME_{product.symbol}",
        "exchange": "CME",
        "roll-target-symbol": following,
        "streamer-exchange-code": "XCME",
        "streamer-symbol": instrument.streamer,
        "back-month-first-calendar-symbol": True,
        "is-tradeable": True,
        "future-etf-equivalent": {"symbol": "SPY", "share-quantity": 501},
        "future-product": future_product_view(product) | {"roll": _ROLL},
        "tick-sizes": [{"value": "0.25"}],
        "option-tick-sizes": ticks_view(product.market_rule),
        "spread-tick-sizes": [{"value": "0.05", "symbol": following}],
    }


_ROLL: Final[JsonObject] = {
    "name": "equity_index",
    "active-count": 3,
    "cash-settled": True,
    "business-days-offset": 4,
    "first-notice": False,
}


def future_product_view(product: Product) -> JsonObject:
    """Return a product of futures, without its options."""
    quarters = [MONTHS[month - 1] for month in (3, 6, 9, 12)]
    return {
        "root-symbol": f"/{product.symbol}",
        "code": product.symbol,
        "description": product.name,
        "clearing-code": product.symbol,
        "clearing-exchange-code": "16",
        "clearport-code": product.symbol,
        "legacy-code": product.symbol,
        "exchange": "CME",
        "legacy-exchange-code": "CME",
        "product-type": "Financial",
        "listed-months": quarters,
        "active-months": quarters,
        "notional-multiplier": amount(Decimal(product.multiplier)),
        "tick-size": "0.25",
        "display-factor": "0.01",
        "streamer-exchange-code": "XCME",
        "small-notional": False,
        "back-month-first-calendar-symbol": True,
        "first-notice": False,
        "cash-settled": True,
        "security-group": product.symbol,
        "market-sector": "Equity Index",
    }


def whole_future_product_view(product: Product, roots: Sequence[str]) -> JsonObject:
    """Return a product of futures with the roots of its options and its roll."""
    options = [option_product_view(root) for root in roots]
    return future_product_view(product) | {"option-products": options, "roll": _ROLL}


def option_product_view(root: str) -> JsonObject:
    """Return a root of options on futures."""
    return {
        "root-symbol": root,
        "cash-settled": False,
        "code": root,
        "legacy-code": root,
        "clearport-code": root,
        "clearing-code": root,
        "clearing-exchange-code": "9C",
        "clearing-price-multiplier": "1.0",
        "display-factor": "0.01",
        "exchange": "CME",
        "product-type": "Physical",
        "expiration-type": EXPIRATION_OF_ROOT.get(root, "Weekly"),
        "settlement-delay-days": 0,
        "is-rollover": False,
        "market-sector": "Equity Index",
    }


def _deliverable(product: Product, root: str) -> JsonObject:
    return {
        "id": zlib.crc32(root.encode()) % 1_000_000,
        "root-symbol": root,
        "deliverable-type": "Shares",
        "description": f"{product.multiplier} shares of {product.symbol}",
        "amount": amount(Decimal(product.multiplier)),
        "symbol": product.symbol,
        "instrument-type": "Equity",
        "percent": "100",
    }
