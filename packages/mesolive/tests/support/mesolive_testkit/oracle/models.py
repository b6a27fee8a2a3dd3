"""Option models of definitions (`options.model`, `options.model_solver`): Black's formula over a position's legs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mesolive_testkit.oracle.expressions import FailedError

POINTS = 2001
"""Prices of a range at which a solver looks before it refines."""


@dataclass(frozen=True, slots=True)
class ModelledLeg:
    """What the model holds constant of a leg.

    Attributes
    ----------
    quantity
        Signed contracts times multiplier.
    paid
        Price per unit at which it was opened.
    volatility
        Implied, as a fraction.
    years
        Time to the settlement as the market counts it.
    days
        Calendar days to the settlement.
    """

    strike: float
    is_put: bool
    quantity: float
    paid: float
    volatility: float
    years: float
    days: float
    forward: float
    discount: float

    def value(self, price: float, spot: float, ahead: float) -> float:
        """Return what one unit is worth at a price of the underlying, some days ahead."""
        part = max(1.0 - ahead / self.days, 0.0) if self.days > 0 else 0.0
        forward = price * (self.forward / spot) ** part
        sign = -1.0 if self.is_put else 1.0
        deviation = self.volatility * math.sqrt(self.years * part)
        if deviation <= 0.0:
            return max(sign * (forward - self.strike), 0.0)
        upper = math.log(forward / self.strike) / deviation + deviation / 2.0
        worth = sign * (forward * _normal(sign * upper) - self.strike * _normal(sign * (upper - deviation)))
        return self.discount**part * worth


def _normal(value: float) -> float:
    return 0.5 * math.erfc(-value / math.sqrt(2.0))


class Models:
    """The module `options` over the legs of a position.

    Parameters
    ----------
    legs
        Returns a leg by its name, or all of the position.
    spot
        The underlying's price now.
    realized
        What the position has realised.
    """

    def __init__(
        self, legs: Callable[[str | None], dict[str, ModelledLeg]], spot: Callable[[], float], realized: float
    ) -> None:
        self._legs, self._spot, self._realized = legs, spot, realized

    def model(self, target: str, horizon: float | str, price: float, metric: str) -> float:
        """Return `options.model(...)`."""
        return self._curve(target, horizon, metric)(price)

    def model_solver(
        self, target: str, horizon: float | str, start: float, end: float, metric: str, mode: str, wanted: str
    ) -> float | None:
        """Return `options.model_solver(...)`."""
        curve = self._curve(target, horizon, metric)
        prices = [start + (end - start) * step / (POINTS - 1) for step in range(POINTS)]
        price = _root(curve, prices) if mode == "zero" else _best(curve, prices, 1.0 if mode == "maximize" else -1.0)
        return price if price is None or wanted == "return_price" else curve(price)

    def _curve(self, target: str, horizon: float | str, metric: str) -> Callable[[float], float]:
        whole = target == "position"
        legs = self._legs(None if whole else target.removeprefix("leg_"))
        if not legs:
            raise FailedError(f"{target} has no legs")
        first = min(leg.days for leg in legs.values())
        if isinstance(horizon, str):
            name = horizon.removeprefix("settlement of ")
            ahead = self._legs(name)[name].days
        else:
            ahead = first - min(horizon, first)
        spot = self._spot()

        def curve(price: float) -> float:
            values = {name: leg.value(price, spot, max(ahead, 0.0)) for name, leg in legs.items()}
            if metric == "price":
                return sum(
                    leg.quantity / (100.0 if whole else leg.quantity) * values[name] for name, leg in legs.items()
                )
            gained = sum(leg.quantity * (values[name] - leg.paid) for name, leg in legs.items())
            return gained + (self._realized if whole else 0.0)

        return curve


def _root(curve: Callable[[float], float], prices: Sequence[float]) -> float | None:
    values = [curve(price) for price in prices]
    for place, value in enumerate(values):
        if value == 0.0:
            return prices[place]
        if place + 1 < len(values) and value * values[place + 1] < 0.0:
            return _between(curve, prices[place], prices[place + 1])
    return None


def _between(curve: Callable[[float], float], low: float, high: float) -> float:
    """Return the root of a range whose ends have different signs."""
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (middle, high) if curve(low) * curve(middle) > 0.0 else (low, middle)
    return (low + high) / 2.0


def _best(curve: Callable[[float], float], prices: Sequence[float], sign: float) -> float:
    place = max(range(len(prices)), key=lambda index: sign * curve(prices[index]))
    low, high = prices[max(place - 1, 0)], prices[min(place + 1, len(prices) - 1)]
    best: Any = max((low + (high - low) * step / 200 for step in range(201)), key=lambda price: sign * curve(price))
    return float(best)
