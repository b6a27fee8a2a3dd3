"""Contracts of IB and option contracts of the server, each as the other.

The expiration date of an option on shares or an index is that of its OCC symbol: `lastTradeDateOrContractMonth` is the
last trading moment in the zone that TWS is logged in with, a day off for AM-settled classes, and for all of them when
that zone is in Asia.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Final

from mesolive.connectors.ibkr.tws_messages import Contract
from mesolive.market.contracts import OptionContract, Right
from mesolive.market.option_classes import underlying_of

OCC_SYMBOL: Final = re.compile(r"(?P<root>[A-Z0-9.]{1,6}) *(?P<day>\d{6})(?P<right>[CP])(?P<strike>\d{8})")
OPTION: Final = "OPT"
FUTURES_OPTION: Final = "FOP"
COMBO: Final = "BAG"

FUTURES_EXCHANGE: Final = "CME"
SMART: Final = "SMART"


def is_future_option(contract: OptionContract) -> bool:
    """Whether a contract is an option on a future: IB lists those under another type."""
    return underlying_of(contract.underlying).is_future


def exchange_of(contract: OptionContract) -> str:
    """Return where orders of a contract are sent."""
    return FUTURES_EXCHANGE if is_future_option(contract) else SMART


def option_of(contract: Contract) -> OptionContract | None:
    """Return the option that IB's contract is, or `None` for shares, futures, combos, and what cannot be read."""
    if contract.sec_type == OPTION:
        parts = OCC_SYMBOL.fullmatch(contract.local_symbol.strip())
        if parts is None:
            return None
        day = date_of(f"20{parts['day']}")
        if day is None:
            return None
        return OptionContract(
            underlying=contract.symbol,
            root=contract.trading_class or parts["root"],
            day=day,
            right=Right(parts["right"]),
            strike=contract.strike or Decimal(parts["strike"]) / 1000,
            multiplier=Decimal(contract.multiplier or 100),
        )
    if contract.sec_type == FUTURES_OPTION:
        expires = date_of(contract.last_trade)
        if expires is None or not contract.right:
            return None
        return OptionContract(
            underlying=contract.symbol,
            root=contract.trading_class,
            day=expires,
            right=Right(contract.right[0]),
            strike=contract.strike,
            multiplier=Decimal(contract.multiplier or 50),
        )
    return None


def description_of(contract: OptionContract) -> Contract:
    """Return what to ask TWS for to find the contract: its OCC symbol names it whatever zone TWS is logged in with."""
    if is_future_option(contract):
        return Contract(
            symbol=contract.underlying,
            sec_type=FUTURES_OPTION,
            exchange=FUTURES_EXCHANGE,
            currency="USD",
            trading_class=contract.root,
            last_trade=f"{contract.day:%Y%m%d}",
            strike=contract.strike,
            right=contract.right.value,
            multiplier=f"{contract.multiplier.normalize():f}",
        )
    return Contract(local_symbol=occ_symbol(contract), sec_type=OPTION, exchange=SMART, currency="USD")


def occ_symbol(contract: OptionContract) -> str:
    """Return the symbol of the Options Clearing Corporation, padded to 21 characters."""
    return f"{contract.root:<6}{contract.day:%y%m%d}{contract.right.value}{int(contract.strike * 1000):08d}"


def date_of(text: str) -> date | None:
    """Return the day that a text begins with as `YYYYMMDD`, or `None`; thousands of contracts are read by it."""
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return None
