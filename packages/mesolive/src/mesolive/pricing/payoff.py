"""Payoff of option legs at expiration: exact minimum and maximum value of a combination.

The payoff of options of one expiration is piecewise linear in the price of the underlying, with kinks at the strikes
(J. C. Hull, *Options, Futures, and Other Derivatives*, "Trading Strategies Involving Options"). So its extremes over
all prices from zero lie at zero, at a strike, or, where calls sold outweigh calls bought, at infinity.

Legs of several expirations are looked at once per expiration, with all legs that have not expired before at their
intrinsic value: what is sold is covered by what is bought of the same kind and expires no earlier, as in the exchange's
rule for spreads (Cboe Rule 10.3), and a long option that expires first covers nothing afterwards. So the least value of
a calendar spread is zero when its near leg is sold, and without limit when its far call is. What two expirations may
cost one after the other, at two prices of the underlying, is not added up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from msgspec import Struct

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class PayoffLeg:
    """One option leg.

    Attributes
    ----------
    expires
        When its settlement value is taken.
    quantity
        Signed contracts times contract multiplier: the payoff per unit by which the option is in the money.
    """

    expires: datetime
    is_call: bool
    strike: Decimal
    quantity: Decimal

    def at(self, price: Decimal) -> Decimal:
        """Return what the leg pays when the underlying settles at `price`."""
        inside = price - self.strike if self.is_call else self.strike - price
        return self.quantity * max(inside, ZERO)


class LeastPayoff(Struct, frozen=True):
    """The least that a combination can be worth.

    Attributes
    ----------
    value
        The least at prices from zero to the highest strike, in account currency; what is paid on top is negative.
    uncovered_calls
        Calls that are sold and that nothing covers, times multiplier: above the highest strike the value falls by so
        much per unit of the underlying, without limit. Zero where the loss is limited.
    """

    value: Decimal
    uncovered_calls: Decimal


def least_payoff(legs: Iterable[PayoffLeg]) -> LeastPayoff:
    """Return the least value of a combination at any of its expirations; zero for no legs."""
    open_legs = [leg for leg in legs if leg.quantity != 0]
    value, uncovered = ZERO, ZERO
    result: list[Decimal] = []
    for expires in {leg.expires for leg in open_legs}:
        alive = [leg for leg in open_legs if leg.expires >= expires]
        result.append(min(_at_kinks(alive)))
        uncovered = max(uncovered, -sum((leg.quantity for leg in alive if leg.is_call), ZERO))
    value = min(result, default=ZERO)
    return LeastPayoff(value, uncovered)


def largest_payoff(legs: Iterable[PayoffLeg]) -> Decimal | None:
    """Return the most that a combination of one expiration can be worth, or `None` where nothing limits it.

    Before its expiration a combination of several expirations may be worth more than any payoff: `None` as well.
    """
    open_legs = [leg for leg in legs if leg.quantity != 0]
    if len({leg.expires for leg in open_legs}) > 1 or sum((leg.quantity for leg in open_legs if leg.is_call), ZERO) > 0:
        return None
    return max(_at_kinks(open_legs), default=ZERO)


def _at_kinks(legs: Sequence[PayoffLeg]) -> list[Decimal]:
    """Return the payoff at zero and at each strike."""
    return [sum((leg.at(price) for leg in legs), ZERO) for price in {ZERO, *(leg.strike for leg in legs)}]
