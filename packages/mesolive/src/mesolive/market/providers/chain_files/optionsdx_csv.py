"""Reader of OptionsDX files: one row per time of quotes, expiration and strike, call and put side by side.

The columns are named in brackets, `[QUOTE_UNIXTIME], [QUOTE_READTIME], [UNDERLYING_LAST], [EXPIRE_DATE], …, [C_BID],
[C_ASK], [STRIKE], [P_BID], [P_ASK], …`. A file holds the chains of a month, at the close or every half hour. It has
neither the underlying's symbol nor the options' roots: the symbol comes from the file's name, such as
`spx_eod_202312.txt`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from mesolive.market.contracts import Right
from mesolive.market.option_classes import option_class, roots_of
from mesolive.market.providers.chain_files.builder import Contract, Quote, RawChain, Underlier, strike_of
from mesolive.market.providers.chain_files.dates import UnreadableDateError, iso_day
from mesolive.market.providers.chain_files.model import ChainFileError, Oddity, Treatment
from mesolive.market.providers.chain_files.text import Numbers, Table

MARKS: Final = ("quote_unixtime", "underlying_last", "strike")
NEEDED: Final = ("quote_unixtime", "underlying_last", "expire_date", "strike", "c_bid", "c_ask", "p_bid", "p_ask")
PUBLISHED: Final = ("AAPL", "BTC", "IWM", "NVDA", "QQQ", "SLV", "SPX", "SPY", "TSLA", "UVXY", "VIX")
"""The underlyings that OptionsDX offers."""
SPX_LEVELS: Final = (2500.0, 10_000.0)
"""In this range of prices only SPX of those was quoted (BTC's strikes are thousands)."""
MAX_ROWS: Final = 2_000_000

_STEM: Final = re.compile(r"([a-z]{1,5})(?:[^a-z]|$)", re.IGNORECASE)


def read(table: Table, file_stem: str) -> Iterator[RawChain]:
    """Yield the chain of each time of quotes, in the file's order.

    Raises
    ------
    ChainFileError
        When the file is malformed, or its underlying is unknown; names line and column.
    """
    header = [name.strip("[] ").lower() for name in table.header]
    places = {name: header.index(name) for name in header}
    for needed in NEEDED:
        if needed not in places:
            raise ChainFileError(
                f"the column [{needed.upper()}] of OptionsDX is missing", table.header_line, needed.upper()
            )
    chain: RawChain | None = None
    identity: tuple[str, Oddity | None] | None = None
    seen: set[str] = set()
    current = ""
    expirations: dict[tuple[str, str], tuple[str, date]] = {}
    for count, (line, row) in enumerate(table.rows()):
        if count >= MAX_ROWS:
            raise ChainFileError(f"the file has more than {MAX_ROWS} rows; split it by month or day", line)
        if row[0] != current or chain is None:
            if chain is not None:
                yield chain
            current = row[0]
            if current in seen:
                raise ChainFileError("the rows of one time of quotes do not stand together", line, "QUOTE_UNIXTIME")
            seen.add(current)
            price = _number(table.numbers, row, places, "underlying_last", line)
            if identity is None:
                identity = _symbol(file_stem, price, _strike(row, places, line), line)
            chain = RawChain(
                underlier=Underlier(symbol=identity[0], price=price if price > 0.0 else None, line=line),
                moments=[_moment(row[places["quote_unixtime"]], line)],
                moment_text=current.strip(),
                moment_line=line,
                oddities=[] if identity[1] is None else [identity[1]],
            )
        assert identity is not None  # noqa: S101 - set with the first chain
        key = row[places["expire_date"]], row[places["expire_unix"]] if "expire_unix" in places else ""
        expiration = expirations.get(key)
        if expiration is None:
            expiration = expirations[key] = _expiration(identity[0], *key, line)
        strike = _strike(row, places, line)
        for right, side in ((Right.CALL, "c"), (Right.PUT, "p")):
            quote = Quote(
                _number(table.numbers, row, places, f"{side}_bid", line),
                _number(table.numbers, row, places, f"{side}_ask", line),
                _number(table.numbers, row, places, f"{side}_last", line),
                _number(table.numbers, row, places, f"{side}_volume", line),
                math.nan,
                _witness(table.numbers, row, places, f"{side}_iv"),
            )
            contract = Contract(expiration[0], expiration[1], right, strike)
            if contract in chain.quotes:
                # Two roots of one expiration cannot be separated: the first is kept.
                chain.repeated += 1
                chain.first_repeated = chain.first_repeated or (f"{expiration[1]} {strike}", line)
            else:
                chain.add(contract, quote, line, "STRIKE")
    if chain is None:
        raise ChainFileError("the file lists no contract", table.header_line + 1)
    yield chain


def _symbol(file_stem: str, price: float, strike: Decimal, line: int) -> tuple[str, Oddity | None]:
    """Return the underlying's symbol: by the file's name, else by the only one of OptionsDX that has such a price."""
    match = _STEM.match(file_stem)
    named = match[1].upper() if match is not None else ""
    if named in PUBLISHED:
        text = f"the file does not name its underlying: {named}, as the file's name says"
        return named, Oddity("underlying_by_file_name", Treatment.ASSUMED, text)
    if SPX_LEVELS[0] <= price <= SPX_LEVELS[1] and strike < 20_000:
        text = (
            f"the file does not name its underlying: SPX, as the only one of OptionsDX at {price:,.2f}; "
            "begin the file's name with another symbol if it is not, such as spy_eod_202312.csv"
        )
        return "SPX", Oddity("underlying_by_price", Treatment.ASSUMED, text)
    raise ChainFileError(
        f"the file does not name its underlying, whose price is {price:g}; begin the file's name with its symbol, such "
        "as spy_eod_202312.csv",
        line,
        "UNDERLYING_LAST",
    )


def _expiration(symbol: str, day: str, unix: str, line: int) -> tuple[str, date]:
    """Return the root and the day of an expiration: of several roots the one that settles at the close."""
    try:
        expires = iso_day(day)
    except UnreadableDateError as error:
        raise ChainFileError(str(error), line, "EXPIRE_DATE") from None
    roots = roots_of(symbol)
    root = next((entry for entry in roots if option_class(entry).settlement.value == "PM"), roots[0])
    del unix
    return root, expires


def _moment(text: str, line: int) -> datetime:
    try:
        return datetime.fromtimestamp(int(text), UTC)
    except (ValueError, OverflowError, OSError):
        raise ChainFileError(
            f"{text.strip()[:40]!r} is not a time in seconds since 1970", line, "QUOTE_UNIXTIME"
        ) from None


def _strike(row: list[str], places: Mapping[str, int], line: int) -> Decimal:
    return strike_of(row[places["strike"]], line, "STRIKE")


def _number(numbers: Numbers, row: list[str], places: Mapping[str, int], name: str, line: int) -> float:
    at = places.get(name)
    if at is None:
        return math.nan
    try:
        number = numbers.value(row[at])
    except ValueError:
        raise ChainFileError(f"{row[at].strip()[:40]!r} is not a number", line, name.upper()) from None
    if number < 0.0:
        raise ChainFileError(f"{row[at].strip()[:40]!r} is not a number of at least 0", line, name.upper())
    return number


def _witness(numbers: Numbers, row: list[str], places: Mapping[str, int], name: str) -> float:
    """Return the vendor's volatility, which only serves to check the date; NaN for none."""
    at = places.get(name)
    try:
        return math.nan if at is None else numbers.value(row[at])
    except ValueError:
        return math.nan
