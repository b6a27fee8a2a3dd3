"""Fill models of a backtest on a paper account: at the middle or at bid and ask, with slippage per leg."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from mesolive_sdk import models
from mesolive_sdk.automation import PaperPolicy
from mesolive_sdk.automation.policy import NoPriceError


class FillModel(StrEnum):
    """Where a leg is filled, by the names of `Settings.Sim.FillModel`."""

    AT_MID_PRICE = "AtMidPrice"
    AT_BID_ASK = "AtBidAsk"


@dataclass(frozen=True, slots=True)
class ModelledFills(PaperPolicy):
    """Fills every leg by a fill model.

    Attributes
    ----------
    model
        `AT_MID_PRICE` fills at the mark, `AT_BID_ASK` buys at the ask and sells at the bid.
    slippage
        Added to the price of a buy and subtracted from the price of a sell, per unit of the underlying.
    """

    model: FillModel = FillModel.AT_MID_PRICE
    slippage: Decimal = Decimal(0)

    def fills(
        self, legs: Mapping[str, models.LiveLeg], prices: Mapping[str, models.LivePrices]
    ) -> dict[str, models.PaperLegFill]:
        """Return a fill for every leg that has a quantity; nothing is sold below zero.

        Raises
        ------
        NoPriceError
            When one of them has no mark; at bid and ask, when a leg to buy has no ask. A leg to sell without a bid
            is filled at zero.
        """
        traded = {name: leg for name, leg in legs.items() if leg.Qty != 0}
        return PaperPolicy.fills(
            self, traded, {name: models.LivePrices(Mark=self._price(name, leg, prices)) for name, leg in traded.items()}
        )

    def _price(self, name: str, leg: models.LiveLeg, prices: Mapping[str, models.LivePrices]) -> Decimal:
        quoted = prices.get(name) or models.LivePrices()
        if self.model is FillModel.AT_MID_PRICE:
            price = quoted.Mark
        elif quoted.Ask is None:
            raise NoPriceError(f"leg {name!r} has no ask")
        else:
            price = quoted.Ask if leg.Qty > 0 else (quoted.Bid or Decimal(0))
        if price is None:
            raise NoPriceError(f"leg {name!r} has no mark")
        return max(price + (self.slippage if leg.Qty > 0 else -self.slippage), Decimal(0))
