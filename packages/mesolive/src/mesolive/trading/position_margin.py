"""The margin of positions as they are held now, by the rules of their strategies."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache

from sqlalchemy import select

from mesolive.language import parse_definition
from mesolive.language.problems import DefinitionError
from mesolive.market.chain_view import BookView
from mesolive.market.contracts import Right
from mesolive.market.service import Market, UnknownUnderlyingError
from mesolive.pricing.margin import MarginModel, MarginRules, pm_like_margin, rates_of, reg_t_margin
from mesolive.pricing.margin_regt import RegTLeg
from mesolive.pricing.risk_graph import RiskLeg
from mesolive.store.database import Transaction
from mesolive.store.tables.trading import positions, strategies
from mesolive.trading.marks import exact
from mesolive.trading.positions import Leg

DAY_SECONDS = 86_400.0
ZERO = Decimal(0)
DEFAULT = MarginRules()
"""Strategies that say nothing about margin have Reg-T."""


async def margin_rules(tx: Transaction, position_ids: Iterable[int]) -> dict[int, MarginRules]:
    """Return how the margin of each position is calculated."""
    rows = await tx.all(
        select(positions.c.id, strategies.c.definition)
        .join(strategies, strategies.c.id == positions.c.strategy_id)
        .where(positions.c.id.in_(list(position_ids)))
    )
    return {row.id: rules_of(row.definition) for row in rows}


@lru_cache(maxsize=256)
def rules_of(definition: str) -> MarginRules:
    """Return how a strategy's definition wants margin to be calculated."""
    try:
        return parse_definition(definition.encode()).margin or DEFAULT
    except DefinitionError:
        return DEFAULT  # it was stored by a version that knew less or more


def margin_of_positions(
    legs: Mapping[int, Sequence[Leg]], rules: Mapping[int, MarginRules], market: Market
) -> Decimal | None:
    """Return the sum of the positions' margins; `None` when one of them is not known now.

    Parameters
    ----------
    legs
        What is held, by position.
    """
    total = ZERO
    for position_id, held in legs.items():
        margin = margin_of_legs(held, rules.get(position_id, DEFAULT), market)
        if margin is None:
            return None
        total += margin
    return total


def margin_of_legs(legs: Sequence[Leg], rules: MarginRules, market: Market) -> Decimal | None:
    """Return the margin of one position's legs; `None` when a leg has no price, or no volatility where it needs one."""
    held = [leg for leg in legs if leg.holding.qty != 0]
    if not held:
        return ZERO
    underlying = held[0].traded.contract.underlying
    try:
        view = market.view(underlying)
    except UnknownUnderlyingError:
        return None
    spot = view.underlying.quote.mark
    if spot is None or not spot > 0:
        return None
    if rules.model is MarginModel.PM_LIKE:
        risk = [_risk_leg(leg, view) for leg in held]
        known = [leg for leg in risk if leg is not None]
        return pm_like_margin(known, spot, rules) if len(known) == len(risk) else None
    reg_t = [_reg_t_leg(leg, view) for leg in held]
    known_legs = [leg for leg in reg_t if leg is not None]
    if len(known_legs) != len(reg_t):
        return None
    rates = rates_of(underlying, is_index=view.underlying.underlying.is_index)
    return reg_t_margin(known_legs, Decimal(repr(spot)), rates, rules)


def _reg_t_leg(leg: Leg, view: BookView) -> RegTLeg | None:
    found = view.find(leg.traded.contract)
    price = None if found is None else exact(float(found[0].mark[found[1]]))
    if price is None:
        return None
    contract = leg.traded.contract
    return RegTLeg(
        is_call=contract.right is Right.CALL,
        strike=contract.strike,
        expires=leg.traded.settles_at,
        quantity=leg.holding.qty,
        price=price,
        entry=leg.entry_price,
        multiplier=contract.multiplier,
    )


def _risk_leg(leg: Leg, view: BookView) -> RiskLeg | None:
    found = view.find(leg.traded.contract)
    if found is None:
        return None
    chain, index = found
    forward = view.forward(chain.expiration)
    volatility = float(chain.iv[index])
    if forward is None or math.isnan(volatility):
        return None
    return RiskLeg(
        is_call=leg.traded.contract.right is Right.CALL,
        strike=float(leg.traded.contract.strike),
        quantity=float(leg.holding.qty * leg.holding.multiplier),
        cost=float(leg.holding.cost),
        volatility=volatility,
        years=chain.years(),
        days=(leg.traded.settles_at - view.now).total_seconds() / DAY_SECONDS,
        forward=forward,
        discount=view.discount(chain.expiration),
    )
