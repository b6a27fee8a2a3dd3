"""The module `options`: values a leg or the position by model at another underlying price and time.

The values are those of the risk graph (`mesolive.pricing.risk_graph`): each leg keeps its implied volatility, its
forward's carry and its discount rate while time passes to the horizon; a leg that has settled by then is worth its
intrinsic value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from mesolive.language.legs import DAY, BoundLeg
from mesolive.language.problems import MissingValueError, StatementError
from mesolive.language.scope import Scope
from mesolive.market.contracts import ExerciseStyle, Right
from mesolive.pricing.risk_graph import RiskLeg, risk_graph

FloatArray = npt.NDArray[np.float64]
Curve = Callable[[FloatArray], FloatArray]

METRICS = ("pnl", "price", "delta", "gamma", "theta", "vega", "wvega")
MODES = ("zero", "maximize", "minimize")
RETURNS = ("return_price", "return_value")

SCAN_POINTS = 241
"""Prices at which a range is first looked at: two roots closer than 1/240 of the range may be taken for none."""
_REFINE_POINTS = 33
_REFINE_ROUNDS = 5


def model(scope: Scope, values: Sequence[float | str | None]) -> float | None:
    """Return `options.model(target, horizon, underlying_price, metric)`.

    Parameters
    ----------
    scope
        Where the legs are.
    values
        `target`: `position` or `leg_<NAME>`. `horizon`: calendar days before the first settlement among the target's
        legs (0 is that settlement; more than there are left means now), or `leg_<NAME>_dte`, that leg's settlement.
        `underlying_price`: greater than 0. `metric`: one of `METRICS`; `price` is per unit of the underlying, of a
        position the sum of quantity times price.

    Raises
    ------
    StatementError
        When there is no position, a price is not greater than 0, or a leg has no volatility.
    """
    target, horizon, price, metric = values
    curve = _curve(scope, str(target), horizon, str(metric))
    return float(curve(np.array([_positive(price)]))[0])


def model_solver(scope: Scope, values: Sequence[float | str | None]) -> float | None:
    """Return `options.model_solver(target, horizon, from_price, to_price, metric, mode, return)`.

    The range is scanned from `from_price` to `to_price`, in either direction: `zero` finds the first root in the
    direction of the scan, `maximize` and `minimize` the best point (the first of equals).

    Returns
    -------
    float or None
        The price or the metric there; `None` when mode is `zero` and the range has no root.

    Raises
    ------
    StatementError
        As `model` does.
    """
    target, horizon, start, end, metric, mode, wanted = values
    curve = _curve(scope, str(target), horizon, str(metric))
    prices = _between(_positive(start), _positive(end), SCAN_POINTS)
    price = _root(curve, prices) if mode == "zero" else _best(curve, prices, 1.0 if mode == "maximize" else -1.0)
    if price is None or wanted == "return_price":
        return price
    return float(curve(np.array([price]))[0])


def _positive(value: float | str | None) -> float:
    if not isinstance(value, float) or not value > 0:
        raise StatementError(f"options: an underlying price must be greater than 0, not {value}")
    return value


def _between(start: float, end: float, count: int) -> FloatArray:
    return np.linspace(start, end, count, dtype=np.float64)


def _root(curve: Curve, prices: FloatArray) -> float | None:
    """Return the first root along `prices`, refined, or `None`."""
    for _ in range(_REFINE_ROUNDS):
        values = curve(prices)
        result = np.flatnonzero((values[:-1] == 0.0) | (np.sign(values[:-1]) * np.sign(values[1:]) < 0))
        if not result.size:
            return float(prices[-1]) if values[-1] == 0.0 else None
        first = int(result[0])
        if values[first] == 0.0:
            return float(prices[first])
        prices = _between(prices.item(first), prices.item(first + 1), _REFINE_POINTS)
    return float(prices[_REFINE_POINTS // 2])


def _best(curve: Curve, prices: FloatArray, sign: float) -> float:
    """Return the price along `prices` where `sign` times the curve is greatest, refined."""
    for _ in range(_REFINE_ROUNDS):
        best = int(np.argmax(sign * curve(prices)))
        low, centre, high = (prices.item(place) for place in (max(best - 1, 0), best, min(best + 1, len(prices) - 1)))
        # The centre stays a point of the finer grid, so that a corner of the curve that was hit is not lost.
        half = _REFINE_POINTS // 2
        prices = np.concatenate([_between(low, centre, half + 1)[:-1], _between(centre, high, half + 1)])
    return float(prices[int(np.argmax(sign * curve(prices)))])


def _curve(scope: Scope, target: str, horizon: float | str | None, metric: str) -> Curve:
    """Return the metric as a function of underlying prices."""
    if target == "position":
        legs = [leg for leg in scope.legs.values() if leg.qty]
        if not legs:
            raise MissingValueError("options.model needs a position with legs")
        realized = scope.realized()
    else:
        legs = [scope.leg(target.removeprefix("leg_"))]
        realized = legs[0].realized_pnl
    spot = scope.underlying().quote.mark
    if spot is None or not spot > 0:
        raise MissingValueError(f"there is no price of {scope.view.underlying.underlying.symbol}")
    ahead = np.array([(_moment(scope, legs, horizon) - scope.view.now).total_seconds() / DAY])
    risk_legs = [_risk_leg(scope, leg, spot) for leg in legs]
    unit = _unit(legs, alone=target != "position")

    def curve(prices: FloatArray) -> FloatArray:
        graph = risk_graph(risk_legs, spot, prices, ahead, realized=realized)
        result: FloatArray = graph.value / unit if metric == "price" else getattr(graph, metric)
        return result[0]

    return curve


def _unit(legs: Sequence[BoundLeg], *, alone: bool) -> float:
    """Return what divides a value into a price per unit: of one leg per contract, of a position per combination."""
    if alone:
        return legs[0].scale
    multipliers = {leg.contract.multiplier for leg in legs}
    if len(multipliers) > 1:
        raise StatementError("options: legs of different multipliers have no common price")
    return float(multipliers.pop())


def _risk_leg(scope: Scope, leg: BoundLeg, spot: float) -> RiskLeg:
    chain = leg.listed()
    expiration = chain.expiration
    forward = scope.view.forward(expiration)
    entry = leg.value("price") if leg.entry_price is None else leg.entry_price
    return RiskLeg(
        is_call=leg.contract.right is Right.CALL,
        strike=float(leg.contract.strike),
        quantity=leg.scale,
        cost=leg.scale * entry,
        volatility=leg.value("iv") / 100.0,
        years=chain.years(),
        days=leg.value("dte"),
        forward=forward if forward is not None else spot,
        discount=scope.view.discount(expiration),
        may_exercise_early=chain.expiration.style is ExerciseStyle.AMERICAN,
        dividends=tuple(scope.view.dividends(expiration)),
    )


def _moment(scope: Scope, legs: Sequence[BoundLeg], horizon: float | str | None) -> datetime:
    """Return the moment that a horizon means; never before now."""
    if isinstance(horizon, str):
        moment = scope.leg(horizon.removeprefix("leg_").removesuffix("_dte")).expiration.settles_at
    else:
        first = min(leg.expiration.settles_at for leg in legs)
        days = horizon if horizon is not None else 0.0
        if days < 0:
            raise StatementError(f"options: a horizon of {days:g} days lies after the first settlement")
        moment = first - timedelta(days=min(days, 100_000.0))
    return max(moment, scope.view.now)
