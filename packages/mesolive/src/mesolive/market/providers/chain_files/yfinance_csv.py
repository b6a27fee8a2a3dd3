"""Reader of a yfinance option chain written as CSV: the `calls` and `puts` of `Ticker.option_chain`, one or both.

The columns are those of Yahoo's response: `contractSymbol, lastTradeDate, strike, lastPrice, bid, ask, …`. It lacks
the time of the quotes and the underlying's price. The time is that of the latest trade; the price comes from put-call
parity, or from a column that was added to the file, or with calls or puts alone from the vendor's
volatilities.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import numpy as np

from mesolive.market.calendar import settlement_instant, us_options_calendar
from mesolive.market.contracts import Right
from mesolive.market.providers.chain_files.builder import Contract, Quote, RawChain, Symbols, Underlier, plural
from mesolive.market.providers.chain_files.model import ChainFileError, Oddity, Treatment
from mesolive.market.providers.chain_files.text import Numbers, Table
from mesolive.pricing.black import values
from mesolive.pricing.business_time import calendar_years

MARKS: Final = ("contractsymbol", "bid", "ask")
PRICE_COLUMNS: Final = ("underlyingprice", "underlying_price", "underlying", "spot", "stockprice", "regularmarketprice")
RATE: Final = 0.04
"""Taken for the spot that volatilities imply; half a percent of a month's rate is 0.04 % of the spot."""
NEAREST: Final = 9


def read(table: Table) -> RawChain:
    """Return the rows of a file.

    Raises
    ------
    ChainFileError
        When it is malformed; names line and column.
    """
    header = [name.lower() for name in table.header]
    places = {name: header.index(name) for name in header}
    for needed in ("contractsymbol", "bid", "ask"):
        if needed not in places:
            raise ChainFileError("a column of a yfinance option chain is missing", table.header_line, needed)
    chain, symbols, numbers = RawChain(), Symbols(), table.numbers
    latest: datetime | None = None
    price: float | None = None
    price_at = next((places[name] for name in PRICE_COLUMNS if name in places), None)
    for line, row in table.rows():
        contract = symbols.contract(row[places["contractsymbol"]], line, "contractSymbol")
        volatility = _number(numbers, row, places.get("impliedvolatility"), line, "impliedVolatility")
        quote = Quote(
            _number(numbers, row, places["bid"], line, "bid"),
            _number(numbers, row, places["ask"], line, "ask"),
            _number(numbers, row, places.get("lastprice"), line, "lastPrice"),
            _number(numbers, row, places.get("volume"), line, "volume"),
            _number(numbers, row, places.get("openinterest"), line, "openInterest"),
            volatility,
        )
        chain.add(contract, quote, line, "contractSymbol")
        if "lasttradedate" in places:
            moment = _moment(row[places["lasttradedate"]], line)
            latest = moment if latest is None or (moment is not None and moment > latest) else latest
        if price is None and price_at is not None:
            written = _number(numbers, row, price_at, line, table.header[price_at])
            price = written if written > 0.0 else None
    if not chain.quotes:
        raise ChainFileError("the file lists no contract", table.header_line + 1)
    if latest is None:
        raise ChainFileError(
            "the file does not say when it was made: the column lastTradeDate is missing or empty",
            table.header_line,
            "lastTradeDate",
        )
    text = f"the file does not say when it was made: the latest trade, {latest:%Y-%m-%d %H:%M} UTC, is taken"
    chain.oddities.append(Oddity("time_assumed", Treatment.ASSUMED, text))
    chain.moments, chain.moment_text = [latest], latest.isoformat()
    chain.underlier = Underlier(price=price)
    if price is None and len({contract.right for contract in chain.quotes}) == 1:
        chain.underlier.price = _spot_of_one_side(chain, latest)
        chain.underlier.estimated = True
    return chain


def _number(numbers: Numbers, row: Sequence[str], at: int | None, line: int, column: str) -> float:
    if at is None:
        return math.nan
    try:
        number = numbers.value(row[at])
    except ValueError:
        raise ChainFileError(f"{row[at][:40]!r} is not a number", line, column) from None
    if number < 0.0:
        raise ChainFileError(f"{row[at][:40]!r} is not a number of at least 0", line, column)
    return number


def _moment(text: str, line: int) -> datetime | None:
    plain = text.strip()
    if not plain or plain.lower() in {"nat", "nan", "none"}:
        return None
    try:
        moment = datetime.fromisoformat(plain)
    except ValueError:
        raise ChainFileError(
            f"a time such as '2026-03-16 19:59:59+00:00' was expected, not {plain[:40]!r}", line, "lastTradeDate"
        ) from None
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).astimezone(UTC)


def _spot_of_one_side(chain: RawChain, at: datetime) -> float | None:
    """Return the spot at which the vendor's volatilities give the middle prices: the median of the nearest strikes."""
    calendar = us_options_calendar()
    spots: list[tuple[float, float]] = []
    for contract, quote in chain.quotes.items():
        years = calendar_years(at, settlement_instant(contract.root, contract.day, None, calendar))
        middle = 0.5 * (quote.bid + quote.ask)
        if not (quote.bid > 0.0 and quote.volatility > 0.01 and years > 0.0):
            continue
        spot = _spot(contract, middle, quote.volatility, years)
        if spot is not None:
            spots.append((abs(math.log(spot / float(contract.strike))), spot))
    if not spots:
        return None
    nearest = sorted(spots)[:NEAREST]
    spot = round(float(np.median([value for _, value in nearest])), 2)
    side = "calls" if next(iter(chain.quotes)).right is Right.CALL else "puts"
    chain.oddities.append(
        Oddity(
            "spot_by_volatility",
            Treatment.ASSUMED,
            f"the file has no price of the underlying and only {side}: {spot:,.2f} fits the vendor's volatilities of "
            f"{plural(len(nearest), 'contract')}; put calls and puts into one file for a better one",
        )
    )
    return spot


def _spot(contract: Contract, price: float, volatility: float, years: float) -> float | None:
    strike = float(contract.strike)
    spots = np.exp(np.linspace(math.log(strike / 3.0), math.log(strike * 3.0), 2001))
    count = len(spots)
    worth = values(
        np.full(count, contract.right is Right.CALL),
        spots * math.exp(RATE * years),
        np.full(count, strike),
        np.full(count, years),
        volatility,
        np.full(count, math.exp(-RATE * years)),
    )
    rising = contract.right is Right.CALL
    series, prices = (worth, spots) if rising else (worth[::-1], spots[::-1])
    if not series[0] < price < series[-1]:
        return None
    return float(np.interp(price, series, prices))
