"""Paper fill policy: fills every leg at its mark, plus commission."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from mesolive_sdk import models

PAPER_COMMISSION = Decimal("0.65")
"""Per contract, in account currency: what autopilot and replay book on paper where nothing else is said."""


class NoPriceError(Exception):
    """A leg has no price now; the attempt is repeated later."""


@dataclass(frozen=True, slots=True)
class PaperPolicy:
    """Fills every leg at its mark.

    Attributes
    ----------
    tick
        Prices are rounded to a multiple of this, per unit of the underlying.
    commission
        Per contract, in account currency.
    """

    tick: Decimal = Decimal("0.01")
    commission: Decimal = PAPER_COMMISSION

    def fills(
        self, legs: Mapping[str, models.LiveLeg], prices: Mapping[str, models.LivePrices]
    ) -> dict[str, models.PaperLegFill]:
        """Return a fill for every leg that has a quantity.

        Parameters
        ----------
        legs
            What is traded, by leg name: positive quantities are bought.
        prices
            Of each leg, per unit of the underlying.

        Raises
        ------
        NoPriceError
            When one of them has no mark.
        """
        result: dict[str, models.PaperLegFill] = {}
        for name, leg in legs.items():
            if leg.Qty == 0:
                continue
            mark = prices[name].Mark if name in prices else None
            if mark is None:
                raise NoPriceError(f"leg {name!r} has no mark")
            ticks = (max(mark, Decimal(0)) / self.tick).to_integral_value(rounding=ROUND_HALF_EVEN)
            result[name] = models.PaperLegFill(Price=ticks * self.tick, Commission=self.commission * abs(leg.Qty))
        return result
