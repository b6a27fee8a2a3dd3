"""Risk graphs of positions and contracts, for the Control Hub: curves over prices and days, break-evens, one sigma."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mesolive.access.context import UserContext
from mesolive.errors import unavailable, validation
from mesolive.market.chain_view import BookView
from mesolive.market.contracts import ExerciseStyle, OptionContract, Right
from mesolive.market.service import Market, UnknownContractError, UnknownProviderError, UnknownUnderlyingError
from mesolive.pricing.black import FloatArray
from mesolive.pricing.risk_graph import RiskGraph, RiskLeg, price_range, risk_graph, thirds_to_expiration
from mesolive.trading.portfolio.positions import Positions
from mesolive_sdk import models

DAY_SECONDS = 86_400.0
DAYS_PER_YEAR = 365.0
MAX_POSITIONS = 100
MAX_COMBO = 100
MAX_DAYS_AHEAD = 3660.0


@dataclass(frozen=True, slots=True)
class Held:
    """One contract of a graph: signed quantity, and what it cost in account currency; `None` for its mark now."""

    name: str
    contract: OptionContract
    quantity: float
    cost: float | None


class RiskGraphs:
    """Answers `GetRiskGraph`."""

    def __init__(self, positions: Positions, market: Market) -> None:
        self._positions = positions
        self._market = market

    async def get(self, user: UserContext, args: models.GetRiskGraphArgs) -> models.GetRiskGraphResult:
        """Return the risk graph of positions and contracts.

        Raises
        ------
        ServiceError
            `NotFound` for a position that the user does not have; `ValidationError` for what cannot be drawn;
            `ProviderUnavailable` while the underlying has no price.
        """
        _check(args)
        held: list[Held] = []
        realized = 0.0
        provider: models.DataProviderType | None = None
        for position_id in dict.fromkeys(args.PositionIds or ()):
            position = await self._positions.read(user.user_id, position_id)
            realized += float(position.realized_pnl)
            provider = position.provider
            held += [
                Held(leg.name, leg.traded.contract, float(leg.holding.qty), float(leg.holding.cost))
                for leg in position.open_legs
                if leg.holding.qty != 0
            ]
        try:
            held += [
                Held(f"Combo[{place}]", self._market.resolve(leg.Contract, provider), float(leg.Ratio), None)
                for place, leg in enumerate(args.Combo or ())
            ]
            symbols = {leg.contract.underlying for leg in held}
            if len(symbols) != 1:
                names = ", ".join(sorted(symbols)) or "none"
                raise validation({"PositionIds": [f"expected open legs of one underlying, got {names}"]})
            view = self._market.view(symbols.pop(), provider)
        except (ValueError, UnknownContractError, UnknownUnderlyingError, UnknownProviderError) as error:
            raise validation({"Combo": [f"expected listed contracts: {error}"]}) from None
        return await asyncio.to_thread(_graph, view, held, realized, args)


def _check(args: models.GetRiskGraphArgs) -> None:
    problems: dict[str, list[str]] = {}
    if len(args.PositionIds or ()) > MAX_POSITIONS:
        problems["PositionIds"] = [f"expected at most {MAX_POSITIONS}"]
    if len(args.Combo or ()) > MAX_COMBO:
        problems["Combo"] = [f"expected at most {MAX_COMBO} contracts"]
    if not all(0 <= days <= MAX_DAYS_AHEAD for days in args.DaysForward or ()):
        problems["DaysForward"] = [f"expected 0 to {MAX_DAYS_AHEAD:g} days each"]
    if not -500 <= args.VolShift <= 500:
        problems["VolShift"] = ["expected -500 to 500 points"]
    for name in ("PriceFrom", "PriceTo"):
        price: float | None = getattr(args, name)
        if price is not None and not 0 < price < 1e9:
            problems[name] = [f"expected a price greater than 0, got {price}"]
    if not problems and args.PriceFrom is not None and args.PriceTo is not None and args.PriceFrom >= args.PriceTo:
        problems["PriceTo"] = ["expected more than PriceFrom"]
    if problems:
        raise validation(problems)


def _graph(
    view: BookView, held: Sequence[Held], realized: float, args: models.GetRiskGraphArgs
) -> models.GetRiskGraphResult:
    spot = view.underlying.quote.mark
    symbol = view.underlying.underlying.symbol
    if spot is None or not spot > 0:
        raise unavailable(f"there is no price of {symbol}")
    legs: list[RiskLeg] = []
    problems: list[str] = []
    for item in held:
        leg = _risk_leg(view, item, spot, args.VolShift / 100.0)
        if isinstance(leg, str):
            problems.append(f"{item.name}: {leg}")
        else:
            legs.append(leg)
    usual = price_range(spot, points=args.Points)
    low = float(usual[0]) if args.PriceFrom is None else args.PriceFrom
    high = float(usual[-1]) if args.PriceTo is None else args.PriceTo
    if not low < high:
        raise validation({"PriceTo": [f"expected a range that begins below it, got {low:g} to {high:g}"]})
    prices = np.linspace(low, high, args.Points)
    days = np.array(sorted(args.DaysForward), dtype=np.float64) if args.DaysForward else thirds_to_expiration(legs)
    graph = risk_graph(legs, spot, prices, days, realized=realized)
    last = graph.pnl[-1]
    return models.GetRiskGraphResult(
        At=view.now,
        Symbol=symbol,
        Spot=spot,
        Prices=_numbers(prices),
        Days=_numbers(days),
        PnL=_curves(graph.pnl),
        Delta=_curves(graph.delta),
        Gamma=_curves(graph.gamma),
        Theta=_curves(graph.theta),
        Vega=_curves(graph.vega),
        BreakEvens=[_roots(prices, curve) for curve in graph.pnl],
        MaxProfit=float(last.max()),
        MaxLoss=float(last.min()),
        SigmaMove=_sigma(legs, spot, graph),
        Problems=problems,
    )


def _risk_leg(view: BookView, held: Held, spot: float, shift: float) -> RiskLeg | str:
    """Return a leg as the model holds it constant, or why it has no value."""
    found = view.find(held.contract)
    if found is None:
        return "it is not listed any more"
    chain, index = found
    volatility, mark = float(chain.iv[index]), float(chain.mark[index])
    if not math.isfinite(volatility):
        return "its quotes imply no volatility"
    quantity = held.quantity * float(held.contract.multiplier)
    if held.cost is None and not math.isfinite(mark):
        return "it has no mark"
    forward = view.forward(chain.expiration)
    leg = RiskLeg(
        is_call=held.contract.right is Right.CALL,
        strike=float(held.contract.strike),
        quantity=quantity,
        cost=quantity * mark if held.cost is None else held.cost,
        volatility=volatility,
        years=chain.years(),
        days=max((chain.expiration.settles_at - view.now).total_seconds() / DAY_SECONDS, 0.0),
        forward=spot if forward is None else forward,
        discount=view.discount(chain.expiration),
        may_exercise_early=chain.expiration.style is ExerciseStyle.AMERICAN,
    )
    return replace(leg, volatility=max(volatility + shift, 0.001)) if shift else leg


def _sigma(legs: Sequence[RiskLeg], spot: float, graph: RiskGraph) -> float | None:
    days = float(graph.days[-1])
    if not legs or days <= 0:
        return None
    return spot * float(np.mean([leg.volatility for leg in legs])) * math.sqrt(days / DAYS_PER_YEAR)


def _roots(prices: FloatArray, curve: FloatArray) -> list[float]:
    """Return where a curve changes its sign, between the prices around it in proportion."""
    before, after = curve[:-1], curve[1:]
    places = np.flatnonzero(np.sign(before) * np.sign(after) < 0)
    step = prices[1:] - prices[:-1]
    return [float(prices[at] - before[at] * step[at] / (after[at] - before[at])) for at in places]


def _numbers(values: FloatArray) -> list[float]:
    return [float(value) for value in values]


def _curves(values: FloatArray) -> list[list[float]]:
    return [_numbers(row) for row in values]
