"""Position margin on a market view: the variable `pos_margin`, and the margin that positions report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

from mesolive.language.legs import BoundLeg
from mesolive.language.problems import MissingValueError
from mesolive.market.contracts import ExerciseStyle, Right
from mesolive.market.option_classes import MarginRate, margin_rate_of
from mesolive.market.view import MarketView
from mesolive.pricing.margin import MarginModel, MarginRules, pm_like_margin, reg_t_margin
from mesolive.pricing.margin_regt import BROAD_INDEX, EQUITY, NakedRates, RegTLeg
from mesolive.pricing.risk_graph import RiskLeg

NAKED_RATES: Final[Mapping[MarginRate, NakedRates]] = {
    MarginRate.BROAD_INDEX: BROAD_INDEX,
    MarginRate.NARROW_INDEX: EQUITY,
    MarginRate.VOLATILITY_INDEX: EQUITY,
    MarginRate.EQUITY: EQUITY,
    MarginRate.FUTURES: BROAD_INDEX,
}
"""Percentages by the rate of an underlying. Options on futures are margined by SPAN at a broker; the percentages of
indexes stand in for it."""


def margin_of(legs: Iterable[BoundLeg], rules: MarginRules | None, view: MarketView) -> Decimal:
    """Return the margin of the legs of one position, in account currency; marker legs count for nothing.

    Parameters
    ----------
    legs
        Bound to `view`.
    rules
        Those of the position's strategy; `None` when it configures no margin.
    view
        The market of the underlying.

    Raises
    ------
    MissingValueError
        When no margin is calculated, or the underlying or a leg has no value that it needs.
    """
    if rules is None:
        raise MissingValueError("margin is not calculated: the strategy has no Settings.Core.Margin")
    open_legs = [leg for leg in legs if leg.qty]
    if not open_legs:
        return Decimal(0)
    underlying = view.underlying.underlying
    spot = view.underlying.quote.mark
    if spot is None or not spot > 0:
        raise MissingValueError(f"there is no price of {underlying.symbol}")
    if rules.model is MarginModel.PM_LIKE:
        result = pm_like_margin([risk_leg(leg, view, spot) for leg in open_legs], spot, rules)
        if result is None:
            raise MissingValueError("the model has no value for the position")
        return result
    rates = NAKED_RATES[margin_rate_of(underlying.symbol, underlying.kind)]
    return reg_t_margin([_reg_t_leg(leg) for leg in open_legs], _exact(spot), rates, rules)


def _exact(value: float) -> Decimal:
    return Decimal(repr(value))


def _reg_t_leg(leg: BoundLeg) -> RegTLeg:
    return RegTLeg(
        is_call=leg.contract.right is Right.CALL,
        strike=leg.contract.strike,
        expires=leg.expiration.settles_at,
        quantity=_exact(leg.qty),
        price=_exact(leg.value("price")),
        entry=None if leg.entry_price is None else _exact(leg.entry_price),
        multiplier=leg.contract.multiplier,
    )


def risk_leg(leg: BoundLeg, view: MarketView, spot: float, *, cost: float = 0.0, shift: float = 0.0) -> RiskLeg:
    """Return a leg as the option model holds it constant.

    Parameters
    ----------
    leg
        Bound to `view`.
    spot
        Price of the underlying on `view`.
    cost
        Net amount paid for it, in account currency.
    shift
        Points of volatility that are added to its own; the sum is never below a tenth of a point.

    Raises
    ------
    MissingValueError
        When the leg has no value that the model needs.
    """
    chain = leg.listed()
    forward = view.forward(chain.expiration)
    return RiskLeg(
        is_call=leg.contract.right is Right.CALL,
        strike=float(leg.contract.strike),
        quantity=leg.scale,
        cost=cost,
        volatility=max(leg.value("iv") + shift, 0.1) / 100.0 if shift else leg.value("iv") / 100.0,
        years=chain.years(),
        days=leg.value("dte"),
        forward=forward if forward is not None else spot,
        discount=view.discount(chain.expiration),
        may_exercise_early=chain.expiration.style is ExerciseStyle.AMERICAN,
        dividends=tuple(view.dividends(chain.expiration)),
    )
