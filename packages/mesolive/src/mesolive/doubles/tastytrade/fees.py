"""Commission and fees of the double of tastytrade: its published schedule, rounded to what a strategy notices.

An option costs 1.00 to open, at most 10.00 per leg, and nothing to close; clearing 0.10; regulatory fees 0.02, 0.03 for
sold ones; options on indexes a fee of their exchange. Shares cost nothing but clearing. Options on futures cost 1.25
both ways, as futures do.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from mesolive.doubles.products import PRODUCTS
from mesolive.doubles.tastytrade.instruments import EQUITY, EQUITY_OPTION, Instrument
from mesolive.doubles.tastytrade.records import BUYING, OPENING
from mesolive.doubles.tastytrade.values import ZERO, JsonObject, signed

OPEN_COMMISSION: Final = Decimal("1.00")
MAX_COMMISSION: Final = Decimal("10.00")
FUTURES_COMMISSION: Final = Decimal("1.25")
OPTION_CLEARING: Final = Decimal("0.10")
FUTURES_CLEARING: Final = Decimal("0.30")
SHARE_CLEARING: Final = Decimal("0.0008")
INDEX_FEES: Final = {"SPX": Decimal("0.60"), "NDX": Decimal("0.50"), "RUT": Decimal("0.18"), "VIX": Decimal("0.50")}
SETTLEMENT_FEE: Final = Decimal("5.00")
"""For a position that is exercised, assigned or settled in cash."""


@dataclass(frozen=True, slots=True)
class Fees:
    """What a fill of one leg costs, each greater than or equal to zero."""

    regulatory: Decimal = ZERO
    clearing: Decimal = ZERO
    commission: Decimal = ZERO
    index: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """All together."""
        return self.regulatory + self.clearing + self.commission + self.index

    def __add__(self, other: Fees) -> Fees:
        return Fees(
            self.regulatory + other.regulatory,
            self.clearing + other.clearing,
            self.commission + other.commission,
            self.index + other.index,
        )

    def as_json(self) -> JsonObject:
        """Return the fields of a transaction and of an estimate."""
        return {
            **signed("regulatory-fees", -self.regulatory),
            **signed("clearing-fees", -self.clearing),
            **signed("commission", -self.commission),
            **signed("proprietary-index-option-fees", -self.index),
        }


def fees_of(instrument: Instrument, action: str, quantity: int, charged: Decimal = ZERO) -> Fees:
    """Return what a fill costs.

    Parameters
    ----------
    quantity
        Contracts or shares.
    charged
        The commission that fills of the same leg have paid before: a leg pays `MAX_COMMISSION` at most.
    """
    if instrument.kind == EQUITY:
        return Fees(clearing=SHARE_CLEARING * quantity)
    if instrument.kind != EQUITY_OPTION:
        return Fees(clearing=FUTURES_CLEARING * quantity, commission=FUTURES_COMMISSION * quantity)
    opening = OPEN_COMMISSION * quantity if action in OPENING else ZERO
    per_contract = Decimal("0.02") if action in BUYING else Decimal("0.03")
    index = INDEX_FEES.get(instrument.product, ZERO) if PRODUCTS[instrument.product].sec_type == "IND" else ZERO
    return Fees(
        regulatory=per_contract * quantity,
        clearing=OPTION_CLEARING * quantity,
        commission=max(min(opening, MAX_COMMISSION - charged), ZERO),
        index=index * quantity,
    )
