"""Risk graphs (`GetRiskGraph`): projected PnL and greeks of positions, plans and candidates over prices and time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from math import isfinite, sqrt

import numpy as np
from msgspec import Struct

from mesolive.access.context import UserContext
from mesolive.errors import unavailable, validation
from mesolive.language.legs import BoundLeg
from mesolive.language.margin import risk_leg
from mesolive.language.problems import MissingValueError
from mesolive.market.service import Market
from mesolive.market.view import MarketView
from mesolive.pricing.black import FloatArray
from mesolive.pricing.extremes import Extremes, extremes
from mesolive.pricing.risk_graph import RiskLeg, price_range, risk_graph, thirds_to_expiration
from mesolive.store.database import Database
from mesolive.trading.portfolio.marks import Marks, exact
from mesolive.trading.preparation.graph_holdings import GraphHoldings, read_holdings, symbols_of
from mesolive_sdk import models

MIN_VOL_SHIFT = -100
MAX_VOL_SHIFT = 200
"""Bounds of a shift in points of volatility."""


class _ModelledHoldings(Struct, frozen=True):
    legs: list[RiskLeg]
    missing: list[str]
    realized: float


class RiskGraphs:
    """Answers `GetRiskGraph`.

    Parameters
    ----------
    database
        Where positions and plans are.
    market
        Where quotes, forwards and volatilities come from.
    """

    def __init__(self, database: Database, market: Market) -> None:
        self._database = database
        self._market = market

    async def get(self, user: UserContext, args: models.GetRiskGraphArgs) -> models.GetRiskGraphResult:
        """Return the graph of the sum of positions, a plan and candidates of one underlying.

        Raises
        ------
        ServiceError
            `NotFound` for a position or a plan that the user does not have; `Conflict` for a plan that was executed;
            `ValidationError` when nothing is held, there are several underlyings, or the range of prices is none;
            `ProviderUnavailable` without a price of the underlying.
        """
        holdings = await read_holdings(self._database, self._market, user, args)
        symbols = symbols_of(holdings)
        if len(symbols) != 1:
            raise validation(_choice_error(args, symbols))
        (symbol,) = symbols
        view = Marks(self._market, provider=holdings.provider).view(symbol)
        spot = None if view is None else view.underlying.quote.mark
        if view is None or spot is None or not spot > 0:
            raise unavailable(f"there is no price of {symbol}", code="PriceMissing")
        prices = _checked_prices(args, spot)
        return await asyncio.to_thread(_graph, args, holdings, view, spot, prices)


def _choice_error(args: models.GetRiskGraphArgs, symbols: Sequence[str]) -> dict[str, list[str]]:
    """Return what is wrong with a choice that is not of one underlying."""
    given = ", ".join(symbols) or "none"
    chosen = args.StrategyId is not None or args.BrokerAccountId is not None
    if symbols and chosen:
        return {"Symbol": [f"expected one of the underlyings of this choice, which are {given}"]}
    field = "PositionIds" if not chosen else "BrokerAccountId" if args.StrategyId is None else "StrategyId"
    return {field: [f"expected open positions of one underlying, got {given}"]}


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
    args: models.GetRiskGraphArgs, holdings: GraphHoldings, view: MarketView, spot: float, prices: FloatArray
) -> models.GetRiskGraphResult:
    model = _modelled(holdings, view, spot, float(args.VolShift))
    days = thirds_to_expiration(model.legs) if args.Days is None else np.array([float(day) for day in args.Days])
    graph = risk_graph(model.legs, spot, prices, days, realized=model.realized)
    known = not model.missing
    bounds = extremes(model.legs, spot, realized=model.realized) if known else Extremes(float("nan"), float("nan"))
    pnl, delta, gamma, theta, vega = (
        _values(array, digits, known=known)
        for array, digits in ((graph.pnl, 2), (graph.delta, 4), (graph.gamma, 6), (graph.theta, 3), (graph.vega, 3))
    )
    curves = [
        models.RiskCurve(
            Days=_rounded(day, 6),
            At=view.now + timedelta(days=day),
            PnL=pnl[place],
            Delta=delta[place],
            Gamma=gamma[place],
            Theta=theta[place],
            Vega=vega[place],
            BreakEvens=[_rounded(each, 2) for each in break_evens(prices, graph.pnl[place])] if known else [],
        )
        for place, day in enumerate(days.tolist())
    ]
    return models.GetRiskGraphResult(
        Symbol=view.underlying.underlying.symbol,
        Spot=exact(spot) or Decimal(0),
        At=view.now,
        Prices=_decimals(prices, 4),
        Curves=curves,
        SigmaMove=_sigma_move(model.legs, spot),
        MaxProfit=_money(bounds.profit),
        MaxLoss=_money(bounds.loss),
        UnlimitedProfit=bounds.profit is None,
        UnlimitedLoss=bounds.loss is None,
        MaxProfitEstimated=bounds.estimated,
        PositionIds=holdings.position_ids,
        MissingLegs=model.missing,
    )


def _modelled(holdings: GraphHoldings, view: MarketView, spot: float, shift: float) -> _ModelledHoldings:
    """Return the legs as the model holds them: each contract once, however many positions hold it."""
    legs: list[RiskLeg] = []
    missing: list[str] = []
    realized = float(holdings.realized)
    for contract, holding in holdings.contracts.items():
        chain, index = view.find(contract) or (None, 0)
        bound = BoundLeg(holding.names[0], contract, float(holding.qty), view.now, chain, index)
        try:
            cost = float(holding.cost)
            if holding.traded:
                cost += float(holding.traded * contract.multiplier) * bound.value("price")
            if holding.qty:
                legs.append(risk_leg(bound, view, spot, cost=cost, shift=shift))
            else:
                realized -= cost  # closed by what would be traded: its cost and its proceeds are left
        except MissingValueError:
            missing += holding.names
    return _ModelledHoldings(legs, missing, realized)


def _values(array: FloatArray, digits: int, *, known: bool) -> list[list[Decimal | None]]:
    """Return the rows of (days, prices) numbers as the wire has them, those that are not numbers null.

    All are null when a leg is missing, for the sum would be that of others.
    """
    if not known:
        return [[None] * array.shape[1] for _ in array]
    finite = np.isfinite(array)
    rows: list[list[Decimal | None]] = [list(_decimals(row, digits)) for row in np.where(finite, array, 0.0)]
    for day, price in np.argwhere(~finite).tolist():
        rows[day][price] = None
    return rows


def _decimals(row: FloatArray, digits: int) -> list[Decimal]:
    """Return numbers rounded to digits. A graph has thousands: one format for all takes a third of one for each."""
    return list(map(Decimal, (f"%.{digits}f " * row.size % tuple(row.tolist())).split()))


def _money(value: float | None) -> Decimal | None:
    return None if value is None or not isfinite(value) else _rounded(value, 2)


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
