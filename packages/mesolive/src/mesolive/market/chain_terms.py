"""Pricing inputs of a chain's contracts at one moment: forward, discount, spot, time and cash dividends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from mesolive.market.contract_models import ContractTerms
from mesolive.market.contracts import ExerciseStyle, Expiration
from mesolive.market.dividends import DividendSchedule
from mesolive.market.forward_curve import UNKNOWN, ForwardCurve
from mesolive.market.listing import Listing
from mesolive.market.view import TradingCalendar
from mesolive.pricing.business_time import years_to
from mesolive.pricing.cash_dividends import CashDividends


@dataclass(frozen=True, slots=True)
class ChainTerms:
    """The one source of `ContractTerms`: the chain and every stream price a contract from what this returns.

    Attributes
    ----------
    listing
        The chain.
    curve
        The forwards; `None` where the underlying has no price.
    spot
        The underlying's mark, `None` where it has none.
    now
        The moment.
    calendar
        Sessions, for business time.
    dividends
        The cash dividends of the underlying that are known.
    """

    listing: Listing
    curve: ForwardCurve | None
    spot: float | None
    now: datetime
    calendar: TradingCalendar
    dividends: DividendSchedule

    def years(self, expiration: Expiration) -> float:
        """Return the business time to an expiration's settlement in years."""
        return years_to(self.calendar, self.now, expiration.settles_at)

    def cash_dividends(self, position: int) -> Sequence[tuple[float, float]]:
        """Return the dividends that the contracts of the expiration at `position` are priced with: part, amount.

        European options have none here: their forwards have them already.
        """
        expiration = self.listing.expirations[position]
        if not self.dividends.dividends or expiration.style is not ExerciseStyle.AMERICAN:
            return ()
        return self.dividends.within(self.now, expiration.settles_at)

    def of(
        self, positions: Sequence[int], which: npt.NDArray[np.intp], own: slice | npt.NDArray[np.intp]
    ) -> ContractTerms:
        """Return what some contracts are priced from.

        Parameters
        ----------
        positions
            Of the expirations in the listing.
        which
            For each contract, the place of its expiration in `positions`.
        own
            Where the contracts stand in the listing.
        """
        listing, curve, spot = self.listing, self.curve, self.spot
        expirations = [listing.expirations[position] for position in positions]
        if curve is None or spot is None:
            carried = [UNKNOWN] * len(positions)
        else:
            curve.prepare(positions)
            carried = [curve.carried(position, spot, self.now) for position in positions]
        paid = [self.cash_dividends(position) for position in positions]
        return ContractTerms(
            is_call=listing.is_call[own],
            strikes=listing.strikes[own],
            spot=np.array([item.spot for item in carried])[which],
            forward=np.array([item.forward for item in carried])[which],
            discount=np.array([item.discount for item in carried])[which],
            years=np.array([self.years(expiration) for expiration in expirations])[which],
            may_exercise_early=np.array([item.style is ExerciseStyle.AMERICAN for item in expirations])[which],
            dividends=CashDividends.of(paid).part(which) if any(paid) else None,
        )
