"""Symbols of options at tastytrade: padded OCC symbols of orders, and the symbols of DXLink quotes.

An order names `SPXW  261218P05000000`: the root padded to six characters, the day, the right, and the strike in
thousandths. Quotes name `.SPXW261218P5000`.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final

from mesolive.market.contracts import OptionContract, Right
from mesolive.market.option_classes import option_class

ROOT_WIDTH: Final = 6
_OCC: Final = re.compile(r"(?P<root>[A-Z0-9./]+?) *(?P<day>\d{6})(?P<right>[CP])(?P<strike>\d{8})")


def occ_symbol(contract: OptionContract) -> str:
    """Return the symbol of a contract in orders and positions."""
    thousandths = int(contract.strike * 1000)
    return f"{contract.root:<{ROOT_WIDTH}}{contract.day:%y%m%d}{contract.right.value}{thousandths:08d}"


def streamer_symbol(contract: OptionContract) -> str:
    """Return the symbol of a contract in quotes: no padding, no zeros at the end of the strike."""
    return f".{contract.root}{contract.day:%y%m%d}{contract.right.value}{contract.strike.normalize():f}"


@lru_cache(maxsize=65536)
def contract_of(symbol: str) -> OptionContract | None:
    """Return the contract of a padded symbol; `None` where it is no option on a stock, fund or index."""
    match = _OCC.fullmatch(symbol)
    if match is None:
        return None
    digits = match["day"]
    try:
        day = date(2000 + int(digits[:2]), int(digits[2:4]), int(digits[4:]))
    except ValueError:
        return None
    terms = option_class(match["root"])
    return OptionContract(
        underlying=terms.underlying,
        root=match["root"],
        day=day,
        right=Right(match["right"]),
        strike=(Decimal(match["strike"]) / 1000).normalize() + Decimal(0),
        multiplier=Decimal(terms.multiplier),
    )
