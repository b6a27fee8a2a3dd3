"""Risk graphs (`GetRiskGraph`): projected PnL and greeks of open positions over prices and time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from math import isfinite, sqrt

import numpy as np

from mesolive.access.context import UserContext
from mesolive.errors import unavailable, validation
from mesolive.language.margin import risk_leg
from mesolive.language.problems import MissingValueError
from mesolive.market.service import Market
from mesolive.market.view import MarketView
from mesolive.pricing.black import FloatArray
from mesolive.pricing.risk_graph import RiskLeg, price_range, risk_graph, thirds_to_expiration
from mesolive.trading.portfolio.margin import bound_leg
from mesolive.trading.portfolio.marks import Marks, exact
from mesolive.trading.portfolio.positions import Leg, Position, Positions
from mesolive_sdk import models

MIN_VOL_SHIFT = -100
MAX_VOL_SHIFT = 200
"""Bounds of a shift in points of volatility."""


@dataclass(frozen=True, slots=True)
class _Held:
    legs: list[RiskLeg]
    missing: list[str]
    realized: float


class RiskGraphs:
    """Answers `GetRiskGraph`.

    Parameters
    ----------
    positions
        Read for their legs and what they have realised.
    market
        Where quotes, forwards and volatilities come from.
    """

    def __init__(self, positions: Positions, market: Market) -> None:
        self._positions = positions
        self._market = market

    async def get(self, user: UserContext, args: models.GetRiskGraphArgs) -> models.GetRiskGraphResult:
        """Return the graph of the sum of positions of one underlying.

        Raises
        ------
        ServiceError
            `NotFound` for a position that the user does not have; `ValidationError` when nothing is held, the
            positions have several underlyings, or the range of prices is none; `ProviderUnavailable` without a price
            of the underlying.
        """
        ids = list(dict.fromkeys(args.PositionIds))
        positions = [await self._positions.read(user.user_id, position_id) for position_id in ids]
        symbols = {leg.traded.contract.underlying for each in positions for leg in _open(each)}
        if len(symbols) != 1:
            got = ", ".join(sorted(symbols)) or "none"
            raise validation({"PositionIds": [f"expected open positions of one underlying, got {got}"]})
        (symbol,) = symbols
        view = Marks(self._market, provider=positions[0].provider).view(symbol)
        spot = None if view is None else view.underlying.quote.mark
        if view is None or spot is None or not spot > 0:
            raise unavailable(f"there is no price of {symbol}", code="PriceMissing")
        prices = _checked_prices(args, spot)
        return await asyncio.to_thread(_graph, args, positions, view, spot, prices)


def _open(position: Position) -> list[Leg]:
    return [leg for leg in position.open_legs if leg.holding.qty != 0]


def _checked_prices(args: models.GetRiskGraphArgs, spot: float) -> FloatArray:
    around = price_range(spot, points=args.Points)
    first = around.item(0) if args.PriceFrom is None else float(args.PriceFrom)
    last = around.item(-1) if args.PriceTo is None else float(args.PriceTo)
    problems: dict[str, list[str]] = {}
    for place, day in enumerate(args.Days or ()):
        if not 0 <= day <= models.MAX_GRAPH_DAY:
            problems[f"Days[{place}]"] = [f"expected 0 to {models.MAX_GRAPH_DAY}, got {day}"]
    if not MIN_VOL_SHIFT <= args.VolShift <= MAX_VOL_SHIFT:
        problems["VolShift"] = [f"expected {MIN_VOL_SHIFT} to {MAX_VOL_SHIFT} points, got {args.VolShift}"]
    if not first > 0:
        problems["PriceFrom"] = [f"expected a price above 0, got {args.PriceFrom}"]
    if not first < last < float("inf"):
        problems["PriceTo"] = [f"expected a price above PriceFrom, got {args.PriceTo}"]
    if problems:
        raise validation(problems)
    return np.linspace(first, last, args.Points, dtype=np.float64)


def _graph(
    args: models.GetRiskGraphArgs, positions: Sequence[Position], view: MarketView, spot: float, prices: FloatArray
) -> models.GetRiskGraphResult:
    held = _held(positions, view, spot, float(args.VolShift))
    days = thirds_to_expiration(held.legs) if args.Days is None else np.array([float(day) for day in args.Days])
    graph = risk_graph(held.legs, spot, prices, days, realized=held.realized)
    known = not held.missing
    curves = [
        models.RiskCurve(
            Days=_rounded(day, 6),
            At=view.now + timedelta(days=day),
            PnL=_values(graph.pnl[place], 2, known=known),
            Delta=_values(graph.delta[place], 4, known=known),
            Gamma=_values(graph.gamma[place], 6, known=known),
            Theta=_values(graph.theta[place], 3, known=known),
            Vega=_values(graph.vega[place], 3, known=known),
            BreakEvens=[_rounded(each, 2) for each in break_evens(prices, graph.pnl[place])] if known else [],
        )
        for place, day in enumerate(days.tolist())
    ]
    return models.GetRiskGraphResult(
        Symbol=view.underlying.underlying.symbol,
        Spot=exact(spot) or Decimal(0),
        At=view.now,
        Prices=[_rounded(price, 4) for price in prices.tolist()],
        Curves=curves,
        SigmaMove=_sigma_move(held.legs, spot),
        MissingLegs=held.missing,
    )


def _held(positions: Sequence[Position], view: MarketView, spot: float, shift: float) -> _Held:
    legs: list[RiskLeg] = []
    missing: list[str] = []
    for position in positions:
        for leg in _open(position):
            bound = bound_leg(leg, view)
            try:
                cost = bound.scale * float(leg.holding.average_price)
                legs.append(risk_leg(bound, view, spot, cost=cost, shift=shift))
            except MissingValueError:
                missing.append(f"{position.live.Name}: {leg.name}")
    return _Held(legs, missing, float(sum(position.realized_pnl for position in positions)))


def _values(row: FloatArray, digits: int, *, known: bool) -> list[Decimal | None]:
    """Return numbers as the wire has them; all null when a leg is missing, for the sum would be that of others."""
    return [_rounded(value, digits) if known and isfinite(value) else None for value in row.tolist()]


def _rounded(value: float, digits: int) -> Decimal:
    return Decimal(f"{value:.{digits}f}")


def break_evens(prices: FloatArray, pnl: FloatArray) -> list[float]:
    """Return the prices at which a curve crosses zero, by lines between its points.

    Parameters
    ----------
    prices, pnl
        (P,) both.
    """
    left, right = pnl[:-1], pnl[1:]
    places = np.flatnonzero(np.isfinite(left) & np.isfinite(right) & ((left < 0) != (right < 0)))
    share = left[places] / (left[places] - right[places])
    return [float(value) for value in prices[places] + share * (prices[places + 1] - prices[places])]


def _sigma_move(legs: Sequence[RiskLeg], spot: float) -> Decimal | None:
    first = min((leg.days for leg in legs), default=0.0)
    nearest = min((leg for leg in legs if leg.days == first), key=lambda leg: abs(leg.strike - spot), default=None)
    if nearest is None or not nearest.volatility > 0 or not nearest.years > 0:
        return None
    return _rounded(spot * nearest.volatility * sqrt(nearest.years), 2)
