"""Pricing inputs of a chain's contracts at one moment: forward, discount, spot, time and cash dividends."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from mesolive.market.contract_models import ContractTerms
from mesolive.market.contracts import ExerciseStyle, Expiration
from mesolive.market.dividends import DividendSchedule
from mesolive.market.forward_curve import UNKNOWN, ForwardCurve
from mesolive.market.listing import Listing
from mesolive.market.view import TradingCalendar
from mesolive.pricing.business_time import years_to
from mesolive.pricing.cash_dividends import CashDividends


class ChainTerms(Struct, frozen=True):
    """The one source of `ContractTerms`: the chain and every stream price a contract from what this returns.

    Attributes
    ----------
    listing
        The chain.
    curve
        The forwards; `None` where the underlying has no price.
    now
        The moment.
    calendar
        Sessions, for business time.
    dividends
        The cash dividends of the underlying that are known.
    """

    listing: Listing
    curve: ForwardCurve | None
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
        listing, curve = self.listing, self.curve
        expirations = [listing.expirations[position] for position in positions]
        carried = [UNKNOWN] * len(positions) if curve is None else curve.carried_to_view(positions)
        paid = [self.cash_dividends(position) for position in positions] if self.dividends.dividends else ()
        numbers = np.array(
            [
                (item.spot, item.forward, item.discount, self.years(expiration))
                for item, expiration in zip(carried, expirations, strict=True)
            ]
        ).reshape(-1, 4)
        return ContractTerms(
            is_call=listing.is_call[own],
            strikes=listing.strikes[own],
            spot=numbers[:, 0][which],
            forward=numbers[:, 1][which],
            discount=numbers[:, 2][which],
            years=numbers[:, 3][which],
            may_exercise_early=np.array([item.style is ExerciseStyle.AMERICAN for item in expirations])[which],
            dividends=CashDividends.of(paid).part(which) if any(paid) else None,
        )
