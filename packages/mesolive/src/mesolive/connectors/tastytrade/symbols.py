"""Symbols of options at tastytrade: those of orders and positions, and those of DXLink quotes.

An order names `SPXW  261218P05000000`: the root padded to six characters, the day, the right, and the strike in
thousandths. Quotes name `.SPXW261218P5000`. Options on futures name their future and their series before the day:
`./ESU6 E1AN6 260706C6260`, in quotes `./E1AN26C6260:XCME`.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final

from mesolive.market.calendar import us_options_calendar
from mesolive.market.contracts import OptionContract, Right, UnderlyingKind
from mesolive.market.option_classes import option_class, underlying_kind
from mesolive.tastytrade_client import EQUITY_OPTION, FUTURE_OPTION

ROOT_WIDTH: Final = 6
MONTHS: Final = "FGHJKMNQUVXZ"
"""Letters of the months of futures, January first."""
FRIDAY: Final = 4
_OCC: Final = re.compile(r"(?P<root>[A-Z0-9./]+?) *(?P<day>\d{6})(?P<right>[CP])(?P<strike>\d{8})")
_ON_FUTURE: Final = re.compile(
    r"\./[A-Z0-9]+ +(?P<root>[A-Z0-9]+?)[FGHJKMNQUVXZ]\d *(?P<day>\d{6})(?P<right>[CP])(?P<strike>\d+(\.\d+)?)"
)


def is_on_future(contract: OptionContract) -> bool:
    """Return whether an option is written on a future."""
    return underlying_kind(contract.underlying) is UnderlyingKind.FUTURES


def instrument_type(contract: OptionContract) -> str:
    """Return the type of instrument of a leg."""
    return FUTURE_OPTION if is_on_future(contract) else EQUITY_OPTION


def order_symbol(contract: OptionContract) -> str:
    """Return the symbol of a contract in orders and positions."""
    if is_on_future(contract):
        future, month = f"./{future_of(contract)[1:]}", MONTHS[contract.day.month - 1]
        series = f"{contract.root}{month}{contract.day.year % 10}"
        return f"{future:<6} {series:<6}{contract.day:%y%m%d}{contract.right.value}{_plain(contract.strike)}"
    thousandths = int(contract.strike * 1000)
    return f"{contract.root:<{ROOT_WIDTH}}{contract.day:%y%m%d}{contract.right.value}{thousandths:08d}"


def streamer_symbol(contract: OptionContract) -> str:
    """Return the symbol of a contract in quotes: no padding, no zeros at the end of the strike.

    Chains state them; those of options on futures are taken from there, for the broker leaves out some.
    """
    right, strike = contract.right.value, _plain(contract.strike)
    if is_on_future(contract):
        month = f"{MONTHS[contract.day.month - 1]}{contract.day.year % 100:02d}"
        return f"./{contract.root}{month}{right}{strike}:XCME"
    return f".{contract.root}{contract.day:%y%m%d}{right}{strike}"


def future_of(contract: OptionContract) -> str:
    """Return the future that an option on a quarterly future is written on, such as `/ESU6`.

    It is the first that expires on the option's day or later: on the third Friday of March, June, September or
    December, or the trading day before.
    """
    return _future(contract.underlying, contract.day)


@lru_cache(maxsize=4096)
def _future(product: str, day: date) -> str:
    year, month = day.year, (day.month + 2) // 3 * 3
    if _last_day(year, month) < day:
        year, month = (year + 1, 3) if month == 12 else (year, month + 3)
    return f"/{product}{MONTHS[month - 1]}{year % 10}"


def _last_day(year: int, month: int) -> date:
    first = date(year, month, 1)
    friday = first + timedelta(days=(FRIDAY - first.weekday()) % 7 + 14)
    calendar = us_options_calendar()
    return friday if calendar.is_trading_day(friday) else calendar.previous_trading_day(friday)


@lru_cache(maxsize=65536)
def contract_of(symbol: str) -> OptionContract | None:
    """Return the contract of an order's symbol; `None` where it is no option that is known here.

    Options on futures are those of the classes of `mesolive.market.option_classes`, each on the future of its class.
    """
    on_future = _ON_FUTURE.fullmatch(symbol)
    match = on_future or _OCC.fullmatch(symbol)
    if match is None:
        return None
    digits, terms = match["day"], option_class(match["root"])
    try:
        day = date(2000 + int(digits[:2]), int(digits[2:4]), int(digits[4:]))
    except ValueError:
        return None
    strike = Decimal(match["strike"]) if on_future else Decimal(match["strike"]) / 1000
    contract = OptionContract(
        underlying=terms.underlying,
        root=match["root"],
        day=day,
        right=Right(match["right"]),
        strike=strike.normalize() + Decimal(0),
        multiplier=Decimal(terms.multiplier),
    )
    if on_future is None:
        return contract
    # A class that is not known here, or another future than that of its class: what it delivers is not known.
    return contract if is_on_future(contract) and order_symbol(contract) == symbol else None


def _plain(strike: Decimal) -> str:
    return f"{strike.normalize():f}"
